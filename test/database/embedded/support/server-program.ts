import { prepareBinaries } from '../../../../src/database/embedded/binaries.js'
import type { BinaryPackage, PostgresBinaries } from '../../../../src/database/embedded/binaries.js'
import { lockDirectory } from '../../../../src/database/embedded/directory-lock.js'
import { startEmbeddedServer } from '../../../../src/database/embedded/embedded-server.js'
import type { EmbeddedServerOptions } from '../../../../src/database/embedded/embedded-server.js'

/** What the program is asked to do, as JSON in its only argument; `at` is a moment as of Date.now(). */
export type Task =
  | { readonly do: 'serve'; readonly options: Omit<EmbeddedServerOptions, 'log'> }
  | { readonly do: 'lock'; readonly directories: readonly string[]; readonly at?: number }
  | { readonly do: 'prepare binaries'; readonly source: BinaryPackage; readonly home: string }

/** What it answers, as one line of JSON; `said` holds the log lines. */
export type Answer = { readonly said: readonly string[] } & (
  | { readonly refused: { readonly name: string; readonly message: string } }
  | { readonly server: { readonly port: number; readonly dataDirectory: string; readonly adminUrl: string } }
  | { readonly locks: readonly ('taken' | { readonly heldBy: number })[] }
  | { readonly binaries: PostgresBinaries }
)

const said: string[] = []

async function perform(task: Task): Promise<{ answer: Answer; undo: () => Promise<void> }> {
  const log = (line: string) => void said.push(line)
  if (task.do === 'serve') {
    const { stop, ...server } = await startEmbeddedServer({ ...task.options, log })
    return { answer: { said, server }, undo: stop }
  }
  if (task.do === 'lock') {
    // Spinning instead of sleeping: candidates that wait for the same moment are to meet in the same microseconds.
    while (Date.now() < (task.at ?? 0));
    const locks = task.directories.map((directory) => lockDirectory(directory))
    const undo = async () => locks.forEach((lock) => 'release' in lock && lock.release())
    return { answer: { said, locks: locks.map((lock) => ('heldBy' in lock ? lock : 'taken')) }, undo }
  }
  const binaries = prepareBinaries(task.source, undefined, task.home, log)
  return { answer: { said, binaries }, undo: async () => undefined }
}

/** Answers, waits for the end of standard input, and undoes what was done. */
async function main(): Promise<void> {
  const { answer, undo } = await perform(JSON.parse(process.argv[2] ?? '') as Task)
  console.log(JSON.stringify(answer))
  for await (const chunk of process.stdin) void chunk
  await undo()
}

main().catch((error: Error) => {
  console.log(JSON.stringify({ said, refused: { name: error.name, message: error.message } }))
  process.exitCode = 1
})
