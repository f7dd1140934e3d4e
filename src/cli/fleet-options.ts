import { InvalidArgumentError, type Command } from 'commander'
import { checkedDuration } from '../entity/duration.js'
import { AppError } from '../errors.js'
import type { FleetRunOptions } from '../fleet/fleet-run.js'
import type { TenantSelection } from '../fleet/fleet-tenants.js'
import { defaultPatience } from '../fleet/step-runner.js'
import { parseShare, type Share } from '../fleet/waves.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import { listOption, millisecondsOption, tenantsOption, wholeNumber } from './options.js'

/** Which tenants a command is about, as it is written on the command line. */
export interface ChoosingOptions {
  readonly only?: readonly TenantId[]
  readonly except?: readonly TenantId[]
  readonly plan?: readonly string[]
  readonly module?: readonly string[]
  readonly skipDormant?: string
}

/** How a run goes through them. */
export interface RunningOptions extends ChoosingOptions {
  readonly concurrency: number
  readonly canary?: Share
  readonly waveSize?: Share
  readonly maxFailures?: number
  readonly maxFailureRate?: number
  readonly failFast?: boolean
  readonly lockTimeout: number
  readonly lockAttempts: number
  readonly statementTimeout?: number
}

/** Adds the options that choose tenants; `--module` among them unless it means something else. */
export function choosing(command: Command, { byModule = true } = {}): Command {
  command
    .option('--only <ids>', 'only these tenants, separated by commas', tenantsOption)
    .option('--except <ids>', 'all tenants but these', tenantsOption)
    .option('--plan <names>', 'only tenants in these plans', listOption)
  if (byModule) command.option('--module <names>', 'only tenants that have one of these modules', listOption)
  return command.option(
    '--skip-dormant <duration>',
    'leave out tenants nobody has used for that long, such as P90D',
    durationText,
  )
}

/** Adds the options of a run: waves, limits, patience. */
export function inWaves(command: Command): Command {
  return helping(command)
    .option(
      '--canary <n|p%>',
      'begin with a few tenants, such as 5%, and go on when all is well',
      shareOption,
    )
    .option('--wave-size <n|p%>', 'tenants in each later wave (all the rest by default)', shareOption)
    .option('--max-failures <n>', 'stop when more tenants than this failed', wholeNumber(0, 1_000_000))
    .option('--max-failure-rate <percent>', 'stop when more than this share of a wave failed', percentOption)
    .option('--fail-fast', 'begin no further tenant after the first failure')
    .option(
      '--lock-timeout <time>',
      'longest wait for a lock in one attempt, such as 500ms or 2s',
      millisecondsOption,
      defaultPatience.lockTimeout,
    )
    .option(
      '--lock-attempts <n>',
      'attempts to get locks, with growing pauses between them',
      wholeNumber(1, 100),
      defaultPatience.attempts,
    )
    .option('--statement-timeout <time>', 'longest a statement may run, such as 5m', millisecondsOption)
}

/** Adds what a runner that joins a run decides for itself. */
export function helping(command: Command): Command {
  return command.option('--concurrency <n>', 'tenants worked on at once', wholeNumber(1, 100), 8)
}

export function selectionOf({ only, except, plan, module, skipDormant }: ChoosingOptions): TenantSelection {
  return { only, except, plans: plan, modules: module, dormantFor: skipDormant }
}

export function runOptions(options: RunningOptions): FleetRunOptions {
  const { concurrency, canary, waveSize, maxFailures, maxFailureRate, failFast } = options
  const { lockTimeout, lockAttempts, statementTimeout } = options
  return {
    ...selectionOf(options),
    ...{ concurrency, canary, waveSize, maxFailures, maxFailureRate, failFast },
    patience: { lockTimeout, attempts: lockAttempts, statementTimeout },
  }
}

export function versionOption(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be the number of a migration, or 0.')
}

/** `usage=8,core=6` */
export function targetsOption(value: string): Record<string, number> {
  const entries = listOption(value).map((part) => {
    const [, module, version] = /^([a-z][a-z0-9_]*)=(\d{1,4})$/.exec(part) ?? []
    if (module === undefined) throw new InvalidArgumentError('It must be a list such as usage=8,core=6.')
    return [module, Number(version)] as const
  })
  if (entries.length > 0) return Object.fromEntries(entries)
  throw new InvalidArgumentError('It must name a module and a version, such as usage=8.')
}

function shareOption(value: string): Share {
  return refused(() => parseShare(value))
}

function durationText(value: string): string {
  return refused(() => checkedDuration(value, 'It'))
}

function percentOption(value: string): number {
  const percent = /^\d{1,3}(\.\d{1,2})?%?$/.test(value) ? Number(value.replace('%', '')) : Number.NaN
  if (percent <= 100) return percent
  throw new InvalidArgumentError('It must be a percentage from 0 to 100.')
}

/** Commander names the option in front of the message. */
function refused<Value>(parse: () => Value): Value {
  try {
    return parse()
  } catch (error) {
    throw error instanceof AppError ? new InvalidArgumentError(error.message) : error
  }
}
