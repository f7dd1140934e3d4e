import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import type { Failure } from './failure.js'

/** The streams a command talks through; a test brings its own. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Writable & { readonly isTTY?: boolean | undefined }
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined }
}

/**
 * How a command speaks: its result goes to standard output, as text or as one JSON document, and nothing else does;
 * everything said on the way goes to standard error.
 */
export class Terminal {
  readonly streams: Streams
  readonly json: boolean

  constructor(streams: Streams, json: boolean) {
    this.streams = streams
    this.json = json
  }

  /** The result: `value` with --json, otherwise the text. */
  result(value: unknown, text: string): void {
    this.streams.stdout.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : withNewline(text))
  }

  /** With --json, one of many results: a line of its own. */
  line(value: unknown): void {
    if (this.json) this.streams.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** A remark for people; left out with --json. */
  say(line: string): void {
    if (!this.json) this.streams.stderr.write(withNewline(line))
  }

  fail({ code, message, details, exitCode }: Failure): void {
    const text = this.json
      ? JSON.stringify({ error: { code, message, exitCode, ...details } })
      : `orgscope: ${message}`
    this.streams.stderr.write(withNewline(text))
  }

  /** Whether a person watches what is said on the way. */
  get isWatched(): boolean {
    return this.streams.stderr.isTTY === true && !this.json
  }

  /** Asks a question of a person; undefined when nobody is there to answer. */
  async ask(question: string): Promise<string | undefined> {
    const { stdin, stderr } = this.streams
    if (stdin.isTTY !== true) return undefined
    const lines = createInterface({ input: stdin, output: stderr })
    try {
      return await lines.question(question)
    } finally {
      lines.close()
    }
  }
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
