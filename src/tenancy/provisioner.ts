import type pg from 'pg'
import { newLeaseOwner } from '../database/lease-owner.js'
import { ownerTransaction, ownerTransactionOn } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { loadMigrations, type MigrationCatalogue } from '../fleet/migration-files.js'
import type { PlatformActor } from './platform-audit.js'
import {
  installModules,
  LEASE_SECONDS,
  missingModules,
  provisioningSteps,
  unavailableModules,
  type ProvisioningContext,
  type ProvisioningStep,
} from './provisioning-steps.js'
import { NOT_THE_LAST } from './provisioning-sql.js'
import { underSchemaLock } from './schema-lock.js'
import { schemaOf, type TenantId } from './tenant-id.js'
import { requireNoOperation } from './tenant-operations.js'
import { illegalMove, moveTenant, showTenant, type TenantRecord } from './tenant-record.js'

export interface ProvisionOptions {
  readonly by?: PlatformActor | undefined
  /** The installation's own migrations by default. */
  readonly migrations?: MigrationCatalogue | undefined
  /** Told before each step, and awaited. */
  readonly onStep?: ((step: ProvisioningStep['name']) => void | Promise<void>) | undefined
  /** Told of the spare schema that is about to become the tenant's, and awaited. */
  readonly onSpare?: ProvisioningContext['onSpare']
  /** Milliseconds to wait for another process that works on the same tenant. */
  readonly wait?: number | undefined
}

export interface ProvisionOutcome {
  readonly tenant: TenantRecord
  /** Steps this call did; none when the tenant was complete already. */
  readonly steps: readonly string[]
  /** Modules this call installed. */
  readonly installed: readonly string[]
  /** Modules the organization may use that this installation has no tables for (yet). */
  readonly unavailable: readonly string[]
}

/**
 * Makes a requested tenant real, or finishes what an earlier run left: every step is done once or not at all, so
 * it may be killed anywhere and run again. For a tenant that is served already it installs modules that the
 * organization may use and this installation has by now. Two calls at once do the work once.
 *
 * Throws CONFLICT for a tenant that is archived, being deleted or deleted, and when another process keeps it for
 * longer than `wait`. When a step fails, the tenant is `failed` with that error, and the error is thrown.
 */
export async function provisionTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: ProvisionOptions = {},
): Promise<ProvisionOutcome> {
  const migrations = options.migrations ?? (await loadMigrations())
  return underSchemaLock(admin, schemaOf(tenant), options.wait, (client) => {
    const { by, onSpare } = options
    const context = { client, admin, migrations, tenant, leaseOwner: newLeaseOwner(), by, onSpare }
    return provision(context, options)
  })
}

async function provision(context: ProvisioningContext, options: ProvisionOptions): Promise<ProvisionOutcome> {
  const before = await showTenant(context.client, context.tenant)
  await requireNoOperation(context.client, before)
  if (before.state === 'archived') throw illegalMove(context.tenant, 'archived', 'provisioning')
  const isServed = before.state === 'active' || before.state === 'suspended'
  const steps = isServed ? await complete(context, before) : await build(context, before, options)
  const after = await showTenant(context.client, context.tenant)
  return {
    tenant: after,
    steps,
    installed: after.modules.filter((module) => !before.modules.includes(module)),
    unavailable: unavailableModules(after, context.migrations),
  }
}

/** Installs what became available since a tenant was made. */
async function complete(context: ProvisioningContext, record: TenantRecord): Promise<string[]> {
  const modules = missingModules(record, context.migrations)
  if (modules.length === 0) return []
  await installModules(context, record, modules)
  return ['modules']
}

/** Runs the steps that are not done yet. */
async function build(
  context: ProvisioningContext,
  requested: TenantRecord,
  { onStep }: ProvisionOptions,
): Promise<string[]> {
  let record = await claim(context, requested)
  const { completedSteps } = record
  const done: string[] = []
  for (const step of provisioningSteps) {
    if (completedSteps.includes(step.name)) continue
    try {
      await onStep?.(step.name)
      await step.run(context, record)
      // Only this one changes what the later ones look at; that the tenant is still ours, each makes sure itself.
      if (step.name === 'schema') record = await showTenant(context.client, context.tenant)
    } catch (error) {
      await recordFailure(context, step.name, error)
      throw error
    }
    done.push(step.name)
  }
  return done
}

/** Moves the tenant to provisioning, or takes over from a run that is gone: it no longer holds the lock. */
export async function claim(context: ProvisioningContext, record: TenantRecord): Promise<TenantRecord> {
  const { client, tenant, leaseOwner, by } = context
  await ownerTransactionOn(client, async (transaction) => {
    await transaction.query(NOT_THE_LAST)
    if (record.state !== 'provisioning') await moveTenant(transaction, record, 'provisioning', { by })
    await transaction.query(
      `/* tenants.claim */
       update public.tenant_schemas set lease_owner = $2, lease_until = now() + make_interval(secs => $3),
         attempts = attempts + 1
       where organization_id = $1`,
      [record.organizationId, leaseOwner, LEASE_SECONDS],
    )
  })
  return showTenant(client, tenant)
}

/**
 * Through another connection: the one that did the work may be what broke. When nothing can be written either, the
 * tenant stays in provisioning without a lock, which the next run takes for what it is.
 */
async function recordFailure(
  { admin, tenant, leaseOwner, by }: ProvisioningContext,
  step: string,
  cause: unknown,
) {
  const error = cause instanceof Error ? cause.message : String(cause)
  await ownerTransaction(admin, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    if (record.state !== 'provisioning' || record.leaseOwner !== leaseOwner) return
    await moveTenant(transaction, record, 'failed', { by, error, details: { step } })
    await transaction.query(
      `/* tenants.release_lease */
       update public.tenant_schemas set lease_owner = null, lease_until = null, current_step = $2
       where organization_id = $1`,
      [record.organizationId, step],
    )
  }).catch(() => {})
}

/** Stops serving a tenant; its data stays. Doing it twice changes nothing. */
export async function suspendTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: { readonly by?: PlatformActor; readonly reason?: string } = {},
): Promise<TenantRecord> {
  return setServed(admin, tenant, 'suspended', options)
}

/** Serves a suspended tenant again. Doing it twice changes nothing. */
export async function resumeTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: { readonly by?: PlatformActor; readonly reason?: string } = {},
): Promise<TenantRecord> {
  return setServed(admin, tenant, 'active', options)
}

async function setServed(
  admin: pg.Pool,
  tenant: TenantId,
  to: 'active' | 'suspended',
  { by, reason }: { readonly by?: PlatformActor; readonly reason?: string },
): Promise<TenantRecord> {
  return ownerTransaction(admin, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    if (record.state === to) return record
    if (record.state !== 'active' && record.state !== 'suspended') throw notServed(record, to)
    await requireNoOperation(transaction, record)
    await moveTenant(transaction, record, to, {
      by,
      ...(reason === undefined ? {} : { details: { reason } }),
    })
    return showTenant(transaction, tenant)
  })
}

function notServed({ tenant, state }: TenantRecord, to: 'active' | 'suspended'): AppError {
  const verb = to === 'active' ? 'resumed' : 'suspended'
  const advice = ['requested', 'provisioning', 'failed'].includes(state) ? ' Provision it first.' : ''
  return new AppError('CONFLICT', `Tenant ${tenant} is ${state} and cannot be ${verb}.${advice}`, {
    tenant,
    state,
  })
}
