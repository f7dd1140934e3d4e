import type pg from 'pg'
import { ownerTransactionOn } from '../database/owner-transaction.js'
import { planSchema, type SchemaPlan } from '../fleet/fleet-plan.js'
import { readLedger } from '../fleet/ledger.js'
import { coreModule, latestVersion, type MigrationCatalogue } from '../fleet/migration-files.js'
import { compose, ledgerInsert, opening, targetOf } from '../fleet/migration-message.js'
import { applyStep, defaultPatience, sendMessage } from '../fleet/step-runner.js'
import { defaultRows } from './spares/default-rows.js'
import { handOutSpare } from './spares/hand-out-spare.js'
import { leadingTransactional } from '../fleet/leading-transactional.js'
import type { PlatformActor } from './platform-audit.js'
import {
  fence,
  membershipsOfRole,
  NOT_THE_LAST,
  recordInstalled,
  recordStep,
  roleAndSchema,
} from './provisioning-sql.js'
import { schemaOf, type TenantId } from './tenant-id.js'
import type { SpareName } from './spares/spare-name.js'
import { ensureMember } from './tenant-people.js'
import { moveTenant, type TenantRecord } from './tenant-record.js'

/** What a step works with. */
export interface ProvisioningContext {
  /** Holds the lock of the tenant's schema. */
  readonly client: pg.PoolClient
  /** Looks around while `client` is busy. */
  readonly admin: pg.Pool
  readonly migrations: MigrationCatalogue
  readonly tenant: TenantId
  /** Who works on the tenant; every step's transaction makes sure that it still is us. */
  readonly leaseOwner: string
  readonly by: PlatformActor | undefined
  /** Told of the spare schema that is about to be handed out, and awaited. */
  readonly onSpare?: ((spare: SpareName) => void | Promise<void>) | undefined
}

/** What it takes to work on the schema of a tenant, whose lock `client` holds. */
export type Workplace = Pick<ProvisioningContext, 'client' | 'admin' | 'migrations' | 'tenant'>

/** A step of provisioning. Its work and its being done commit together, so it happens once or not at all. */
export interface ProvisioningStep {
  readonly name: 'schema' | 'remainder' | 'owner' | 'activate'
  run(context: ProvisioningContext, record: TenantRecord): Promise<void>
}

/** In this order; the last one makes the tenant routable. */
export const provisioningSteps: readonly ProvisioningStep[] = [
  { name: 'schema', run: obtainSchema },
  { name: 'remainder', run: applyRemainder },
  { name: 'owner', run: createOwner },
  { name: 'activate', run: activate },
]

/** Seconds after which an abandoned lease reads as stale. The schema's lock decides; a lease fences and informs. */
export const LEASE_SECONDS = 60

/**
 * Modules the organization may use but this installation has no tables for. Being entitled and being installed are
 * different facts: the entitlement stays, and the tables come with the first provisioning run that has them.
 */
export function unavailableModules(record: TenantRecord, migrations: MigrationCatalogue): string[] {
  return record.entitledModules.filter((module) => !migrations.modules.has(module))
}

/** Modules the organization may use whose tables its schema could have and does not have yet. */
export function missingModules(record: TenantRecord, migrations: MigrationCatalogue): string[] {
  return record.entitledModules.filter(
    (module) => migrations.modules.has(module) && !record.modules.includes(module),
  )
}

/** A spare schema where there is one with just these modules, and a new one otherwise. */
async function obtainSchema(context: ProvisioningContext, record: TenantRecord): Promise<void> {
  const modules = missingModules(record, context.migrations)
  if (await handOutSpare(context, record, modules)) return
  await createSchema(context, record, modules)
}

/**
 * Role, schema, every module's tables, ledger and default rows: one transaction, sent as one message. A schema that
 * exists already is nobody's we know, so it is refused rather than adopted.
 */
export async function createSchema(
  context: ProvisioningContext,
  record: TenantRecord,
  modules: readonly string[],
): Promise<void> {
  const plan = await planModules(context, modules)
  const sendable = leadingTransactional(plan.steps)
  const isAll = sendable.length === plan.steps.length
  await sendMessage(
    context.client,
    plan.target,
    compose(
      opening(plan.target, defaultPatience, 'new') +
        NOT_THE_LAST +
        fence(record, context.leaseOwner) +
        roleAndSchema(schemaOf(record.tenant)),
      [...sendable.map(({ up }) => up), ...(isAll ? plan.defaultData : [])],
      plan.target,
      ledgerInsert(plan.target, sendable, 'applied') +
        recordInstalled(record, modules, sendable, 'schema') +
        membershipsOfRole(schemaOf(record.tenant)),
    ),
    { observer: context.admin, patience: defaultPatience },
  )
}

/** Scripts that refuse a transaction could not go with the others; they, and what comes after them, follow here. */
export async function applyRemainder(context: ProvisioningContext, record: TenantRecord): Promise<void> {
  const { client, admin, migrations, leaseOwner } = context
  const { target, steps } = isComplete(record, migrations)
    ? { target: targetOf(record.tenant), steps: [] }
    : await planModules(context, record.modules)
  const defaultData = defaultRows(migrations, record.modules)
  for (const step of steps) {
    await applyStep(client, target, step, step === steps.at(-1) ? defaultData : [], {
      observer: admin,
      patience: defaultPatience,
    })
  }
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(NOT_THE_LAST + fence(record, leaseOwner) + recordStep(record, 'remainder')),
  )
}

/** Whether a new schema has the last migration of all its modules: the usual case, known without the ledger. */
function isComplete({ modules, schemaVersions }: TenantRecord, migrations: MigrationCatalogue): boolean {
  return [...migrations.modules.values()]
    .filter(({ module }) => module === coreModule || modules.includes(module))
    .every((stream) => (schemaVersions[stream.module] ?? 0) === latestVersion(stream))
}

/** Somebody has to be able to get in: the person named in the request becomes the first owner. */
async function createOwner({ client, leaseOwner }: ProvisioningContext, record: TenantRecord): Promise<void> {
  await ownerTransactionOn(client, async (transaction) => {
    await transaction.query(NOT_THE_LAST + fence(record, leaseOwner) + recordStep(record, 'owner'))
    if (record.adminEmail === null) return
    await ensureMember(transaction, record, {
      email: record.adminEmail,
      name: record.adminName ?? undefined,
      role: 'owner',
    })
  })
}

/** Opens the tenant; `also` is done in the same transaction. */
export async function activate(
  { client, leaseOwner, by }: ProvisioningContext,
  record: TenantRecord,
  also: (transaction: pg.PoolClient) => Promise<void> = async () => {},
): Promise<void> {
  await ownerTransactionOn(client, async (transaction) => {
    await transaction.query(fence(record, leaseOwner))
    await transaction.query(
      `/* tenants.release_lease */
       update public.tenant_schemas set lease_owner = null, lease_until = null, current_step = null,
         last_error = null, last_error_at = null
       where organization_id = $1`,
      [record.organizationId],
    )
    await also(transaction)
    await moveTenant(transaction, record, 'active', { by, details: { modules: record.modules } })
  })
}

/**
 * Adds the tables of modules to a schema that exists, or brings those that are there up to date: one message, followed
 * by what refuses a transaction. Done again, it finishes what an earlier call has left.
 */
export async function installModules(
  { client, admin, migrations, tenant }: Workplace,
  record: TenantRecord,
  modules: readonly string[],
): Promise<void> {
  const { target, steps } = await planModules({ client, migrations, tenant }, modules)
  const fresh = modules.filter((module) => !record.modules.includes(module))
  if (steps.length === 0 && fresh.length === 0) return
  const defaultData = defaultRows(migrations, fresh)
  const sendable = leadingTransactional(steps)
  const remainder = steps.slice(sendable.length)
  const context = { observer: admin, patience: defaultPatience }
  const [data, done] = remainder.length === 0 ? [defaultData, modules] : [[], []]
  await sendMessage(
    client,
    target,
    compose(
      opening(target, defaultPatience),
      [...sendable.map(({ up }) => up), ...data],
      target,
      ledgerInsert(target, sendable, 'applied') + recordInstalled(record, done, sendable, undefined),
    ),
    context,
  )
  if (remainder.length === 0) return
  for (const step of remainder) {
    await applyStep(client, target, step, step === remainder.at(-1) ? defaultData : [], context)
  }
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(recordInstalled(record, modules, [], undefined)),
  )
}

async function planModules(
  { client, migrations, tenant }: Omit<Workplace, 'admin'>,
  modules: readonly string[],
): Promise<SchemaPlan> {
  const ledger = await readLedger(client, schemaOf(tenant))
  return planSchema(migrations, ledger, targetOf(tenant), [coreModule, ...modules])
}
