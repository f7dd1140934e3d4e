import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform, Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'

/** What is known of one file of rows. */
export interface RowsFacts {
  readonly rows: number
  /** Of the lines, before they were compressed. */
  readonly bytes: number
  /** Of the file as it lies on the disk, in hex. */
  readonly sha256: string
}

/** Told how many rows have passed. */
export type OnRows = (rows: number) => void

const COMPRESSION_LEVEL = 4
const LINE_END = 0x0a

/** Writes lines of COPY into a compressed file that is on the disk when this resolves. Refuses to overwrite. */
export async function writeRows(
  path: string,
  lines: Readable,
  onRows: OnRows = () => {},
): Promise<RowsFacts> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const counter = new LineCounter(onRows)
  const digest = new Digest()
  await pipeline(
    lines,
    counter,
    createGzip({ level: COMPRESSION_LEVEL }),
    digest,
    createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
  )
  return { rows: counter.rows, bytes: counter.bytes, sha256: digest.hex() }
}

/** The lines of a file, as they were written. */
export function readRows(path: string): Readable {
  const unzipped = createGunzip()
  const file = createReadStream(path)
  file.on('error', (error) => unzipped.destroy(error))
  return file.pipe(unzipped)
}

/** Reads a file from beginning to end: what it really holds. Rejects when it cannot be read or unpacked. */
export async function inspectRows(path: string, onRows: OnRows = () => {}): Promise<RowsFacts> {
  const counter = new LineCounter(onRows)
  const digest = new Digest()
  await pipeline(createReadStream(path), digest, createGunzip(), counter, nowhere())
  return { rows: counter.rows, bytes: counter.bytes, sha256: digest.hex() }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

/** Counts what passes. A line end within a value is written as `\n` by COPY, so every real one ends a row. */
class LineCounter extends Transform {
  rows = 0
  bytes = 0

  constructor(readonly onRows: OnRows) {
    super()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (e: null, c: Buffer) => void): void {
    this.bytes += chunk.length
    for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, at + 1)) this.rows += 1
    this.onRows(this.rows)
    done(null, chunk)
  }
}

class Digest extends Transform {
  readonly #hash = createHash('sha256')

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (e: null, c: Buffer) => void): void {
    this.#hash.update(chunk)
    done(null, chunk)
  }

  hex(): string {
    return this.#hash.digest('hex')
  }
}
