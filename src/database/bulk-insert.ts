import { sql, type RawBuilder } from 'kysely'

/** A value as it stands in a column; bigints of the database are safe integers here. */
export type Cell = string | number | boolean | null

/** One column of a bulk insert: its name and type are constants of ours, never a client's text. */
export interface BulkColumn<Row> {
  readonly name: string
  readonly type: string
  readonly value: (row: Row) => Cell
}

/**
 * `insert into … select … from unnest(…)`: any number of rows in one statement with one array per column.
 * A column that is null in every row is left to its default, one that is the same in every row is sent once;
 * both spare the server most of the text of a batch. Rows keep their order; there must be one at least, and the
 * first column may be null in none.
 *
 * @param tail - what follows the select, for example `on conflict … do nothing`
 */
export function bulkInsert<Row>(
  label: string,
  table: string,
  columns: readonly BulkColumn<Row>[],
  rows: readonly Row[],
  tail: RawBuilder<unknown> = sql``,
): RawBuilder<unknown> {
  const names: RawBuilder<unknown>[] = []
  const selected: RawBuilder<unknown>[] = []
  const arrays: RawBuilder<unknown>[] = []
  for (const { name, type, value } of columns) {
    const first = value(rows[0] as Row)
    const isConstant = rows.every((row) => value(row) === first)
    if (isConstant && first === null) continue
    names.push(sql.raw(name))
    if (isConstant && arrays.length > 0) {
      selected.push(sql`${String(first)}::${sql.raw(type)}`)
    } else {
      arrays.push(sql`${arrayLiteral(rows.map(value), type)}::${sql.raw(type)}[]`)
      selected.push(sql.raw(`u.c${arrays.length}`))
    }
  }
  const aliases = arrays.map((_, index) => `c${index + 1}`).join(', ')
  return sql`
    ${sql.raw(`/* ${label} */`)}
    insert into ${sql.raw(table)} (${sql.join(names)})
    select ${sql.join(selected)} from unnest(${sql.join(arrays)}) as u (${sql.raw(aliases)})
    ${tail}`
}

/** Types whose text form needs no quotes in an array. */
const PLAIN = new Set(['uuid', 'bigint', 'integer', 'numeric', 'timestamptz', 'date', 'boolean'])

const NEEDS_QUOTES = /[^\w.:+-]|^$|^null$/i
const TO_ESCAPE = /["\\]/g

/**
 * An array in Postgres' text form. The driver's own serializer escapes every element; most of ours are numbers,
 * ids and times that need none, and joining them is several times faster.
 */
export function arrayLiteral(cells: readonly Cell[], type: string): string {
  const element = PLAIN.has(type) ? plainElement : textElement
  return `{${cells.map(element).join(',')}}`
}

function plainElement(cell: Cell): string {
  return cell === null ? 'null' : String(cell)
}

function textElement(cell: Cell): string {
  if (typeof cell !== 'string') return plainElement(cell)
  return NEEDS_QUOTES.test(cell) ? `"${cell.replace(TO_ESCAPE, '\\$&')}"` : cell
}
