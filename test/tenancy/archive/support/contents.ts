import type pg from 'pg'
import { excludedTenantColumns, excludedTenantTables } from '../../../../src/tenancy/archive/table-rules.js'
import { readTableColumns } from '../../../../src/tenancy/archive/exported-tables.js'

/** Every row of every table that an archive takes, as sorted text; what an import changes on purpose is left out. */
export async function contentsOf(admin: pg.Pool, schema: string): Promise<Record<string, readonly string[]>> {
  const contents: Record<string, readonly string[]> = {}
  for (const { table } of await readTableColumns(admin, schema)) {
    if (excludedTenantTables[table] !== undefined) continue
    const left = [
      ...(excludedTenantColumns[table] ?? []),
      ...(table === 'webhook_endpoints' ? ['status'] : []),
    ]
    const { rows } = await admin.query<{ row: string }>(
      `select (to_jsonb(t) - $1::text[])::text as row from "${schema}"."${table}" t order by 1`,
      [left],
    )
    contents[table] = rows.map(({ row }) => row)
  }
  return contents
}
