import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { createPool } from '../../src/database/pool.js'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { databaseUrl, gatewayUrlOf, TEMPLATE } from './database.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the maintenance database of the run's server, as superuser. */
    adminUrl: string
  }
}

/** Nothing of a test run has to survive a power cut; many small databases need little memory each. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
}

/**
 * One server for the whole run, with a migrated template that `freshDatabase` copies. ORGSCOPE_TEST_ADMIN_URL runs
 * the suite against another server (another Postgres version) instead; its database `orgscope_template` is replaced.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const external = process.env['ORGSCOPE_TEST_ADMIN_URL']
  const server =
    external === undefined ? await startOwnServer() : { adminUrl: external, stop: async () => {} }
  try {
    await buildTemplate(server.adminUrl)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('adminUrl', server.adminUrl)
  return () => server.stop()
}

async function startOwnServer(): Promise<{ adminUrl: string; stop: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'orgscope-test-'))
  const server = await startEmbeddedServer({ directory, settings: SETTINGS })
  return {
    adminUrl: server.adminUrl,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
      await rm(server.dataDirectory, { recursive: true, force: true })
    },
  }
}

async function buildTemplate(adminUrl: string): Promise<void> {
  const maintenance = createPool({ connectionString: adminUrl, max: 1, applicationName: 'test setup' })
  await maintenance.query(`drop database if exists ${TEMPLATE}`)
  await maintenance.query(`create database ${TEMPLATE}`)
  await maintenance.end()
  const templateUrl = databaseUrl(adminUrl, TEMPLATE)
  const admin = createPool({ connectionString: templateUrl, max: 2, applicationName: 'test setup' })
  try {
    await prepareCluster({ admin, gatewayUrl: gatewayUrlOf(templateUrl) })
    const { failures } = await migrateUp(admin, await loadMigrations())
    if (failures[0] !== undefined) throw new Error(`${failures[0].migration}: ${failures[0].reason}`)
  } finally {
    await admin.end()
  }
}
