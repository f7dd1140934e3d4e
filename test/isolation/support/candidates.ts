import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Canary } from './canary.js'
import type { Column, Table } from './catalogue.js'

/** An SQL expression without parameters. */
export type Sql = string

/**
 * Columns without a foreign key that name a row elsewhere all the same, so that relations of the API lead somewhere.
 * Tables need no entry here; a column does only when an arbitrary uuid in it would break a path worth walking.
 */
const POINTERS: Readonly<Record<string, string>> = {
  tool_id: '<tenant>.in_house_tools',
  model_id: 'public.llm_models',
  price_id: 'public.llm_model_pricing',
  resource_type_id: 'public.resource_types',
  default_role_id: 'public.default_roles',
  api_key_id: 'public.api_keys',
  user_id: '<tenant>.users',
}

/** Setting these hides the row from every list. */
const NEVER_SET = new Set(['deleted_at'])

/** Where a column without a declared foreign key points to, when it does. */
export function pointerOf(column: Column, schema: string): string | undefined {
  return column.type === 'uuid' ? POINTERS[column.name]?.replace('<tenant>', schema) : undefined
}

export function uuidOf({ tag }: Pick<Canary, 'tag'>): string {
  const digits = randomBytes(10).toString('hex')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${tag}`
}

/**
 * Values a column may take in a tenant's n-th canary row, the one that says most first. Which of them the table's
 * constraints accept is for the database to say.
 */
export function candidatesFor(table: Table, column: Column, canary: Canary, nth: number): readonly Sql[] {
  const { type, required, fallback, name } = column
  const fallbacks = fallback === null ? [] : [fallback]
  const nothing = required ? [] : ['null']
  const values = valuesFor(column, canary, nth)
  if (NEVER_SET.has(name) && !required) return ['null']
  // Every other row leaves its nullable moments empty: a row that has ended or expired hides from some lists.
  const moment = type.startsWith('timestamp')
  if (moment && required) return [...fallbacks, ...values]
  if (moment && nth % 2 === 0) return [...nothing, ...values]
  // A word of a closed list says no more than the default does, and the default hides no row.
  if (type === 'boolean' || isText(type)) {
    const [free, closed] = type === 'boolean' ? [[], values] : [values, listed(table, column)]
    return [...free, ...fallbacks, ...closed, ...nothing]
  }
  return [...values, ...fallbacks, ...nothing]
}

function isText(type: string): boolean {
  return type === 'text' || type.startsWith('character')
}

function valuesFor(column: Column, canary: Canary, nth: number): readonly Sql[] {
  const { type } = column
  if (type.endsWith('[]')) {
    const values = scalarsFor(type.slice(0, -2), canary, nth)
    return values.length === 0 ? [] : [`array[${values[0]}]::${type}`]
  }
  return scalarsFor(type, canary, nth)
}

function scalarsFor(type: string, { marker, tag, number }: Canary, nth: number): readonly Sql[] {
  const word = `${marker}_${nth}`
  const [kind = type] = type.split(/[( ]/)
  switch (kind) {
    case 'text':
      return textValues(word).map(literal)
    case 'character':
      return type.startsWith('character varying') ? textValues(word).map(literal) : [`'USD'`, `'EUR'`]
    case 'json':
    case 'jsonb':
      return [JSON.stringify({ canary: word }), JSON.stringify([word]), JSON.stringify(word)].map(literal)
    case 'bytea':
      return [`convert_to(${literal(word)}, 'UTF8')`]
    case 'uuid':
      return [literal(uuidOf({ tag }))]
    case 'boolean':
      return ['false', 'true']
    case 'smallint':
    case 'integer':
    case 'bigint':
      return [number + nth, nth + 1, 1, 0, 80].map(String)
    case 'numeric':
      return type === kind ? [`${number}.${nth + 1}`, `${nth + 1}`, '0'] : [`${nth + 1}`, '0']
    case 'real':
    case 'double':
      return ['0.5', '1']
    case 'timestamp':
      return [1, 2].map((more) => `now() + interval '${nth + more} day'`).concat(`date_trunc('hour', now())`)
    case 'date':
      return [0, 1, 12].map((ahead) => `(date_trunc('month', now()) + interval '${nth + ahead} month')::date`)
    case 'inet':
      return [literal(`198.51.100.${(nth % 250) + 1}`)]
    default:
      return []
  }
}

/** A free text, or one that looks like an identifier, an e-mail address, an address, where a rule asks for that. */
function textValues(word: string): string[] {
  const hyphens = word.replaceAll('_', '-')
  return [word, hyphens, `spare_${word}`, `${word}@canary.example`, `https://canary.example/${word}`]
}

/** The words a column's CHECK constraints list. */
function listed({ checks }: Table, { name }: Column): readonly Sql[] {
  return checks
    .filter(({ columns }) => columns.includes(name))
    .flatMap(
      ({ expression }) => expression.match(/'(?:[^']|'')*'(?=::(text|bpchar|character varying))/g) ?? [],
    )
}

function literal(value: string): Sql {
  return pg.escapeLiteral(value)
}
