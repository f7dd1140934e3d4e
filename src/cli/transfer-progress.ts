import type { CommandContext } from './command-context.js'
import { createProgress } from './progress.js'

/** Shows an export or an import while it goes on: each step as a line, the tables as a bar. */
export function transferProgress({ terminal }: CommandContext): {
  readonly onStep: (step: string) => void
  readonly onProgress: (table: string, done: number, total: number) => void
  readonly stop: () => void
} {
  const progress = createProgress(terminal)
  return {
    onStep: (step) => {
      progress.stop()
      terminal.say(`${step} …`)
    },
    onProgress: (_table, done, total) => progress.show('tables', done, total),
    stop: () => progress.stop(),
  }
}
