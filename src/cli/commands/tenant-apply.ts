import type pg from 'pg'
import type { Command } from 'commander'
import { AppError } from '../../errors.js'
import { loadMigrations } from '../../fleet/migration-files.js'
import { applyManifest, type AppliedManifest } from '../../tenancy/apply-manifest.js'
import type { TenantManifest } from '../../tenancy/tenant-manifest.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { loadDemoData } from '../demo/load-demo-data.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { describeFailure } from '../failure.js'
import { counted, listed } from '../format.js'
import type { Terminal } from '../terminal.js'

interface Applied {
  readonly tenant: string
  readonly file: string
  readonly steps: readonly string[]
  readonly modules: readonly string[]
  /** The plan it had before, when that has changed. */
  readonly formerPlan: string | undefined
  readonly plan: string
  readonly enabled: readonly string[]
  /** Modules it may not use any more; their data is kept. */
  readonly disabled: readonly string[]
  readonly unavailable: readonly string[]
  readonly people: number
  readonly teamMemberships: number
  /** Demo usage events that were new. */
  readonly demoEvents: number
}

interface Refused {
  readonly tenant: string
  readonly file: string
  readonly error: string
}

/** `orgscope tenant apply`: makes what manifests describe. */
export function addTenantApply(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('apply')
    .description('make the organizations that manifests (YAML) describe, with their people and teams')
    .argument('<path...>', 'manifest files, or folders of them')
    .option('--demo-data', 'load the demo data that a manifest names')
  define<{ demoData?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant apply tenants/', 'orgscope tenant apply tenants/acme.yaml --demo-data'],
    work: async (context, { demoData }, paths) => {
      // Loaded when it is needed: it brings a reader of YAML.
      const { loadManifests } = await import('../../tenancy/tenant-manifest.js')
      const manifests = await loadManifests(paths)
      const outcomes = await connected(context, async (connection) => {
        const gateway = demoData === true ? connection.gateway() : undefined
        return applyAll(connection.admin(), gateway, manifests, context.terminal)
      })
      const applied = outcomes.filter((outcome): outcome is Applied => !('error' in outcome))
      const failed = outcomes.filter((outcome): outcome is Refused => 'error' in outcome)
      context.terminal.result({ applied, failed }, outcomes.map(line).join('\n'))
      return exitCodeOf(applied.length, failed.length)
    },
  })
}

function exitCodeOf(applied: number, failed: number): ExitCode {
  if (failed === 0) return exitCodes.ok
  return applied === 0 ? exitCodes.failed : exitCodes.partial
}

/** One after another: a manifest that fails stops nobody else. A database that is away stops all. */
async function applyAll(
  admin: pg.Pool,
  gateway: pg.Pool | undefined,
  manifests: readonly TenantManifest[],
  terminal: Terminal,
): Promise<(Applied | Refused)[]> {
  const migrations = await loadMigrations()
  const outcomes: (Applied | Refused)[] = []
  for (const manifest of manifests) {
    try {
      const outcome = await applyManifest(admin, manifest, { migrations })
      const demoEvents = gateway === undefined ? 0 : await loadDemoData(gateway, manifest, outcome.tenant)
      outcomes.push(appliedOf(manifest, outcome, demoEvents))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      outcomes.push({ tenant: manifest.id, file: manifest.file, error: describeFailure(error).message })
    }
    if (terminal.isWatched) terminal.say(`${outcomes.length}/${manifests.length} ${manifest.id}`)
  }
  return outcomes
}

function appliedOf(
  { id, file }: TenantManifest,
  { steps, tenant, unavailable, people, teamMemberships, formerPlan, enabled, disabled }: AppliedManifest,
  demoEvents: number,
): Applied {
  return {
    tenant: id,
    file,
    steps,
    modules: tenant.modules.filter((module) => tenant.entitledModules.includes(module)),
    formerPlan,
    plan: tenant.plan,
    enabled,
    disabled,
    unavailable,
    people,
    teamMemberships,
    demoEvents,
  }
}

function line(outcome: Applied | Refused): string {
  if ('error' in outcome) return `! ${outcome.tenant}: ${outcome.error} (${outcome.file})`
  const { tenant, steps, people, teamMemberships, demoEvents, modules, formerPlan, plan } = outcome
  const { enabled, disabled } = outcome
  const news = [
    ...(steps.length > 0 && !steps.includes('modules') ? ['created'] : []),
    ...(formerPlan === undefined ? [] : [`plan ${formerPlan} → ${plan}`]),
    ...(enabled.length === 0 ? [] : [`enabled ${enabled.join(', ')}`]),
    ...(steps.includes('modules') ? ['tables added'] : []),
    ...(disabled.length === 0 ? [] : [`disabled ${disabled.join(', ')} (data kept)`]),
    ...(people === 0 ? [] : [counted(people, 'person', 'people')]),
    ...(teamMemberships === 0 ? [] : [counted(teamMemberships, 'team membership')]),
    ...(demoEvents === 0 ? [] : [counted(demoEvents, 'demo event')]),
  ]
  return `${tenant}: ${news.length === 0 ? 'nothing to do' : news.join(', ')} (modules: ${listed(modules)})`
}
