import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { retryCatalogueConflicts } from '../../database/catalogue-retry.js'
import { ownerRole, withClient } from '../../database/owner-transaction.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import type { Migration, MigrationCatalogue } from '../migration-files.js'
import { scriptIn, searchPath, targetOf, type MigrationTarget } from '../migration-message.js'
import { readObjects, type CatalogueObject } from './catalogue-objects.js'
import { fingerprintsIn, type Fingerprint } from './fingerprint.js'

/** What a schema with certain steps looks like when nobody but the runner has touched it. */
export interface ExpectedCatalogue {
  readonly fingerprint: Fingerprint
  /** Read when somebody asks. */
  objects(): Promise<readonly CatalogueObject[]>
}

/**
 * Makes a schema from the files and lets `work` look at it, in a transaction that is rolled back: nobody else ever
 * sees it, and nothing has to be kept up to date. Throws what Postgres says when the steps do not work together.
 */
export async function withExpectedCatalogue<Result>(
  admin: pg.Pool,
  steps: readonly Migration[],
  work: (expected: ExpectedCatalogue) => Promise<Result>,
): Promise<Result> {
  return inTemplate(admin, async (client, target) => {
    const { schemaName } = target
    for (const step of steps) await applyTo(client, target, step)
    const fingerprint = (await fingerprintsIn(client, [schemaName])).get(schemaName)!
    const objects = async (): Promise<readonly CatalogueObject[]> =>
      (await readObjects(client, [schemaName])).get(schemaName) ?? []
    return work({ fingerprint, objects })
  })
}

/** Which step makes each table that this installation has files for. */
export async function tableOrigins(
  admin: pg.Pool,
  { modules }: MigrationCatalogue,
): Promise<Map<string, Migration>> {
  return inTemplate(admin, async (client, target) => {
    const origins = new Map<string, Migration>()
    for (const step of [...modules.values()].flatMap(({ migrations }) => migrations)) {
      await applyTo(client, target, step)
      const { rows } = await client.query<{ name: string }>(
        `/* drift.origins */ select relname::text as name from pg_class where relnamespace = $1::regnamespace
           and relkind in ('r', 'p')`,
        [target.schemaName],
      )
      for (const { name } of rows) if (!origins.has(name)) origins.set(name, step)
    }
    return origins
  })
}

async function inTemplate<Result>(
  admin: pg.Pool,
  work: (client: pg.PoolClient, target: MigrationTarget) => Promise<Result>,
): Promise<Result> {
  const target = targetOf(parseTenantId(`template_${randomBytes(8).toString('hex')}`))
  const { schemaName } = target
  return retryCatalogueConflicts(() =>
    withClient(admin, async (client) => {
      await client.query(`begin; set local role ${ownerRole}`)
      try {
        await client.query(
          `/* drift.template */ create role "${schemaName}" nologin inherit; create schema "${schemaName}";
           grant usage on schema "${schemaName}" to "${schemaName}"`,
        )
        return await work(client, target)
      } finally {
        await client.query('rollback').catch(() => {})
      }
    }),
  )
}

async function applyTo(client: pg.PoolClient, target: MigrationTarget, { up }: Migration): Promise<void> {
  const script = scriptIn(target, up)
  await client.query(searchPath(target) + (up.transactional ? script : await withoutConcurrently(script)))
}

/** The same statements, so that they can stand in a transaction: nobody else uses the template. */
async function withoutConcurrently(script: string): Promise<string> {
  const { loadModule, parseSync, deparseSync } = await import('pgsql-parser')
  await loadModule()
  const tree = parseSync(script)
  const plain = JSON.parse(
    JSON.stringify(tree, (key, value: unknown) => (key === 'concurrent' ? undefined : value)),
  ) as typeof tree
  return deparseSync(plain)
}
