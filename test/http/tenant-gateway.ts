import { onTestFinished } from 'vitest'
import type { GraphqlApi } from '../../src/graphql/api.js'
import { accountApi } from '../../src/account/account-api.js'
import { platformApi } from '../../src/platform/platform-api.js'
import { tenantApi } from '../../src/graphql/tenant-api.js'
import { createAuthenticator } from '../../src/http/authentication/authenticate.js'
import type { TrustedIssuer } from '../../src/http/authentication/trusted-issuer.js'
import type { LocalIssuer } from '../../src/http/authentication/local-issuer.js'
import { databaseReadiness } from '../../src/http/readiness.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { DirectoryListener } from '../../src/tenancy/directory-listener.js'
import { provisionTenant } from '../../src/tenancy/provisioner.js'
import { TenantDirectory } from '../../src/tenancy/tenant-directory.js'
import type { TenantId } from '../../src/tenancy/tenant-id.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { uniqueTenant, type TestDatabase } from '../support/database.js'
import { ask, serve, temporaryIssuer, type Answer, type ServeOptions, type TestServer } from './support.js'

/** An organization with its owner. */
export interface Organization {
  readonly tenant: TenantId
  readonly organizationId: string
  readonly ownerId: string
}

/** Provisions an organization with module usage. */
export async function createOrganization(database: TestDatabase): Promise<Organization> {
  const tenant = uniqueTenant()
  const adminEmail = `owner@${tenant.replaceAll('_', '-')}.example`
  await requestTenant(database.admin, {
    tenant,
    name: `Organization ${tenant}`,
    modules: ['usage'],
    adminEmail,
    adminName: 'Ada Lovelace',
  })
  const outcome = await provisionTenant(database.admin, tenant)
  const { rows } = await database.admin.query<{ id: string }>(
    'select id from public.identities where email = $1',
    [adminEmail],
  )
  return { tenant, organizationId: outcome.tenant.organizationId, ownerId: rows[0]!.id }
}

/** Gives a person the control plane. */
export async function makePlatformAdmin(database: TestDatabase, identityId: string): Promise<void> {
  await database.admin.query(
    `insert into public.platform_admins (identity_id, level) values ($1, 'super_admin')`,
    [identityId],
  )
}

export interface TenantGateway extends TestServer {
  readonly issuer: LocalIssuer
  readonly directory: TenantDirectory
  /** Asks the tenant API as a person. */
  askAs(
    identityId: string,
    tenant: string,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<Answer>
}

export interface TenantGatewayOptions extends ServeOptions {
  /** Reaches the database through this URL instead of the gateway's own. */
  readonly databaseUrl?: string
  readonly issuers?: readonly TrustedIssuer[]
  readonly poolSize?: number
  /** Milliseconds. */
  readonly statementTimeout?: number
  /** Whose owner's credentials GraphiQL starts with. */
  readonly demo?: Organization
}

/** The three APIs as they are served: authentication, directory with its listener, readiness. */
export async function tenantGateway(
  database: TestDatabase,
  {
    databaseUrl = database.gatewayUrl,
    issuers = [],
    poolSize = 4,
    statementTimeout = 5_000,
    demo,
    ...options
  }: TenantGatewayOptions = {},
): Promise<TenantGateway> {
  const pool = database.pool(databaseUrl, poolSize)
  const session = { statementTimeout }
  const directory = new TenantDirectory(pool, session)
  const listener = new DirectoryListener(databaseUrl, directory)
  await listener.start()
  onTestFinished(() => listener.stop())
  const issuer = await temporaryIssuer()
  const migrations = await loadMigrations()
  const server = await serve({
    apis: [
      tenantApi({ pool, directory, session }),
      accountApi({ pool, session }),
      platformApi({ pool, directory, session, migrations, admin: database.admin }),
    ],
    authenticate: createAuthenticator({ directory, issuers: [issuer.trusted(), ...issuers] }),
    readiness: databaseReadiness({ pool, migrations }),
    graphiqlHeaders: demo && (async (api) => demoHeaders(issuer, demo, api)),
    ...options,
  })
  return {
    ...server,
    issuer,
    directory,
    async askAs(identityId, tenant, query, variables = {}) {
      const token = await issuer.sign({ identityId, expiresIn: 60 })
      const headers = { authorization: `Bearer ${token}`, 'org-id': tenant }
      return ask(`${server.url}/graphql`, query, headers, { variables })
    },
  }
}

async function demoHeaders(
  issuer: LocalIssuer,
  { ownerId, tenant }: Organization,
  api: GraphqlApi['name'],
): Promise<Record<string, string>> {
  const authorization = `Bearer ${await issuer.sign({ identityId: ownerId, expiresIn: 3_600 })}`
  return api === 'tenant' ? { 'org-id': tenant, authorization } : { authorization }
}
