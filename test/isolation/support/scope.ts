import pg from 'pg'
import type { Canary } from './canary.js'
import type { Table } from './catalogue.js'

const ORGANIZATIONS = 'public.organizations'
/** The table of accounts, which belong to whatever organizations they have memberships in. */
export const IDENTITIES = 'public.identities'

/**
 * Which rows of a shared table belong to a tenant, as SQL on the table, or undefined for a table whose rows belong to
 * nobody. Read from the catalogue: the table says so by a column `organization_id` or `identity_id`, or by a
 * required foreign key to a table that does.
 */
export function ownRows(
  tables: ReadonlyMap<string, Table>,
  name: string,
  canary: Canary,
): string | undefined {
  return predicate(tables, name, canary, [])
}

function predicate(
  tables: ReadonlyMap<string, Table>,
  name: string,
  canary: Canary,
  path: readonly string[],
): string | undefined {
  const organization = pg.escapeLiteral(canary.organizationId)
  const people = `select m.identity_id from public.memberships m where m.organization_id = ${organization}`
  // Whatever is made for a tenant carries its tag, so also an identity that has no membership yet.
  const persons = (column: string): string =>
    `(${column} in (${people}) or ${column}::text like '%${canary.tag}')`
  if (name === ORGANIZATIONS) return `id = ${organization}`
  if (name === IDENTITIES) return persons('id')
  const table = tables.get(name)
  if (table === undefined || path.includes(name)) return undefined
  const has = (column: string): boolean => table.columns.some((each) => each.name === column)
  const conditions = [
    ...(has('organization_id') ? [`organization_id = ${organization}`] : []),
    ...(has('identity_id') ? [persons('identity_id')] : []),
  ]
  if (conditions.length > 0) return conditions.join(' or ')
  for (const { columns, target, targetColumns } of table.foreignKeys) {
    const isRequired = columns.every(
      (column) => table.columns.find(({ name: of }) => of === column)?.required,
    )
    const parent = isRequired ? predicate(tables, target, canary, [...path, name]) : undefined
    if (parent === undefined) continue
    return `(${columns.join(', ')}) in (select ${targetColumns.join(', ')} from ${target} where ${parent})`
  }
  return undefined
}

/** Shared tables with rows that belong to tenants. */
export function scopedTables(tables: ReadonlyMap<string, Table>, canary: Canary): readonly string[] {
  return [...tables.keys()].filter((name) => ownRows(tables, name, canary) !== undefined)
}
