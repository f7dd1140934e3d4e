import type pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { ownerTransaction, ownerTransactionOn } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import type { PlatformActor } from '../platform-audit.js'
import { newLeaseOwner } from '../../database/lease-owner.js'
import { claim } from '../provisioner.js'
import type { ProvisioningContext } from '../provisioning-steps.js'
import { parseTenantId, schemaOf, type TenantId } from '../tenant-id.js'
import { underSchemaLock } from '../schema-lock.js'
import { findOpenOperation } from '../tenant-operations.js'
import { findTenant, showTenant, type TenantRecord } from '../tenant-record.js'
import type { CheckedArchive } from './check-archive.js'
import { fillTenant, type FillOptions } from './fill-tenant.js'
import { requestImport } from './request-import.js'
import { importSharedRows, type SharedRowsOutcome } from './shared-rows.js'
import { undoImport } from './undo-import.js'

export interface ImportOptions {
  /** The id the tenant gets; its own by default. */
  readonly as?: TenantId | undefined
  readonly name?: string | undefined
  readonly slug?: string | undefined
  readonly by?: PlatformActor | undefined
  readonly migrations: MigrationCatalogue
  /** Milliseconds to wait for another process that works on the same tenant. */
  readonly wait?: number | undefined
  readonly onStep?: FillOptions['onStep']
  readonly onProgress?: FillOptions['onProgress']
  /** A clone is the same with less: what makes it one. */
  readonly clone?: CloneRules | undefined
}

export interface CloneRules {
  /** The tenant it is a copy of. */
  readonly of: TenantId
  /** Whether the people of the original may work in the copy. */
  readonly people: boolean
  /** Runs when the rows are loaded and foreign keys are not made again yet. */
  readonly adjust: (client: pg.PoolClient, record: TenantRecord) => Promise<void>
}

export interface ImportOutcome extends Omit<SharedRowsOutcome, 'createdIdentities'> {
  readonly tenant: TenantRecord
  /** Accounts that were made. */
  readonly createdPeople: number
  /** Modules the organization may use that the archive has no tables of. */
  readonly missingModules: readonly string[]
}

/**
 * Makes a tenant from a checked archive. It is served when all of it is there; until then nothing of it is. A failure
 * takes everything back; a killed import is finished by the next one of the same archive, and another archive makes
 * it start over. Throws CONFLICT when there is a tenant of that id, CONFLICT_DUPLICATE for its name or slug.
 */
export async function importTenant(
  admin: pg.Pool,
  archive: CheckedArchive,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const tenant = options.as ?? parseTenantId(archive.manifest.tenant)
  const work = async (client: pg.PoolClient): Promise<ImportOutcome> => {
    await makeRoom(client, tenant, archive)
    const leaseOwner = newLeaseOwner()
    const context = { client, admin, tenant, leaseOwner, migrations: options.migrations, by: options.by }
    return undoingFailures(admin, tenant, () => fill(context, archive, options))
  }
  return underSchemaLock(admin, schemaOf(tenant), options.wait, work)
}

/** Refuses an id that is taken; takes back what an interrupted import of another archive left. */
async function makeRoom(client: pg.PoolClient, tenant: TenantId, { digest }: CheckedArchive): Promise<void> {
  const existing = await findTenant(client, tenant)
  if (existing === undefined) return
  const open = await findOpenOperation(client, existing.organizationId)
  if (open?.kind === 'import' || open?.kind === 'clone') {
    // A clone's archive is made anew each time, so it never is the same.
    if (open.digest !== digest) await ownerTransactionOn(client, (db) => undoImport(db, existing))
    return
  }
  const advice = existing.state === 'deleted' ? 'Its id is never used again.' : ''
  throw new AppError(
    'CONFLICT',
    `There is a tenant ${tenant} already (${existing.state}). ${advice} Give the imported one another id with --as.`.replace(
      '  ',
      ' ',
    ),
    { tenant, state: existing.state },
  )
}

async function fill(
  context: ProvisioningContext,
  archive: CheckedArchive,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const { client, tenant } = context
  const found = await findTenant(client, tenant)
  const requested =
    found ?? (await ownerTransactionOn(client, (db) => requestImport(db, tenant, archive, options)))
  await claim(context, requested)
  await fillTenant(context, archive, {
    onStep: options.onStep,
    onProgress: options.onProgress,
    adjust: (transaction, record) => adjust(transaction, record, archive, options),
  })
  return outcomeOf(client, await showTenant(client, tenant), archive)
}

async function adjust(
  client: pg.PoolClient,
  record: TenantRecord,
  archive: CheckedArchive,
  { clone }: ImportOptions,
): Promise<object> {
  const schema = schemaOf(record.tenant)
  await followOrganization(client, schema, archive.manifest.organization.id, record.organizationId)
  // Their secrets are encrypted with the key of another installation, or they belong to the original.
  await client.query(
    `/* archive.webhooks_off */ update ${schema}.webhook_endpoints set status = 'disabled' where status <> 'disabled'`,
  )
  await clone?.adjust(client, record)
  return importSharedRows(client, schema, record.organizationId, archive, {
    people: clone?.people ?? true,
    credentials: clone === undefined,
  })
}

/** Rows that name their organization name the new one. */
async function followOrganization(db: Queryable, schema: string, from: string, to: string): Promise<void> {
  if (from === to) return
  const { rows } = await db.query<{ place: string }>(
    `/* archive.organization_columns */ select format('%I.%I', $1::text, c.relname) as place
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
     where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not c.relispartition`,
    [schema],
  )
  for (const { place } of rows) {
    await db.query(
      `/* archive.organization */ update ${place} set organization_id = $2 where organization_id = $1`,
      [from, to],
    )
  }
}

/** What a later run finds in the operation when an earlier one loaded the rows. */
async function outcomeOf(
  db: Queryable,
  tenant: TenantRecord,
  { manifest }: CheckedArchive,
): Promise<ImportOutcome> {
  const { rows } = await db.query<{ details: SharedRowsOutcome }>(
    `/* operations.last */ select details from public.tenant_operations where organization_id = $1
     order by started_at desc limit 1`,
    [tenant.organizationId],
  )
  const { createdIdentities, matchedPeople, withoutAccount, apiKeys } = rows[0]!.details
  return {
    tenant,
    createdPeople: createdIdentities.length,
    matchedPeople,
    withoutAccount,
    apiKeys,
    missingModules: tenant.entitledModules.filter((module) => !manifest.modules.includes(module)),
  }
}

/** Nothing of a failed import stays. When even taking it back fails, the next import or `abort` does it. */
async function undoingFailures<Result>(
  admin: pg.Pool,
  tenant: TenantId,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await ownerTransaction(admin, async (db) => {
      const record = await findTenant(db, tenant)
      const open = record && (await findOpenOperation(db, record.organizationId))
      if (record !== undefined && open !== undefined) await undoImport(db, record, error)
    }).catch(() => {})
    throw error
  }
}
