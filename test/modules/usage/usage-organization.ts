import type pg from 'pg'
import { inWriteSession, type Session } from '../../../src/tenancy/session.js'
import { tenantScope } from '../../../src/tenancy/session-scope.js'
import { schemaOf, type TenantId } from '../../../src/tenancy/tenant-id.js'
import { provisionTenant } from '../../../src/tenancy/provisioner.js'
import { requestTenant } from '../../../src/tenancy/tenant-request.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../../support/database.js'

export interface UsageOrganization {
  readonly database: TestDatabase
  readonly gateway: pg.Pool
  readonly tenant: TenantId
  readonly organizationId: string
  /** Runs work as the tenant's role in one write transaction. */
  inside<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
  /** Rows of the tenant's tables, read as superuser; the tables are in the search path. */
  rows<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>
  end(): Promise<void>
}

/** An organization with the module usage, in a database of its own. */
export async function usageOrganization(): Promise<UsageOrganization> {
  const database = await freshDatabase()
  const tenant = uniqueTenant('usage')
  await requestTenant(database.admin, { tenant, name: `Organization ${tenant}`, modules: ['usage'] })
  const { organizationId } = (await provisionTenant(database.admin, tenant)).tenant
  const gateway = database.pool(database.gatewayUrl)
  return {
    database,
    gateway,
    tenant,
    organizationId,
    inside: (work) =>
      inWriteSession(gateway, tenantScope(tenant, organizationId), { statementTimeout: 30_000 }, work),
    async rows<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      const client = await database.admin.connect()
      try {
        await client.query(`set search_path = ${schemaOf(tenant)}, public`)
        return (await client.query<Row>(text, [...values])).rows
      } finally {
        await client.query('reset search_path')
        client.release()
      }
    },
    end: () => database.drop(),
  }
}
