import { join } from 'node:path'
import type pg from 'pg'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import type { GraphiqlHeaders } from '../../http/graphiql/register.js'
import type { LocalIssuer } from '../../http/authentication/local-issuer.js'
import { packageRoot } from '../../package-root.js'
import { applyManifest } from '../../tenancy/apply-manifest.js'
import { loadManifests } from '../../tenancy/tenant-manifest.js'
import type { TenantRecord } from '../../tenancy/tenant-record.js'
import { DEMO_TOKEN_LIFETIME, demoKeys, demoOperator, demoPeople } from './demo-access.js'
import type { Demo } from './demo-banner.js'
import { loadDemoData } from './load-demo-data.js'

export interface DemoParts {
  readonly admin: pg.Pool
  readonly gateway: pg.Pool
  readonly issuer: LocalIssuer
  readonly migrations: MigrationCatalogue
}

/** Makes the demo tenants of `tenants/` with their data, people and credentials, as far as they are not there yet. */
export async function prepareDemo({ admin, gateway, issuer, migrations }: DemoParts): Promise<Demo> {
  const manifests = await loadManifests([join(packageRoot, 'tenants')])
  const tenants: TenantRecord[] = []
  for (const manifest of manifests) {
    // What somebody tried out with plans and modules outlives a restart.
    const { tenant } = await applyManifest(admin, manifest, { migrations, keepEntitlements: true })
    await loadDemoData(gateway, manifest, tenant)
    tenants.push(tenant)
  }
  return {
    tenants,
    people: await demoPeople(admin, issuer, manifests),
    keys: await demoKeys(admin, issuer, manifests),
    operator: await demoOperator(admin, issuer),
  }
}

/** What GraphiQL starts with on each API: somebody who sees something there. Tokens are made for each page. */
export function demoHeaders(issuer: LocalIssuer, { people, operator }: Demo): GraphiqlHeaders {
  const analyst = people.find(({ tenant, role }) => tenant === 'techcorp' && role === 'owner') ?? people[0]
  const bearer = async (identityId: string): Promise<string> =>
    `Bearer ${await issuer.sign({ identityId, expiresIn: DEMO_TOKEN_LIFETIME })}`
  return async (api) => {
    if (api === 'platform') return { authorization: await bearer(operator.identityId) }
    if (analyst === undefined) return {}
    const authorization = await bearer(analyst.identityId)
    return api === 'tenant' ? { 'org-id': analyst.tenant, authorization } : { authorization }
  }
}
