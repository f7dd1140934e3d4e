import type { Queryable } from '../../database/advisory-lock.js'
import { AppError } from '../../errors.js'
import { quoted } from '../archive/exported-tables.js'
import { personalRules, type PersonalRule } from './personal-rules.js'

/** A column as the database describes it. */
export interface PeopleColumn {
  /** As `format_type` writes it. */
  readonly type: string
  readonly required: boolean
  readonly hasDefault: boolean
}

/** A table of one tenant with its rule, and its columns' types. */
export interface PeopleTable {
  readonly table: string
  /** Schema and table, quoted. */
  readonly place: string
  readonly rule: PersonalRule
  readonly columns: Readonly<Record<string, PeopleColumn>>
  /** Columns of the primary key. */
  readonly key: readonly string[]
}

/**
 * The tables of a tenant as they are in its schema, each with its rule. Throws INTERNAL_SERVER_ERROR for a table
 * nobody has decided about: somebody's data would be forgotten in it.
 *
 * @param isForeign - which tables of the schema are none of the tenant's
 */
export async function peopleTables(
  db: Queryable,
  schemaName: string,
  isForeign: (table: string) => boolean = () => false,
): Promise<readonly PeopleTable[]> {
  const { rows: all } = await db.query<Omit<PeopleTable, 'place' | 'rule'>>(
    `/* people.tables */
     select c.relname::text as table,
       (select json_object_agg(a.attname, json_build_object('type', format_type(a.atttypid, a.atttypmod),
          'required', a.attnotnull, 'hasDefault', a.atthasdef)) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select coalesce(array_agg(a.attname::text order by a.attnum), '{}') from pg_index i
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key
     from pg_class c
     where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relname`,
    [schemaName],
  )
  const rows = all.filter(({ table }) => !isForeign(table))
  const unruled = rows.filter(({ table }) => personalRules[table] === undefined)
  if (unruled.length > 0) {
    throw new AppError(
      'INTERNAL_SERVER_ERROR',
      `No rule says what ${unruled.map(({ table }) => table).join(', ')} says about people.`,
    )
  }
  return rows.map((row) => ({
    ...row,
    place: `${quoted(schemaName)}.${quoted(row.table)}`,
    rule: personalRules[row.table] as PersonalRule,
  }))
}

/** Those of a rule's columns that this schema has: one of an older version may lack some. */
export function present({ columns }: PeopleTable, names: readonly string[]): readonly string[] {
  return names.filter((name) => columns[name] !== undefined)
}
