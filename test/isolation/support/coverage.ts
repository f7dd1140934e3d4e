import type pg from 'pg'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import type { Canary } from './canary.js'
import { readTables, type Table } from './catalogue.js'
import { markable } from './markable.js'
import { ownRows } from './scope.js'

/**
 * What of a tenant could be shown to another one without anybody noticing: tables of its schema without a canary,
 * and rows of shared tables that belong to it and carry none. Looks at the database only, not at who put rows there.
 */
export async function missingCanaries(admin: pg.Pool, canary: Canary): Promise<readonly string[]> {
  const own = await readTables(admin, schemaOf(canary.tenant))
  const shared = await readTables(admin, 'public')
  const missing: string[] = []
  for (const { name } of own.values()) {
    const { marked } = await countRows(admin, name, 'true', canary)
    if (marked === 0) missing.push(name)
  }
  for (const table of shared.values()) {
    const scope = ownRows(shared, table.name, canary)
    if (scope !== undefined) missing.push(...(await missingIn(admin, table, scope, canary)))
  }
  return missing
}

async function missingIn(admin: pg.Pool, table: Table, scope: string, canary: Canary): Promise<string[]> {
  const { marked, rows } = await countRows(admin, table.name, scope, canary)
  if (marked === 0) return [table.name]
  const unmarked = rows - marked
  // A row without a place for a mark is recognized by its id, if it was made here.
  return unmarked === 0 || markable(table).length === 0 ? [] : [`${table.name}: ${unmarked} of ${rows} rows`]
}

async function countRows(
  admin: pg.Pool,
  name: string,
  scope: string,
  { marker, tag }: Canary,
): Promise<{ marked: number; rows: number }> {
  const { rows } = await admin.query<{ marked: number; rows: number }>(
    `/* canary.count */ select count(*) as rows,
       count(*) filter (where t::text like $1 or t::text like $2) as marked
     from ${name} t where ${scope}`,
    [`%${marker}%`, `%${tag}%`],
  )
  return rows[0] ?? { marked: 0, rows: 0 }
}
