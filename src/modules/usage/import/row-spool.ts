import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { TraceRow } from './trace-row.js'

/** A row whose place among the rows equal to it is known: 0 for the first. */
export interface SpooledRow extends TraceRow {
  readonly ordinal: number
}

// Layout of a row: four doubles, the digest, the ordinal.
const AT = 0
const INPUT = 8
const OUTPUT = 16
const LINE = 24
const DIGEST = 32
const ORDINAL = 48
const ROW = 52
const BUFFERED = 20_000

/**
 * The sound rows of a file on disk, in their order, 52 bytes each. A file is read only once, so that it may come
 * through a pipe, but which of its rows are repeats is known only at its end; the rows wait here meanwhile.
 */
export class RowSpool {
  readonly #file: number
  readonly #buffer = Buffer.alloc(ROW * BUFFERED)
  #buffered = 0
  #rows = 0

  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600)
  }

  get rows(): number {
    return this.#rows
  }

  append(row: TraceRow): void {
    const offset = this.#buffered * ROW
    this.#buffer.writeDoubleLE(row.at, offset + AT)
    this.#buffer.writeDoubleLE(row.inputTokens, offset + INPUT)
    this.#buffer.writeDoubleLE(row.outputTokens, offset + OUTPUT)
    this.#buffer.writeDoubleLE(row.line, offset + LINE)
    this.#buffer.write(row.digest, offset + DIGEST, 16, 'latin1')
    this.#rows++
    if (++this.#buffered === BUFFERED) this.flush()
  }

  /** Must be called between the last `append` and the first `setOrdinal`. */
  flush(): void {
    writeSync(this.#file, this.#buffer, 0, this.#buffered * ROW)
    this.#buffered = 0
  }

  setOrdinal(row: number, ordinal: number): void {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32LE(ordinal)
    writeSync(this.#file, bytes, 0, 4, row * ROW + ORDINAL)
  }

  /** The rows again, `size` at a time. */
  *batches(size: number): Generator<SpooledRow[]> {
    for (let row = 0; row < this.#rows; row += size) {
      const count = Math.min(size, this.#rows - row)
      const bytes = Buffer.allocUnsafe(count * ROW)
      let filled = 0
      while (filled < bytes.length) {
        filled += readSync(this.#file, bytes, filled, bytes.length - filled, row * ROW + filled)
      }
      yield Array.from({ length: count }, (_, index) => rowAt(bytes, index * ROW))
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

function rowAt(bytes: Buffer, offset: number): SpooledRow {
  return {
    at: bytes.readDoubleLE(offset + AT),
    inputTokens: bytes.readDoubleLE(offset + INPUT),
    outputTokens: bytes.readDoubleLE(offset + OUTPUT),
    line: bytes.readDoubleLE(offset + LINE),
    digest: bytes.toString('latin1', offset + DIGEST, offset + DIGEST + 16),
    ordinal: bytes.readUInt32LE(offset + ORDINAL),
  }
}
