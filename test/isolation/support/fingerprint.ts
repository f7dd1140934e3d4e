import type pg from 'pg'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import type { Canary } from './canary.js'
import { readTables } from './catalogue.js'
import { ownRows } from './scope.js'

/** Hash and number of the rows of every table that holds data of a tenant, by table. */
export type Fingerprint = Readonly<Record<string, string>>

/** Makes fingerprints of tenants' data: two of them differ where something was added, changed or removed. */
export async function fingerprints(
  admin: pg.Pool,
  canaries: readonly Canary[],
): Promise<() => Promise<readonly Fingerprint[]>> {
  const shared = await readTables(admin, 'public')
  const statements = await Promise.all(
    canaries.map(async (canary) => {
      const own = await readTables(admin, schemaOf(canary.tenant))
      const places = [...own.keys()].map((name) => ({ name, scope: 'true' }))
      for (const name of shared.keys()) {
        const scope = ownRows(shared, name, canary)
        if (scope !== undefined) places.push({ name, scope })
      }
      return places
        .map(
          ({ name, scope }) =>
            `select '${name}' as name, count(*) || ' ' || md5(coalesce(string_agg(t::text, '' order by t::text), ''))
               as hash from ${name} t where ${scope}`,
        )
        .join(' union all ')
    }),
  )
  return () =>
    Promise.all(
      statements.map(async (statement) => {
        const { rows } = await admin.query<{ name: string; hash: string }>(
          `/* isolation.hash */ ${statement}`,
        )
        return Object.fromEntries(rows.map(({ name, hash }) => [name, hash]))
      }),
    )
}

/** Everything in a tenant's tables and its shared rows, as text. */
export async function everythingOf(admin: pg.Pool, canary: Canary): Promise<string> {
  const own = await readTables(admin, schemaOf(canary.tenant))
  const statement = [...own.keys()].map((name) => `select t::text as line from ${name} t`).join(' union all ')
  const { rows } = await admin.query<{ line: string }>(`/* isolation.everything */ ${statement}`)
  return rows.map(({ line }) => line).join('\n')
}
