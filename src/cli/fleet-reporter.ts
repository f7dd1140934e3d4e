import type { OnFleetProgress } from '../fleet/progress.js'
import { counted } from './format.js'
import { createProgress } from './progress.js'
import type { Terminal } from './terminal.js'

/** Shows a fleet run while it goes on: a bar over the tenants, and a line for each retry and failure. */
export function fleetReporter(terminal: Terminal): {
  readonly report: OnFleetProgress
  readonly stop: () => void
} {
  const progress = createProgress(terminal)
  let tenants = 0
  const report: OnFleetProgress = (event) => {
    switch (event.type) {
      case 'planned':
        tenants = event.tenants
        if (event.run !== undefined) {
          const joining = event.joined === true ? ', which is going on already' : ''
          terminal.say(
            `Run ${event.run}${joining}: ${counted(event.tenants, 'tenant')}, ${event.concurrency} at once`,
          )
        }
        break
      case 'wave':
        if (event.waves > 1) terminal.say(`Wave ${event.wave + 1} of ${event.waves}`)
        break
      case 'stopped':
        progress.stop()
        terminal.say(`! The run stops: ${event.reason}`)
        break
      case 'tenant':
        progress.show('tenants', event.finished, tenants)
        break
      case 'retrying':
        terminal.say(
          `  ${event.tenant ?? event.schemaName}: ${event.module} ${event.migration}: ${event.reason}; ` +
            `attempt ${event.attempt} failed, trying again in ${event.waitMilliseconds} ms`,
        )
        break
      case 'failed':
        progress.stop()
        terminal.say(
          `! ${event.tenant ?? event.schemaName}: ${event.module} ${event.migration}: ${event.reason}`,
        )
        break
      case 'done':
        break
    }
  }
  return { report, stop: () => progress.stop() }
}
