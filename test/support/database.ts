import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { inject } from 'vitest'
import { createPool } from '../../src/database/pool.js'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { parseTenantId, type TenantId } from '../../src/tenancy/tenant-id.js'

/** The migrated database without tenants that others are copied from. */
export const TEMPLATE = 'orgscope_template'

const GATEWAY_PASSWORD = 'gateway-in-tests'

/** A database of a test's own. */
export interface TestDatabase {
  /** As superuser. */
  readonly adminUrl: string
  /** As `orgscope_gateway`. */
  readonly gatewayUrl: string
  /** A pool as superuser that `drop` ends. */
  readonly admin: pg.Pool
  /** Opens a further pool, ended by `drop` as well. */
  pool(connectionString: string, max?: number): pg.Pool
  /** Drops the database and the roles of tenants made in it. */
  drop(): Promise<void>
}

/** The same server's URL for another database. */
export function databaseUrl(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

/** The same database's URL for the gateway. */
export function gatewayUrlOf(url: string): string {
  const changed = new URL(url)
  changed.username = 'orgscope_gateway'
  changed.password = GATEWAY_PASSWORD
  return changed.href
}

/** A tenant id no other test uses: roles belong to the cluster, so tests in other databases see each other's. */
export function uniqueTenant(prefix = 't'): TenantId {
  return parseTenantId(`${prefix}_${randomBytes(6).toString('hex')}`)
}

/** A copy of the migrated template, prepared like an installation. `from: null` gives a database with nothing in it. */
export async function freshDatabase({ from = TEMPLATE as string | null } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer((server) => server.query(`create database ${name} template ${from ?? 'template0'}`))
  const adminUrl = databaseUrl(inject('adminUrl'), name)
  const gatewayUrl = gatewayUrlOf(adminUrl)
  const pools: pg.Pool[] = []
  const pool = (connectionString: string, max = 10): pg.Pool => {
    const opened = createPool({ connectionString, max, applicationName: `test ${name}` })
    pools.push(opened)
    return opened
  }
  const admin = pool(adminUrl)
  // CREATE DATABASE copies neither the database's own privileges nor, of course, the cluster's roles.
  if (from !== null) await prepareCluster({ admin, gatewayUrl })
  return {
    adminUrl,
    gatewayUrl,
    admin,
    pool,
    async drop() {
      const roles = from === null ? [] : await tenantRoles(admin)
      await Promise.all(pools.map((opened) => opened.end()))
      await onServer(async (server) => {
        await server.query(`drop database ${name} with (force)`)
        for (const role of roles) await dropRole(server, role)
      })
    },
  }
}

async function tenantRoles(admin: pg.Pool): Promise<string[]> {
  const { rows } = await admin.query<{ role: string }>(
    `select quote_ident(role_name) as role from public.tenant_schemas
     union all select quote_ident(schema_name) from public.spare_schemas`,
  )
  return rows.map(({ role }) => role)
}

/** A role that another database's tenant of the same name uses stays. */
async function dropRole(server: pg.Pool, role: string): Promise<void> {
  await server.query(`drop role if exists ${role}`).catch((error: { code?: string }) => {
    if (error.code !== '2BP01') throw error
  })
}

async function onServer(work: (server: pg.Pool) => Promise<unknown>): Promise<void> {
  const server = createPool({ connectionString: inject('adminUrl'), max: 1, applicationName: 'test support' })
  try {
    await work(server)
  } finally {
    await server.end()
  }
}
