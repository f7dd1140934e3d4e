import type pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { ownerTransaction, withClient } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import { schemaOf, type TenantId } from '../../tenancy/tenant-id.js'
import { readFleet, type TenantSelection } from '../fleet-tenants.js'
import type { Migration, MigrationCatalogue } from '../migration-files.js'
import { readAppliedLedgers, type AppliedLedger } from './applied-steps.js'
import { readObjects, type CatalogueObject } from './catalogue-objects.js'
import { compareCatalogues, type Difference } from './compare-catalogues.js'
import { danglingReferences } from './dangling-references.js'
import { describeDifference } from './describe-difference.js'
import { tableOrigins, withExpectedCatalogue } from './expected-catalogue.js'
import type { DriftFinding, TenantDrift } from './finding.js'
import { fingerprintSchemas, type Fingerprint } from './fingerprint.js'
import { ledgerDrift, type RecordedTenant } from './ledger-drift.js'
import { repairOf } from './repair-steps.js'
import { roleDrift } from './role-drift.js'

/** Schemas looked at in detail at once. */
const CHUNK = 20

export interface DriftOptions extends TenantSelection {
  /** Also count rows that name a row of the shared catalogues that is not there; reads whole tables. */
  readonly references?: boolean | undefined
}

type Origins = ReadonlyMap<string, Migration>

/**
 * Compares every tenant's schema, role and ledger with what its migrations make, and remembers the fingerprints.
 * Schemas are compared by fingerprint; only those that differ are read object by object. Throws NOT_FOUND for a
 * tenant there is none of.
 */
export async function detectDrift(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: DriftOptions = {},
): Promise<TenantDrift[]> {
  if (admin.options.max < 2) {
    throw new AppError('BAD_USER_INPUT', 'The drift check needs a pool of two connections at least.')
  }
  const tenants = await readRecorded(admin, options)
  const ids = tenants.map(({ tenant }) => tenant)
  const schemas = ids.map(schemaOf)
  const fingerprinted = fingerprintSchemas(admin, schemas)
  // Awaited further down; what fails before must not leave it without anybody to hear of its own failure.
  fingerprinted.catch(() => {})
  const ledgers = await readAppliedLedgers(admin, catalogue, schemas)
  const roles = await roleDrift(admin, ids)
  const compared = new Map<TenantId, DriftFinding[]>()
  for (const [ledger, group] of groupedBy(tenants, ({ tenant }) => ledgers.get(schemaOf(tenant))!)) {
    for (const [tenant, findings] of await compareGroup(admin, catalogue, ledger, group, fingerprinted)) {
      compared.set(tenant, findings)
    }
  }
  const fingerprints = await fingerprinted
  const existing = ids.filter((tenant) => fingerprints.has(schemaOf(tenant)))
  const dangling = options.references === true ? await danglingReferences(admin, existing) : undefined
  await remember(admin, fingerprints)
  return tenants.map((recorded) => {
    const { tenant } = recorded
    const ledger = ledgers.get(schemaOf(tenant))!
    return {
      tenant,
      fingerprint: fingerprints.get(schemaOf(tenant)) ?? null,
      findings: [
        ...(roles.get(tenant) ?? []),
        ...ledgerDrift(recorded, ledger),
        ...(compared.get(tenant) ?? []),
        ...(dangling?.get(tenant) ?? []),
      ],
    }
  })
}

async function readRecorded(db: Queryable, selection: TenantSelection): Promise<RecordedTenant[]> {
  const fleet = await readFleet(db, selection)
  const { rows } = await db.query<{ schema_name: string; versions: Record<string, number> }>(
    `/* drift.versions */ select schema_name, schema_versions as versions from public.tenant_schemas
     where schema_name = any($1)`,
    [fleet.map(({ tenant }) => schemaOf(tenant))],
  )
  const versions = new Map(rows.map((row) => [row.schema_name, row.versions]))
  return fleet.map(({ tenant, modules }) => ({
    ...{ tenant, modules, schemaVersions: versions.get(schemaOf(tenant)) ?? {} },
  }))
}

function groupedBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

/** Compares tenants that are at the same steps. One with steps this program has no files for is left out. */
async function compareGroup(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  ledger: AppliedLedger,
  group: readonly RecordedTenant[],
  fingerprinted: Promise<ReadonlyMap<string, Fingerprint>>,
): Promise<Map<TenantId, DriftFinding[]>> {
  if (ledger.unknown.length > 0) return new Map()
  try {
    return await withExpectedCatalogue(admin, ledger.steps, async (expected) => {
      const fingerprints = await fingerprinted
      const differing = group
        .map(({ tenant }) => tenant)
        .filter((tenant) => fingerprints.get(schemaOf(tenant)) !== expected.fingerprint)
      return differing.length === 0
        ? new Map<TenantId, DriftFinding[]>()
        : compareInDetail(admin, catalogue, differing, await expected.objects())
    })
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error
    await fingerprinted
    const message = `the steps in the ledger make no schema to compare with: ${(error as Error).message}`
    const finding: DriftFinding = {
      about: 'ledger',
      message,
      repair: [],
      left: 'the ledger has to be put right first',
    }
    return new Map(group.map(({ tenant }) => [tenant, [finding]]))
  }
}

async function compareInDetail(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  tenants: readonly TenantId[],
  expected: readonly CatalogueObject[],
): Promise<Map<TenantId, DriftFinding[]>> {
  const found = new Map<TenantId, Difference[]>()
  for (let at = 0; at < tenants.length; at += CHUNK) {
    const chunk = tenants.slice(at, at + CHUNK)
    const actual = await inSnapshot(admin, (client) => readObjects(client, chunk.map(schemaOf)))
    for (const tenant of chunk) {
      found.set(tenant, compareCatalogues(expected, actual.get(schemaOf(tenant)) ?? []))
    }
  }
  const isAboutTables = [...found.values()].flat().some((difference) => tableOf(difference) !== undefined)
  const origins: Origins = isAboutTables ? await tableOrigins(admin, catalogue) : new Map()
  return new Map(
    [...found].map(([tenant, differences]) => [
      tenant,
      differences.some(isSchemaMissing)
        ? [schemaMissing(tenant)]
        : differences.map((difference) => findingOf(difference, tenant, origins)),
    ]),
  )
}

async function inSnapshot<Result>(
  admin: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withClient(admin, async (client) => {
    await client.query('begin transaction read only')
    try {
      return await work(client)
    } finally {
      await client.query('rollback').catch(() => {})
    }
  })
}

function isSchemaMissing(difference: Difference): boolean {
  return difference.type === 'missing' && difference.expected.kind === 'schema'
}

function schemaMissing(tenant: TenantId): DriftFinding {
  return {
    about: 'catalogue',
    message: `schema ${schemaOf(tenant)} is missing`,
    repair: [],
    left: 'its rows are gone with it: restore it from a backup or an export',
  }
}

/** The table a difference is about as a whole. */
function tableOf(difference: Difference): string | undefined {
  if (difference.type === 'differs') return undefined
  const object = difference.type === 'missing' ? difference.expected : difference.actual
  return object.kind === 'table' ? object.name : undefined
}

/** A table that a known step makes is told together with that step: then it is the ledger that is in question. */
function findingOf(difference: Difference, tenant: TenantId, origins: Origins): DriftFinding {
  const origin = origins.get(tableOf(difference) ?? '')
  const message = describeDifference(difference)
  const about = 'catalogue'
  if (origin !== undefined && difference.type === 'extra') {
    return {
      ...{ about, difference, repair: [] },
      message: `table ${difference.actual.name} is there, but the ledger has no ${origin.module} ${origin.name}`,
      left: 'if the step did run, it has to be recorded in the ledger',
    }
  }
  const suffix = origin === undefined ? '' : `, though the ledger has ${origin.module} ${origin.name}`
  const repair = repairOf(difference, tenant)
  return 'left' in repair
    ? { about, difference, message: message + suffix, repair: [], left: repair.left }
    : { about, difference, message: message + suffix, repair: repair.steps, left: null }
}

async function remember(admin: pg.Pool, fingerprints: ReadonlyMap<string, Fingerprint>): Promise<void> {
  await ownerTransaction(admin, (db) =>
    db.query(
      `/* drift.remember */
       update public.tenant_schemas t set catalogue_fingerprint = seen.fingerprint, fingerprint_checked_at = now()
       from unnest($1::text[], $2::text[]) as seen (schema_name, fingerprint)
       where t.schema_name = seen.schema_name`,
      [[...fingerprints.keys()], [...fingerprints.values()]],
    ),
  )
}
