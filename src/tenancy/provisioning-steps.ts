import pg from 'pg'
import { ownerTransactionOn } from '../database/owner-transaction.js'
import { planSchema, type SchemaPlan } from '../fleet/fleet-plan.js'
import { readLedger } from '../fleet/ledger.js'
import {
  coreModule,
  type Migration,
  type MigrationCatalogue,
  type MigrationScript,
} from '../fleet/migration-files.js'
import { compose, ledgerInsert, opening, raiseUnless, targetOf } from '../fleet/migration-message.js'
import { applyStep, defaultPatience, sendMessage } from '../fleet/step-runner.js'
import { DIRECTORY_CHANNEL } from './directory-listener.js'
import type { PlatformActor } from './platform-audit.js'
import { roleOf, schemaOf, type TenantId } from './tenant-id.js'
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
  { name: 'schema', run: createSchema },
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

/**
 * Role, schema, every module's tables, ledger and default rows: one transaction, sent as one message. A schema that
 * exists already is nobody's we know, so it is refused rather than adopted.
 */
async function createSchema(context: ProvisioningContext, record: TenantRecord): Promise<void> {
  const modules = missingModules(record, context.migrations)
  const plan = await planModules(context, modules)
  const sendable = leadingTransactional(plan.steps)
  const isAll = sendable.length === plan.steps.length
  await sendMessage(
    context.client,
    plan.target,
    compose(
      opening(plan.target, defaultPatience, 'new') +
        fence(record, context.leaseOwner) +
        roleAndSchema(record.tenant),
      [...sendable.map(({ up }) => up), ...(isAll ? plan.defaultData : [])],
      plan.target,
      ledgerInsert(plan.target, sendable, 'applied') +
        recordInstalled(record, modules, sendable, 'schema') +
        membershipsOfRole(record.tenant),
    ),
    { observer: context.admin, patience: defaultPatience },
  )
}

/** Scripts that refuse a transaction could not go with the others; they, and what comes after them, follow here. */
async function applyRemainder(context: ProvisioningContext, record: TenantRecord): Promise<void> {
  const { client, admin, migrations, leaseOwner } = context
  const { target, steps } = await planModules(context, record.modules)
  const defaultData = defaultRows(migrations, record.modules)
  for (const step of steps) {
    await applyStep(client, target, step, step === steps.at(-1) ? defaultData : [], {
      observer: admin,
      patience: defaultPatience,
    })
  }
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(fence(record, leaseOwner) + recordStep(record, 'remainder')),
  )
}

/** Somebody has to be able to get in: the person named in the request becomes the first owner. */
async function createOwner({ client, leaseOwner }: ProvisioningContext, record: TenantRecord): Promise<void> {
  await ownerTransactionOn(client, async (transaction) => {
    await transaction.query(fence(record, leaseOwner) + recordStep(record, 'owner'))
    if (record.adminEmail === null) return
    await ensureMember(transaction, record, {
      email: record.adminEmail,
      name: record.adminName ?? undefined,
      role: 'owner',
    })
  })
}

async function activate(
  { client, leaseOwner, by }: ProvisioningContext,
  record: TenantRecord,
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

/** The default rows of core and of some modules. */
function defaultRows({ modules }: MigrationCatalogue, named: readonly string[]): MigrationScript[] {
  return [...modules.values()]
    .filter(({ module }) => module === coreModule || named.includes(module))
    .flatMap(({ defaultData }) => defaultData ?? [])
}

async function planModules(
  { client, migrations, tenant }: Omit<Workplace, 'admin'>,
  modules: readonly string[],
): Promise<SchemaPlan> {
  const ledger = await readLedger(client, schemaOf(tenant))
  return planSchema(migrations, ledger, targetOf(tenant), [coreModule, ...modules])
}

function leadingTransactional(steps: readonly Migration[]): readonly Migration[] {
  const end = steps.findIndex(({ up }) => !up.transactional)
  return end < 0 ? steps : steps.slice(0, end)
}

/** Stops the transaction when the tenant is no longer being provisioned by us. */
function fence({ tenant, organizationId }: TenantRecord, leaseOwner: string): string {
  return raiseUnless(
    `exists (select from public.tenant_schemas where organization_id = '${organizationId}'
       and state = 'provisioning' and lease_owner = ${pg.escapeLiteral(leaseOwner)})`,
    'OS002',
    `tenant ${tenant} is being provisioned by another process`,
  )
}

/**
 * Roles belong to the whole cluster: another database of it may have one of this name already. It is used unless it
 * may do more than a tenant's role may.
 */
function roleAndSchema(tenant: TenantId): string {
  const role = `"${roleOf(tenant)}"`
  const schema = `"${schemaOf(tenant)}"`
  const tooPowerful =
    'rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin or not rolinherit'
  return (
    `do $orgscope$ begin create role ${role} nologin inherit; exception when duplicate_object or unique_violation then ` +
    `if exists (select from pg_roles where rolname = '${roleOf(tenant)}' and (${tooPowerful})) then ` +
    `raise exception 'role % exists and is not the role of a tenant', '${roleOf(tenant)}'; end if; end $orgscope$;\n` +
    `create schema ${schema};\ngrant usage on schema ${schema} to ${role};\n`
  )
}

/**
 * The role's place among the others. It comes last: these grants lock shared catalogues until the transaction ends,
 * and in front of the tables they would let only one tenant be made at a time.
 */
function membershipsOfRole(tenant: TenantId): string {
  const role = `"${roleOf(tenant)}"`
  return `grant orgscope_tenant to ${role};\ngrant ${role} to orgscope_gateway;\n`
}

/** Installed modules and their versions, the step that is done, and word to the gateways. */
function recordInstalled(
  { tenant, organizationId }: TenantRecord,
  modules: readonly string[],
  applied: readonly Migration[],
  step: ProvisioningStep['name'] | undefined,
): string {
  const versions = Object.fromEntries(applied.map(({ module, version }) => [module, version]))
  return (
    '/* tenants.installed */ update public.tenant_schemas set modules = array(select distinct unnest(modules || ' +
    `${textArray(modules)}) order by 1), schema_versions = schema_versions || '${JSON.stringify(versions)}', ` +
    (step === undefined ? '' : `completed_steps = array_append(completed_steps, '${step}'), `) +
    `updated_at = now() where organization_id = '${organizationId}';\n` +
    `/* tenants.announce */ notify ${DIRECTORY_CHANNEL}, '${tenant}';\n`
  )
}

function recordStep({ organizationId }: TenantRecord, step: ProvisioningStep['name']): string {
  return (
    '/* tenants.step */ update public.tenant_schemas set completed_steps = ' +
    `array_append(completed_steps, '${step}'), updated_at = now() where organization_id = '${organizationId}';\n`
  )
}

function textArray(values: readonly string[]): string {
  return `array[${values.map((value) => pg.escapeLiteral(value)).join(', ')}]::text[]`
}
