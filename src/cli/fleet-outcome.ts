import type { RunOutcome } from '../fleet/fleet-run.js'
import type { OnFleetProgress } from '../fleet/progress.js'
import type { FleetFailure } from '../fleet/runner.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { fleetReporter } from './fleet-reporter.js'
import { counted } from './format.js'
import { untilStopped } from './stop-signals.js'
import type { Terminal } from './terminal.js'

/** Works while progress is shown; a signal ends the work in order, a second one at once. */
export async function withReporter<Result>(
  terminal: Terminal,
  work: (running: { readonly onProgress: OnFleetProgress; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<Result> {
  const reporter = fleetReporter(terminal)
  const stopped = untilStopped()
  const stopping = new AbortController()
  void stopped.signal.then((name) => {
    terminal.say(`Stopping (${name}): what was begun is finished.`)
    stopping.abort()
  })
  try {
    return await work({ onProgress: reporter.report, signal: stopping.signal })
  } finally {
    reporter.stop()
    stopped.release()
  }
}

/** The end of a run in words. */
export function describeOutcome(
  { run, status, stopped, steps, tenants, failures, untouched, skipped }: RunOutcome,
  words: { readonly done: string; readonly nothing: string },
): string {
  const lines = [
    steps === 0 && failures.length === 0 && stopped === undefined
      ? words.nothing
      : `${words.done} ${counted(steps, 'step')}; ${counted(tenants, 'tenant')} had something to do.`,
    ...failures.map(describeFailure),
  ]
  if (skipped.length > 0) lines.push(`Left out: ${abridged(skipped)}.`)
  if (stopped !== undefined) lines.push(`The run stopped: ${stopped}.`)
  if (untouched.length > 0) lines.push(`Not tried: ${abridged(untouched)}.`)
  if (run !== undefined && (status === 'failed' || status === 'paused')) {
    lines.push(`Go on with: orgscope fleet resume ${run}`)
  }
  return lines.join('\n')
}

/** There may be ten thousand of them; the run's record names all. */
function abridged(tenants: readonly string[]): string {
  const shown = tenants.slice(0, 20).join(', ')
  return tenants.length <= 20 ? shown : `${shown} and ${tenants.length - 20} more`
}

function describeFailure({ tenant, schemaName, module, migration, reason, heldBy }: FleetFailure): string {
  const held = heldBy === undefined || reason.includes(`pid ${heldBy}`) ? '' : ` (held by pid ${heldBy})`
  return `! ${tenant ?? schemaName}: ${module} ${migration}: ${reason}${held}`
}

/** 0 when all is done, 3 when a part is, 1 when nothing could be. */
export function exitCodeOf({ failures, tenants, stopped }: RunOutcome): ExitCode {
  if (failures.length === 0) return stopped === undefined ? exitCodes.ok : exitCodes.partial
  const failed = new Set(failures.map(({ schemaName }) => schemaName)).size
  return failed >= tenants || failures.some(({ tenant }) => tenant === undefined)
    ? exitCodes.failed
    : exitCodes.partial
}
