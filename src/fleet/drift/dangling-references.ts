import type pg from 'pg'
import { ownerTransaction } from '../../database/owner-transaction.js'
import { schemaOf, type TenantId } from '../../tenancy/tenant-id.js'
import { forEachBounded } from '../bounded.js'
import type { DriftFinding } from './finding.js'

/** Columns that name a row of the shared catalogues without a foreign key, by name, and the table they mean. */
const CATALOGUES: Readonly<Record<string, string>> = {
  tool_id: 'tool_catalog',
  model_id: 'llm_models',
  provider_id: 'llm_providers',
  default_role_id: 'default_roles',
  resource_type_id: 'resource_types',
  framework_id: 'compliance_frameworks',
}

/** Tables of a tenant whose rows stand beside those of a catalogue, by the catalogue's name. */
const OWN_TABLES: Readonly<Record<string, string>> = { tool_catalog: 'in_house_tools' }

const AT_ONCE = 4

/**
 * Counts rows that name a row that neither the catalogue nor the tenant's own table beside it has. It reads whole
 * tables of every tenant, one statement for each column, so it is only done when asked for.
 */
export async function danglingReferences(
  admin: pg.Pool,
  tenants: readonly TenantId[],
): Promise<Map<TenantId, DriftFinding[]>> {
  const columns = await readColumns(admin, tenants)
  const found = new Map<TenantId, DriftFinding[]>()
  const concurrency = Math.max(1, Math.min(AT_ONCE, admin.options.max - 1))
  await forEachBounded(tenants, concurrency, async (tenant) => {
    found.set(tenant, await countDangling(admin, tenant, columns.get(schemaOf(tenant)) ?? []))
  })
  return found
}

interface ReferenceColumn {
  readonly schema: string
  readonly table: string
  readonly column: string
}

/** The columns of such a name that the schemas have, those with a foreign key of their own left out. */
async function readColumns(
  admin: pg.Pool,
  tenants: readonly TenantId[],
): Promise<Map<string, ReferenceColumn[]>> {
  const { rows } = await admin.query<ReferenceColumn>(
    `/* drift.reference_columns */
     select n.nspname::text as schema, c.relname::text as table, a.attname::text as column
     from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p') and not c.relispartition
     join pg_attribute a on a.attrelid = c.oid and a.attname = any($2) and a.atttypid = 'uuid'::regtype
     where n.nspname = any($1) and not exists (
       select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey)
     ) order by 1, 2, 3`,
    [tenants.map(schemaOf), Object.keys(CATALOGUES)],
  )
  const bySchema = new Map<string, ReferenceColumn[]>()
  for (const row of rows) bySchema.set(row.schema, [...(bySchema.get(row.schema) ?? []), row])
  return bySchema
}

async function countDangling(
  admin: pg.Pool,
  tenant: TenantId,
  columns: readonly ReferenceColumn[],
): Promise<DriftFinding[]> {
  return ownerTransaction(admin, async (db) => {
    const findings: DriftFinding[] = []
    for (const { table, column } of columns) {
      const catalogue = CATALOGUES[column]!
      const named = `${schemaOf(tenant)}.${db.escapeIdentifier(table)}`
      const places = await placesOf(db, tenant, catalogue)
      const isThere = places.map((place) => `exists (select from ${place} c where c.id = t.${column})`)
      const { rows } = await db.query<{ rows: number }>(
        `/* drift.dangling */ select count(*) as rows from ${named} t
         where t.${column} is not null and not (${isThere.join(' or ')})`,
      )
      const count = rows[0]!.rows
      if (count === 0) continue
      findings.push({
        about: 'references',
        message: `${count} row${count === 1 ? '' : 's'} of ${table} name${count === 1 ? 's' : ''} a ${column} that ${lackedBy(places)}`,
        repair: [],
        left: 'which row was meant is for somebody to decide',
      })
    }
    return findings
  })
}

/** Tables where a row that is named may be. A damaged schema may have lost its own one, which is told as such. */
async function placesOf(db: pg.PoolClient, tenant: TenantId, catalogue: string): Promise<string[]> {
  const own = OWN_TABLES[catalogue]
  if (own === undefined) return [`public.${catalogue}`]
  const place = `${schemaOf(tenant)}.${own}`
  const { rows } = await db.query<{ exists: boolean }>(
    '/* drift.own_table */ select to_regclass($1) is not null as exists',
    [place],
  )
  return rows[0]!.exists ? [`public.${catalogue}`, place] : [`public.${catalogue}`]
}

function lackedBy(places: readonly string[]): string {
  return places.length === 1 ? `${places[0]} does not have` : `neither ${places.join(' nor ')} has`
}
