import { prepareBinaries } from '../../../../src/database/embedded/binaries.js'
import type { BinaryPackage, PostgresBinaries } from '../../../../src/database/embedded/binaries.js'
import { lockDirectory } from '../../../../src/database/embedded/directory-lock.js'
import { startEmbeddedServer } from '../../../../src/database/embedded/embedded-server.js'
import type { EmbeddedServerOptions } from '../../../../src/database/embedded/embedded-server.js'

/** What the program is asked to do, as JSON in its only argument. */
export type Task =
  | { readonly do: 'serve'; readonly options: Omit<EmbeddedServerOptions, 'log'> }
  | { readonly do: 'lock'; readonly directory: string }
  | { readonly do: 'prepare binaries'; readonly source: BinaryPackage; readonly home: string }

/** What it answers, as one line of JSON; `said` holds the log lines. */
export type Answer = { readonly said: readonly string[] } & (
  | { readonly refused: { readonly name: string; readonly message: string } }
  | { readonly server: { readonly port: number; readonly dataDirectory: string; readonly adminUrl: string } }
  | { readonly lock: 'taken' | { readonly heldBy: number } }
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
    const lock = lockDirectory(task.directory)
    if ('heldBy' in lock) return { answer: { said, lock }, undo: async () => undefined }
    return { answer: { said, lock: 'taken' }, undo: async () => lock.release() }
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
