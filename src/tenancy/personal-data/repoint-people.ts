import type { Queryable } from '../../database/advisory-lock.js'
import { quoted } from '../archive/exported-tables.js'
import { present, type PeopleTable } from './people-tables.js'
import { listed, personColumns } from './personal-rules.js'

/** One id of a person for another. */
export interface NewId {
  readonly from: string
  readonly to: string
}

/**
 * Replaces ids of people wherever a tenant's tables name them, whether by a foreign key or not. Both rows have to be
 * in `users` where foreign keys are checked. The sums over rows stay what they were.
 */
export async function repointPeople(
  db: Queryable,
  tables: readonly PeopleTable[],
  ids: readonly NewId[],
  { withUsers = false } = {},
): Promise<void> {
  if (ids.length === 0) return
  const pairs = [ids.map(({ from }) => from), ids.map(({ to }) => to)]
  for (const table of tables.filter(({ table: name }) => withUsers || name !== 'users')) {
    for (const column of present(table, personColumns(table.rule))) {
      const name = quoted(column)
      const type = table.columns[column]?.type === 'uuid' ? 'uuid' : 'text'
      await db.query(
        `/* people.repoint */ update ${table.place} t set ${name} = ids.new::${type}
         from unnest($1::text[], $2::text[]) as ids (old, new) where t.${name} = ids.old::${type}`,
        pairs,
      )
    }
    for (const column of present(table, listed(table.rule.among))) {
      const name = quoted(column)
      await db.query(
        `/* people.repoint_lists */ update ${table.place} t set ${name} = array(
           select coalesce(ids.new::uuid, u.id) from unnest(t.${name}) with ordinality u (id, place)
           left join unnest($1::text[], $2::text[]) as ids (old, new) on ids.old::uuid = u.id order by u.place)
         where t.${name} && $1::uuid[]`,
        pairs,
      )
    }
  }
}
