import { hash } from 'node:crypto'
import { AppError } from '../../../errors.js'
import type { Microseconds } from '../../../database/timestamp.js'
import { CLOCK_TOLERANCE } from '../usage-event-input.js'
import { linesOf } from './lines.js'
import type { RejectedRow, TraceFormat, TraceRow } from './trace-row.js'

/** Characters of a line that are read; no row of a trace comes near it. */
const LONGEST_LINE = 10_000
const LONGEST_QUOTE = 500

/**
 * Reads a CSV file in constant memory, in groups of rows. Throws BAD_USER_INPUT when the file is empty or its
 * header is not the format's; everything wrong with a row only rejects that row.
 *
 * No field of a trace can hold a comma, a quote or a line break, so a line is always a row: a stray quote spoils
 * its own line and not the rest of the file, line numbers are exact, and there is nothing in it that a general CSV
 * parser could do better than splitting, which is four times as fast.
 */
export async function* readTrace(
  source: AsyncIterable<Buffer | string>,
  format: TraceFormat,
  now: Microseconds,
): AsyncGenerator<(TraceRow | RejectedRow)[]> {
  let order: readonly number[] | undefined
  for await (const lines of linesOf(source, LONGEST_LINE)) {
    const rows: (TraceRow | RejectedRow)[] = []
    for (const { number, text } of lines) {
      if (text.trim() === '') continue
      const fields = text.split(',').map(plain)
      if (order === undefined) order = columnOrder(fields, format)
      else rows.push(readRow(fields, order, format, number, now))
    }
    yield rows
  }
  if (order === undefined) throw emptyFile(format)
}

export function isRejected(row: TraceRow | RejectedRow): row is RejectedRow {
  return 'reason' in row
}

/** A field without the blanks and the pair of quotes around it. */
function plain(field: string): string {
  const text = field.trim()
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text
}

function readRow(
  fields: readonly string[],
  order: readonly number[],
  format: TraceFormat,
  line: number,
  now: Microseconds,
): TraceRow | RejectedRow {
  const reject = (reason: string): RejectedRow => ({ line, reason, row: shortened(fields.join(',')) })
  if (fields.length !== order.length) {
    return reject(
      `has ${fields.length} ${fields.length === 1 ? 'column' : 'columns'} instead of ${order.length}`,
    )
  }
  const values = order.map((index) => fields[index] as string)
  const parsed = format.parse(values)
  if (typeof parsed === 'string') return reject(parsed)
  if (parsed.at < 0) return reject(`${format.columns[0]} is before 1970`)
  if (parsed.at > now + CLOCK_TOLERANCE)
    return reject(`${format.columns[0]} is more than one hour in the future`)
  // As a string: millions of little buffers would keep the garbage collector busy.
  const digest = hash('sha256', `${format.name}\n${values.join(',')}`, 'binary').slice(0, 16)
  return { ...parsed, line, digest }
}

/** For each column of the format, its place in the file. */
function columnOrder(header: readonly string[], format: TraceFormat): readonly number[] {
  const found = header.map((name) => name.toLowerCase())
  const order = format.columns.map((name) => found.indexOf(name.toLowerCase()))
  if (order.includes(-1) || header.length !== format.columns.length) {
    throw new AppError(
      'BAD_USER_INPUT',
      `the header is not that of ${format.name}: found ${shortened(header.join(', '))}; expected ` +
        format.columns.join(', '),
      { field: 'header', found: header.slice(0, 50), expected: format.columns },
    )
  }
  return order
}

function emptyFile(format: TraceFormat): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    `the file is empty; expected the header ${format.columns.join(',')} and rows below it`,
    { field: 'file', expected: format.columns },
  )
}

function shortened(text: string): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text
}
