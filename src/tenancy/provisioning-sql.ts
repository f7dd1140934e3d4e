import pg from 'pg'
import type { Migration } from '../fleet/migration-files.js'
import { raiseUnless } from '../fleet/migration-message.js'
import { DIRECTORY_CHANNEL } from './directory-listener.js'
import type { ProvisioningStep } from './provisioning-steps.js'
import type { TenantRecord } from './tenant-record.js'

/** Parts of the messages that provisioning sends. They have no parameters: what stands in them was validated. */

/**
 * For every step but the last: the server need not have written it to disk before the next one begins. Nobody is told
 * that a tenant is there before the last step is on disk, and with it all that came before. After a crash of the server
 * the next run finds an earlier step and goes on from there.
 */
export const NOT_THE_LAST = 'set local synchronous_commit = off;\n'

/** SQLSTATE raised when a tenant is no longer being provisioned by who began. */
export const LEASE_LOST = 'OS002'

/** Stops the transaction when the tenant is no longer being provisioned by us. */
export function fence({ tenant, organizationId }: TenantRecord, leaseOwner: string): string {
  return raiseUnless(
    `exists (select from public.tenant_schemas where organization_id = '${organizationId}'
       and state = 'provisioning' and lease_owner = ${pg.escapeLiteral(leaseOwner)})`,
    LEASE_LOST,
    `tenant ${tenant} is being provisioned by another process`,
  )
}

/**
 * A schema and the role that its grants are made to, which has its name. Roles belong to the whole cluster: another
 * database of it may have one of this name already. It is used unless it may do more than a tenant's role may.
 *
 * @param name - of a tenant's schema or of a spare one
 */
export function roleAndSchema(name: string): string {
  const tooPowerful =
    'rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin or not rolinherit'
  return (
    `do $orgscope$ begin create role "${name}" nologin inherit; exception when duplicate_object or unique_violation then ` +
    `if exists (select from pg_roles where rolname = '${name}' and (${tooPowerful})) then ` +
    `raise exception 'role % exists and is not the role of a tenant', '${name}'; end if; end $orgscope$;\n` +
    `create schema "${name}";\ngrant usage on schema "${name}" to "${name}";\n`
  )
}

/**
 * The role's place among the others. It comes last: these grants lock shared catalogues until the transaction ends,
 * and in front of the tables they would let only one tenant be made at a time.
 */
export function membershipsOfRole(name: string): string {
  return `grant orgscope_tenant to "${name}";\ngrant "${name}" to orgscope_gateway;\n`
}

/** Installed modules and their versions, the step that is done, and word to the gateways. */
export function recordInstalled(
  { tenant, organizationId }: TenantRecord,
  modules: readonly string[],
  applied: readonly Migration[],
  step: ProvisioningStep['name'] | undefined,
): string {
  const versionsOf = (migrations: readonly Migration[]): string =>
    JSON.stringify(Object.fromEntries(migrations.map(({ module, version }) => [module, version])))
  return (
    '/* tenants.installed */ update public.tenant_schemas set modules = array(select distinct unnest(modules || ' +
    `${textArray(modules)}) order by 1), schema_versions = schema_versions || '${versionsOf(applied)}', ` +
    `required_versions = required_versions || '${versionsOf(applied.filter(({ breaking }) => breaking))}', ` +
    (step === undefined ? '' : `completed_steps = array_append(completed_steps, '${step}'), `) +
    `updated_at = now() where organization_id = '${organizationId}';\n` +
    `/* tenants.announce */ notify ${DIRECTORY_CHANNEL}, '${tenant}';\n`
  )
}

export function recordStep({ organizationId }: TenantRecord, step: string): string {
  return (
    '/* tenants.step */ update public.tenant_schemas set completed_steps = ' +
    `array_append(completed_steps, '${step}'), updated_at = now() where organization_id = '${organizationId}';\n`
  )
}

/** A list of texts as SQL. */
export function textArray(values: readonly string[]): string {
  return `array[${values.map((value) => pg.escapeLiteral(value)).join(', ')}]::text[]`
}
