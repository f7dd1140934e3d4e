import { quoted } from '../archive/exported-tables.js'
import { present, type PeopleColumn, type PeopleTable } from './people-tables.js'
import { listed } from './personal-rules.js'

/** Stands where something personal was and a text has to be. */
export const ERASED = 'erased'

/** `column = nothing` for each of a table's columns that hold personal data, secrets included; undefined for none. */
export function clearing(table: PeopleTable): string | undefined {
  const { rule } = table
  const columns = present(table, [rule.personal, rule.secret].flatMap(listed))
  const set = columns.map((column) => `${quoted(column)} = ${nothing(table.columns[column] as PeopleColumn)}`)
  return set.length === 0 ? undefined : set.join(', ')
}

/** What a column holds that says nothing. */
export function nothing({ type, required, hasDefault }: PeopleColumn): string {
  if (!required) return 'null'
  if (hasDefault) return 'default'
  if (type === 'jsonb') return `'{}'`
  if (type.endsWith('[]')) return `'{}'`
  return `'${ERASED}'`
}
