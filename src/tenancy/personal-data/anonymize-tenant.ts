import { randomUUID } from 'node:crypto'
import type { Queryable } from '../../database/advisory-lock.js'
import { quoted } from '../archive/exported-tables.js'
import { clearing, nothing } from './clear-columns.js'
import { peopleTables, present, type PeopleColumn } from './people-tables.js'
import { anonymousEvents, listed } from './personal-rules.js'
import { repointPeople } from './repoint-people.js'

/**
 * Takes every person out of a tenant's tables, in a transaction without foreign keys: people are numbered, under ids
 * of their own, and everything personal is emptied. Amounts, times, teams and tools stay. Free text about things
 * (names of reports, notes on tools) stays as well.
 */
export async function anonymizeTenant(db: Queryable, schemaName: string): Promise<void> {
  const tables = await peopleTables(db, schemaName)
  const { rows } = await db.query<{ id: string }>(
    `/* people.all */ select id from ${quoted(schemaName)}.users order by created_at, id`,
  )
  await repointPeople(
    db,
    tables,
    rows.map(({ id }) => ({ from: id, to: randomUUID() })),
    { withUsers: true },
  )
  for (const table of tables) {
    const { rule, place } = table
    if (rule.deleteRows === true) {
      await db.query(`/* people.delete_all */ delete from ${place}`)
      continue
    }
    const emptied = [
      ...present(table, listed(rule.mentions)),
      ...emailsToEmpty(table.table, present(table, listed(rule.emails))),
    ]
    const set = [
      clearing(table),
      ...emptied.map((column) => `${quoted(column)} = ${nothing(table.columns[column] as PeopleColumn)}`),
    ].filter((part) => part !== undefined)
    if (set.length > 0) await db.query(`/* people.clear_all */ update ${place} set ${set.join(', ')}`)
  }
  await numberUsers(db, schemaName)
  const events = tables.find(({ table }) => table === anonymousEvents.table)
  if (events !== undefined) {
    const { person, flag, pseudonym } = anonymousEvents
    await db.query(
      `/* people.anonymous_events */ update ${events.place}
       set ${flag} = true, ${pseudonym} = ${person}::text, ${person} = null where ${person} is not null`,
    )
  }
}

/** People get a numbered address; every other address goes. */
function emailsToEmpty(table: string, emails: readonly string[]): readonly string[] {
  return table === 'users' ? [] : emails
}

async function numberUsers(db: Queryable, schemaName: string): Promise<void> {
  await db.query(
    `/* people.number */
     update ${quoted(schemaName)}.users u set email = 'person-' || n.number || '@anonymous.invalid',
       full_name = 'Person ' || n.number, display_name = 'Person ' || n.number
     from (select id, row_number() over (order by created_at, id) as number from ${quoted(schemaName)}.users) n
     where n.id = u.id`,
  )
}
