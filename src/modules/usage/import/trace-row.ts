import type { Microseconds } from '../../../database/timestamp.js'

/** One row of a trace of model requests, read and sound. Tokens are counts. */
export interface TraceRow {
  readonly at: Microseconds
  readonly inputTokens: number
  readonly outputTokens: number
  /** Line of the file, counted from 1. */
  readonly line: number
  /** The first 16 bytes of the SHA-256 of the row's content: equal for equal rows only. One character a byte. */
  readonly digest: string
}

/** A row that cannot become an event. */
export interface RejectedRow {
  readonly line: number
  /** A sentence that names the column. */
  readonly reason: string
  /** The row as it stands in the file, cut when it is very long. */
  readonly row: string
}

/** How the rows of one kind of file are read. */
export interface TraceFormat {
  readonly name: string
  readonly description: string
  /** Columns the header must name, in any order. */
  readonly columns: readonly string[]
  /** Reads the fields of a row, given in the order of `columns`; a string is the reason why it is none. */
  readonly parse: (
    fields: readonly string[],
  ) => Pick<TraceRow, 'at' | 'inputTokens' | 'outputTokens'> | string
}
