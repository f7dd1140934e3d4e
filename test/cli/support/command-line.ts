import { Readable, Writable } from 'node:stream'
import { run } from '../../../src/cli/run.js'
import type { TestDatabase } from '../../support/database.js'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Somebody at a terminal, who types the answers as they are asked for. */
export class Person extends Readable {
  readonly isTTY = true
  readonly #answers: string[]
  constructor(...answers: readonly string[]) {
    super()
    this.#answers = [...answers]
  }
  override _read(): void {
    const answer = this.#answers.shift()
    this.push(answer === undefined ? null : `${answer}\n`)
  }
}

export interface CommandLine {
  /** Runs one command in this process and tells what it printed. */
  (args: readonly string[], input?: string | Readable | Person): Promise<Outcome>
  /** The same with --json, its result parsed; throws when it failed. */
  json<Value>(...args: readonly string[]): Promise<Value>
}

class Captured extends Writable {
  text = ''
  constructor(readonly isTTY = false) {
    super()
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** A command line with its own environment variables and nothing of this process's. */
export function commandLine(environment: NodeJS.ProcessEnv): CommandLine {
  const call = async (args: readonly string[], input: string | Readable | Person = ''): Promise<Outcome> => {
    const watched = input instanceof Person
    const [stdout, stderr] = [new Captured(watched), new Captured(watched)]
    const stdin = typeof input === 'string' ? Readable.from([input], { objectMode: false }) : input
    const code = await run(args, { streams: { stdin, stdout, stderr }, environment })
    return { code, stdout: stdout.text, stderr: stderr.text }
  }
  const json = async <Value>(...args: readonly string[]): Promise<Value> => {
    const { code, stdout, stderr } = await call([...args, '--json'])
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
    return JSON.parse(stdout) as Value
  }
  return Object.assign(call, { json })
}

/** A command line that works on a test's database. */
export function commandLineOf(
  { adminUrl, gatewayUrl }: TestDatabase,
  dataDirectory = '/nowhere',
): CommandLine {
  return commandLine({
    DATABASE_URL: gatewayUrl,
    ADMIN_DATABASE_URL: adminUrl,
    ORGSCOPE_DATA_DIR: dataDirectory,
  })
}
