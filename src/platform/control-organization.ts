import type pg from 'pg'
import type { EntityRow } from '../entity/rows.js'
import { AppError } from '../errors.js'
import type { PlatformActor } from '../tenancy/platform-audit.js'
import { provisionTenant } from '../tenancy/provisioner.js'
import { requestTenant, type TenantRequest } from '../tenancy/tenant-request.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import { checkedText } from './checked-text.js'
import { organizationKey, showOrganization } from './find-organization.js'
import type { OptionalModule } from './optional-module.js'
import type { CreateOrganizationInput, CreateOrganizationPayload } from './organization.inputs.js'
import type { PlatformContext } from './platform-context.js'

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

/** Writes the request down and fulfils it. Throws CONFLICT when there is another organization with this key. */
export async function createOrganization(
  context: PlatformContext,
  input: CreateOrganizationInput,
): Promise<CreateOrganizationPayload> {
  const request = requestOf(input)
  const { tenant } = request
  const { unavailable } = await context.control(tenant, async (admin, by) => {
    await requestTenant(admin, request, by)
    return provisionTenant(admin, tenant, { by, migrations: context.migrations })
  })
  return {
    organization: await showOrganization(context, tenant),
    unavailableModules: unavailable as OptionalModule[],
  }
}

function requestOf({
  key,
  name,
  slug,
  plan,
  modules,
  region,
  adminEmail,
}: CreateOrganizationInput): TenantRequest {
  if (!EMAIL.test(adminEmail)) {
    throw new AppError('BAD_USER_INPUT', 'input.adminEmail is not an e-mail address.', {
      field: 'input.adminEmail',
    })
  }
  return {
    tenant: organizationKey(key, 'input.key'),
    name: checkedText(name, 'input.name', 200),
    slug: slug ?? undefined,
    plan: plan ?? undefined,
    modules: modules ?? [],
    region: region === null || region === undefined ? undefined : checkedText(region, 'input.region', 100),
    adminEmail,
  }
}

/** Does something to an organization that there is, and shows it afterwards. Throws NOT_FOUND. */
export async function controlOrganization(
  context: PlatformContext,
  key: string,
  work: (admin: pg.Pool, tenant: TenantId, by: PlatformActor) => Promise<unknown>,
): Promise<{ readonly organization: EntityRow }> {
  const tenant = organizationKey(key, 'key')
  await showOrganization(context, tenant)
  await context.control(tenant, (admin, by) => work(admin, tenant, by))
  return { organization: await showOrganization(context, tenant) }
}

/** Throws BAD_USER_INPUT unless the key was typed twice. */
export function requireConfirmation(key: string, confirm: string, what: string): void {
  if (confirm === key) return
  throw new AppError('BAD_USER_INPUT', `confirm differs from key. To ${what}, type its key twice.`, {
    field: 'confirm',
  })
}
