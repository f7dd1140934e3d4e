import pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { AppError } from '../../errors.js'
import {
  excludedTenantColumns,
  excludedTenantTables,
  sharedTableRules,
  unruledTables,
  type ExportedRows,
} from './table-rules.js'

/** A table as an archive holds it. */
export interface ExportedTable {
  readonly schema: 'tenant' | 'public'
  readonly table: string
  readonly columns: readonly string[]
  /** Yields the columns in this order. */
  readonly query: string
}

export interface TableColumns {
  readonly table: string
  readonly columns: readonly string[]
}

/** Tables of a schema with the columns that are stored in them, by name; partitions belong to their table. */
export async function readTableColumns(db: Queryable, schemaName: string): Promise<readonly TableColumns[]> {
  const { rows } = await db.query<TableColumns>(
    `/* archive.tables */
     select c.relname::text as table, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       and a.attgenerated = ''
     where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not c.relispartition
     group by c.relname order by c.relname`,
    [schemaName],
  )
  return rows
}

/**
 * What an archive of a tenant takes, read from the catalogue. Throws INTERNAL_SERVER_ERROR for a table nobody has
 * decided about: what is forgotten would be lost.
 */
export async function exportedTables(
  db: Queryable,
  schemaName: string,
  organizationId: string,
): Promise<readonly ExportedTable[]> {
  const shared = await readTableColumns(db, 'public')
  const unruled = unruledTables(shared.map(({ table }) => table))
  if (unruled.length > 0) {
    throw new AppError(
      'INTERNAL_SERVER_ERROR',
      `No rule says what an archive takes of public.${unruled.join(', public.')}.`,
    )
  }
  const own = (await readTableColumns(db, schemaName)).filter(
    ({ table }) => excludedTenantTables[table] === undefined,
  )
  return [
    ...own.map(({ table, columns }) => ownTable(schemaName, table, columns)),
    ...shared.flatMap(({ table, columns }) => sharedTable(table, columns, organizationId)),
  ]
}

function ownTable(schemaName: string, table: string, stored: readonly string[]): ExportedTable {
  const columns = without(stored, excludedTenantColumns[table])
  return {
    schema: 'tenant',
    table,
    columns,
    query: `select ${columns.map(quoted).join(', ')} from ${quoted(schemaName)}.${quoted(table)}`,
  }
}

function sharedTable(table: string, stored: readonly string[], organizationId: string): ExportedTable[] {
  const rule = sharedTableRules[table] as ExportedRows | { readonly excluded: string }
  if ('excluded' in rule) return []
  const columns = without(stored, rule.without)
  const extra = Object.entries(rule.extra ?? {})
  const selected = [...columns.map((column) => `t.${quoted(column)}`), ...extra.map(([, sql]) => sql)]
  const query = `select ${selected.join(', ')} from public.${quoted(table)} t where ${rule.rows}`
  return [
    {
      schema: 'public',
      table,
      columns: [...columns, ...extra.map(([name]) => name)],
      query: query.replaceAll(':organization', pg.escapeLiteral(organizationId)),
    },
  ]
}

function without(columns: readonly string[], excluded: readonly string[] = []): string[] {
  return columns.filter((column) => !excluded.includes(column))
}

/** An identifier from the catalogue, quoted. */
export function quoted(identifier: string): string {
  return pg.escapeIdentifier(identifier)
}
