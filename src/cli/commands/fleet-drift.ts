import type { Command } from 'commander'
import { detectDrift } from '../../fleet/drift/detect-drift.js'
import type { DriftFinding, TenantDrift } from '../../fleet/drift/finding.js'
import { plannedSteps, repairTenant, type RepairOutcome } from '../../fleet/drift/repair-tenant.js'
import type { TenantSelection } from '../../fleet/fleet-tenants.js'
import { loadMigrations } from '../../fleet/migration-files.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected, type Connection } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import { counted } from '../format.js'
import { tenantsOption } from '../options.js'

interface DriftOptions extends TenantSelection {
  readonly references?: boolean
  readonly repair?: boolean
  readonly dropExtra?: boolean
  readonly yes?: boolean
}

/** A tenant whose repair failed as a whole, and one whose repair was done. */
type Repaired = RepairOutcome | { readonly tenant: string; readonly error: string }

/** `orgscope fleet drift`: what tenants' schemas, roles and ledgers are and should not be. */
export function addDrift(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const command = fleet
    .command('drift')
    .description('compare every organization’s schema, role and ledger with what its migrations make')
    .option('--only <ids>', 'only these tenants, separated by commas', tenantsOption)
    .option('--except <ids>', 'all tenants but these', tenantsOption)
    .option('--references', 'also count rows that name a tool, model … that is not there; reads whole tables')
    .option('--repair', 'print what puts it right, ask, and do it')
    .option('--drop-extra', 'with --repair: drop extra tables and columns although they hold data')
    .option('--yes', 'with --repair: do not ask')
  define<DriftOptions>(command, invocation, onExit, {
    examples: [
      'orgscope fleet drift',
      'orgscope fleet drift --only acme --json',
      'orgscope fleet drift --only acme --repair',
    ],
    work: (context, options) => connected(context, (connection) => drift(context, connection, options)),
  })
}

async function drift(context: CommandContext, connection: Connection, options: DriftOptions) {
  const { terminal } = context
  const [admin, catalogue] = [connection.admin(), await loadMigrations()]
  const found = await detectDrift(admin, catalogue, options)
  const drifted = found.filter(({ findings }) => findings.length > 0)
  if (options.repair !== true || drifted.length === 0) {
    terminal.result({ tenants: found.length, drift: drifted.map(shownDrift) }, describe(found))
    return drifted.length === 0 ? exitCodes.ok : exitCodes.partial
  }
  await agree(context, drifted, options)
  const repaired: Repaired[] = []
  for (const { tenant, findings } of drifted) {
    const failed = (error: unknown): Repaired => ({ tenant, error: (error as Error).message })
    repaired.push(await repairTenant(admin, tenant, findings, options).catch(failed))
  }
  const after = await detectDrift(admin, catalogue, { only: drifted.map(({ tenant }) => tenant) })
  const remaining = after.filter(({ findings }) => findings.length > 0)
  terminal.result(
    { tenants: found.length, drift: drifted.map(shownDrift), repaired, remaining: remaining.map(shownDrift) },
    [...repaired.map(describeRepaired), describe(after, 'repaired')].join('\n'),
  )
  return remaining.length === 0 ? exitCodes.ok : exitCodes.partial
}

/** Shows every statement before anybody agrees to it. */
async function agree(
  { terminal }: CommandContext,
  drifted: readonly TenantDrift[],
  { yes, dropExtra }: DriftOptions,
): Promise<void> {
  for (const { tenant, findings } of drifted) {
    for (const finding of findings) terminal.say(describeFinding(tenant, finding))
    for (const { statements, guard } of plannedSteps(findings)) {
      const isAsked = guard !== undefined && !(guard.isExtra && dropExtra === true)
      if (isAsked) terminal.say(`  -- left when: ${guard.reason}`)
      for (const statement of statements) terminal.say(`  ${statement};`)
    }
  }
  const ids = drifted.map(({ tenant }) => tenant)
  const loss = dropExtra === true ? ' Extra tables and columns are dropped with what they hold.' : ''
  await confirm(terminal, yes === true, {
    warning: `The schemas of ${ids.join(', ')} will be changed by the statements above.${loss}`,
    word: ids.join(','),
  })
}

function describe(found: readonly TenantDrift[], done?: 'repaired'): string {
  const drifted = found.filter(({ findings }) => findings.length > 0)
  const tenants = counted(found.length, 'tenant')
  if (drifted.length === 0) {
    return `${tenants} ${found.length === 1 ? 'is' : 'are'} as ${found.length === 1 ? 'its' : 'their'} migrations make ${found.length === 1 ? 'it' : 'them'}.`
  }
  const lines = drifted.flatMap(({ tenant, findings }) =>
    findings.map((finding) => describeFinding(tenant, finding)),
  )
  const still = done === undefined ? '' : 'still '
  lines.push(
    `${drifted.length} of ${tenants} ${still}differ${drifted.length === 1 ? 's' : ''} from the migrations.`,
  )
  const repairable = drifted.filter(({ findings }) => findings.some(({ repair }) => repair.length > 0))
  if (done === undefined && repairable.length > 0) {
    const ids = repairable.map(({ tenant }) => tenant)
    lines.push(`Repair with: orgscope fleet drift --only ${ids.join(',')} --repair`)
  }
  return lines.join('\n')
}

function describeFinding(tenant: string, { message, left }: DriftFinding): string {
  return `! ${tenant}: ${message}${left === null ? '' : ` (left as it is: ${left})`}`
}

function describeRepaired(outcome: Repaired): string {
  if ('error' in outcome) return `! ${outcome.tenant}: nothing was changed: ${outcome.error}`
  const { tenant, statements, left } = outcome
  return [
    `${tenant}: ${counted(statements.length, 'statement')} done.`,
    ...left.map(({ message, reason }) => `! ${tenant}: ${message}: left as it is: ${reason}`),
  ].join('\n')
}

function shownDrift({ tenant, fingerprint, findings }: TenantDrift) {
  return {
    tenant,
    fingerprint,
    findings: findings.map(({ about, message, repair, left }) => ({
      ...{ about, message, left },
      statements: repair.flatMap(({ statements }) => statements),
    })),
  }
}
