import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool } from '../../src/database/pool.js'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { showRun } from '../../src/fleet/run-record.js'
import { packageRoot } from '../../src/package-root.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { buildProgram } from '../cli/support/built-program.js'
import { serverPid, startServer, temporaryFolder, until } from '../database/embedded/support/sandbox.js'
import { withMigration } from '../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'

let database: TestDatabase
beforeAll(async () => {
  buildProgram()
  database = await freshDatabase()
})
afterAll(() => database?.drop())

test('30 runners killed with SIGKILL lose, halve and repeat nothing', { timeout: 240_000 }, async () => {
  const program = join(packageRoot, 'bench/faults.js')
  const args = ['--rounds', '30', '--tenants', '4', '--seed', '20240601', '--url', database.adminUrl]
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args])
  const result = JSON.parse(stdout) as { rounds: number; kills: Record<string, number> }
  expect(result).toMatchObject({ rounds: 30, tenants: 4, steps: 20 })
  expect(result.kills['during']).toBeGreaterThan(15)
})

test(
  'a Postgres that is killed in the middle of a wave and comes back is waited for',
  { timeout: 60_000 },
  async () => {
    const directory = temporaryFolder()
    const server = await startServer({ directory, settings: {} })
    const admin = createPool({ connectionString: server.adminUrl, max: 4, applicationName: 'test' })
    try {
      await prepareCluster({ admin })
      const files = await loadMigrations()
      await migrateUp(admin, files)
      const tenants = [
        await newTenant(admin),
        await newTenant(admin),
        await newTenant(admin),
        await newTenant(admin),
      ]
      const catalogue = withMigration(files, {
        module: 'core',
        name: 'outlived',
        up: 'create table outlived (id integer); insert into outlived values (1); select pg_sleep(0.5);',
      })
      // Once two tenants are done, the next two are in the middle of the step when it happens.
      let restarted: Promise<unknown> | undefined
      const outcome = await migrateUp(admin, catalogue, {
        concurrency: 2,
        onProgress: ({ type }) => {
          if (type !== 'tenant' || restarted !== undefined) return
          restarted = until(async () => {
            const { rowCount } = await admin.query(
              `select from pg_stat_activity a where wait_event = 'PgSleep' and exists
                 (select from public.fleet_run_items i where i.status = 'succeeded')`,
            )
            return rowCount! > 0
          })
            .then(() => process.kill(serverPid(server.dataDirectory), 'SIGKILL'))
            .then(() => until(() => server.said.some((line) => line.includes('is gone'))))
            .then(() => server.stop())
            .then(() => startServer({ directory, settings: {} }))
        },
      })
      const next = (await restarted) as Awaited<ReturnType<typeof startServer>>
      expect(next.port).toBe(server.port)
      expect(outcome).toMatchObject({ failures: [], status: 'succeeded', tenants: 4 })
      for (const tenant of tenants) {
        const { rows } = await admin.query(`select id from ${schemaOf(tenant)}.outlived`)
        expect(rows).toEqual([{ id: 1 }])
      }
      const { items } = await showRun(admin, outcome.run!)
      expect(Math.max(...items.map(({ attempts }) => attempts))).toBeGreaterThan(1)
    } finally {
      await admin.end()
    }
  },
)
