import { exitCodes } from './exit-codes.js'
import { CliError } from './failure.js'
import type { Terminal } from './terminal.js'

/**
 * Lets a person type a word again before something is destroyed; `--yes` stands for it where nobody can be asked.
 * Throws when the answer is another one.
 */
export async function confirm(
  terminal: Terminal,
  yes: boolean,
  { warning, word }: { readonly warning: string; readonly word: string },
): Promise<void> {
  if (yes) return
  terminal.say(warning)
  const answer = await terminal.ask(`Type ${word} to go on: `)
  if (answer?.trim() === word) return
  const reason =
    answer === undefined
      ? `${warning} Nobody is here to confirm it. Give --yes to go on without asking.`
      : `${JSON.stringify(answer.trim())} is not ${word}; nothing was done.`
  throw new CliError(reason, exitCodes.usage)
}
