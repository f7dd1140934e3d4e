import type pg from 'pg'
import { ownerTransaction, ownerTransactionOn } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { loadMigrations, type MigrationCatalogue } from '../fleet/migration-files.js'
import { decideAccess, type AccessRequest } from './decide-access.js'
import {
  changePlanOf,
  grantModule,
  lockEntitlements,
  withdrawModule,
  type PlanChange,
} from './entitlements.js'
import type { PlatformActor } from './platform-audit.js'
import { installModules } from './provisioning-steps.js'
import { underSchemaLock } from './schema-lock.js'
import { schemaOf, type TenantId } from './tenant-id.js'
import { listTenantModules, pickModule, type TenantModule } from './tenant-modules.js'
import { requireNoOperation } from './tenant-operations.js'
import { showTenant, type TenantRecord } from './tenant-record.js'
import { isPlan, plans } from './tenant-request.js'

/** What became of a module of a tenant. */
export interface ModuleChange {
  readonly tenant: TenantRecord
  readonly module: TenantModule
  /** False when it was like this already. */
  readonly changed: boolean
}

export interface EnableOptions extends AccessRequest {
  readonly by?: PlatformActor | undefined
  /** The installation's own migrations by default. */
  readonly migrations?: MigrationCatalogue | undefined
  /** Milliseconds to wait for another process that works on the same tenant. */
  readonly wait?: number | undefined
}

/**
 * Lets a tenant use a module: makes its tables, or brings those that are there up to date, and then gives access, so
 * that requests find all of it or nothing. Doing it again changes nothing; a killed run is finished by the next one.
 * Throws BAD_USER_INPUT for what is no module or not in the plan, CONFLICT for a tenant that has no schema
 * and while an operation on it is not finished.
 */
export async function enableModule(
  admin: pg.Pool,
  tenant: TenantId,
  name: string,
  options: EnableOptions = {},
): Promise<ModuleChange> {
  const { by } = options
  const migrations = options.migrations ?? (await loadMigrations())
  return underSchemaLock(admin, schemaOf(tenant), options.wait, async (client) => {
    const record = await showTenant(client, tenant)
    await requireNoOperation(client, record)
    requireSchema(record)
    const before = pickModule(await listTenantModules(client, record), name)
    const decided = decideAccess(before, record.plan, options, Date.now())
    if (migrations.modules.has(name)) {
      await installModules({ client, admin, migrations, tenant }, record, [name])
    }
    const changed = await ownerTransactionOn(client, async (transaction) => {
      await lockEntitlements(transaction, record)
      return grantModule(transaction, record, before, decided, by)
    })
    return changeOf(client, tenant, name, changed || !before.isInstalled)
  })
}

export interface DisableOptions {
  readonly by?: PlatformActor | undefined
  /** Kept in the audit log. */
  readonly reason?: string | undefined
}

/**
 * Stops a module's use, and keeps its data: the tables stay, and are migrated with everybody's. Requests that are
 * running finish. Doing it again changes nothing. Throws BAD_USER_INPUT for what is no module,
 * CONFLICT while an operation on the tenant is not finished.
 */
export async function disableModule(
  admin: pg.Pool,
  tenant: TenantId,
  name: string,
  options: DisableOptions = {},
): Promise<ModuleChange> {
  return ownerTransaction(admin, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    await lockEntitlements(transaction, record)
    await requireNoOperation(transaction, record)
    const module = pickModule(await listTenantModules(transaction, record), name)
    return changeOf(transaction, tenant, name, await withdrawModule(transaction, record, module, options))
  })
}

/**
 * Changes a tenant's plan and what follows from it for its modules. Throws BAD_USER_INPUT for what is no plan, CONFLICT
 * for a tenant that is gone and while an operation on it is not finished.
 */
export async function changePlan(
  admin: pg.Pool,
  tenant: TenantId,
  plan: string,
  by?: PlatformActor,
): Promise<PlanChange & { readonly tenant: TenantRecord }> {
  if (!isPlan(plan)) {
    throw new AppError('BAD_USER_INPUT', `There is no plan ${plan}. Plans are ${plans.join(', ')}.`, {
      field: 'plan',
    })
  }
  return ownerTransaction(admin, async (transaction) => {
    await lockEntitlements(transaction, await showTenant(transaction, tenant))
    const record = await showTenant(transaction, tenant)
    if (record.state === 'deprovisioning' || record.state === 'deleted') throw isGone(record)
    await requireNoOperation(transaction, record)
    const change = await changePlanOf(transaction, record, plan, by)
    return { ...change, tenant: await showTenant(transaction, tenant) }
  })
}

/** Throws CONFLICT for a tenant that has no schema to work on. */
export function requireSchema(record: TenantRecord): void {
  const { tenant, state } = record
  if (state === 'active' || state === 'suspended') return
  if (state === 'deprovisioning' || state === 'deleted') throw isGone(record)
  const advice = state === 'archived' ? 'Restore it first.' : 'Provision it first.'
  throw new AppError('CONFLICT', `Tenant ${tenant} is ${state}. ${advice}`, { tenant, state })
}

function isGone({ tenant, state }: TenantRecord): AppError {
  return new AppError('CONFLICT', `Tenant ${tenant} is ${state}; nothing about it changes any more.`, {
    tenant,
    state,
  })
}

async function changeOf(
  db: pg.PoolClient,
  tenant: TenantId,
  name: string,
  changed: boolean,
): Promise<ModuleChange> {
  const record = await showTenant(db, tenant)
  return { tenant: record, module: pickModule(await listTenantModules(db, record), name), changed }
}
