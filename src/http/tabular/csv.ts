/** A column of a table: where its values stand in a row, and whether they are texts. */
export interface TableColumn {
  /** Response names from the row down to the value. */
  readonly path: readonly string[]
  /** False for numbers and yes or no, which no spreadsheet takes for formulas. */
  readonly isText: boolean
}

/** Heading of a column: `user.department`. */
export function headingOf({ path }: TableColumn): string {
  return path.join('.')
}

/**
 * A line of CSV by RFC 4180, its line break included. A missing value is an empty field, an empty text is `""`.
 * Spreadsheets run what begins like a formula, so such texts get an apostrophe ahead
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvLine(cells: readonly { readonly value: unknown; readonly isText: boolean }[]): string {
  return `${cells.map(({ value, isText }) => csvCell(value, isText)).join(',')}\r\n`
}

/** The heading line of a table. */
export function csvHeading(columns: readonly TableColumn[]): string {
  return csvLine(columns.map((column) => ({ value: headingOf(column), isText: true })))
}

/** A row as a line. */
export function csvRow(columns: readonly TableColumn[], row: unknown): string {
  return csvLine(columns.map(({ path, isText }) => ({ value: valueAt(row, path), isText })))
}

const FORMULA = /^[=+\-@\t\r\n]/
const SPECIAL = /[",\r\n]/

function csvCell(value: unknown, isText: boolean): string {
  if (value === null || value === undefined) return ''
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const safe = isText && FORMULA.test(plain) ? `'${plain}` : plain
  return safe === '' || SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function valueAt(row: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      value === null || value === undefined ? null : (value as Record<string, unknown>)[name],
    row,
  )
}
