import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../../src/fleet/migration-files.js'
import { archiveTenant } from '../../../src/tenancy/archive/archive-tenant.js'
import { checkArchive } from '../../../src/tenancy/archive/check-archive.js'
import { exportTenant } from '../../../src/tenancy/archive/export-tenant.js'
import { importTenant } from '../../../src/tenancy/archive/import-tenant.js'
import { restoreTenant } from '../../../src/tenancy/archive/restore-tenant.js'
import { provisionTenant } from '../../../src/tenancy/provisioner.js'
import { schemaOf, type TenantId } from '../../../src/tenancy/tenant-id.js'
import { findTenant, showTenant } from '../../../src/tenancy/tenant-record.js'
import { compileProgram, type CompiledProgram } from '../../support/compiled-program.js'
import { uniqueTenant } from '../../support/database.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { contentsOf } from './support/contents.js'

/** Kills in one run; `KILL_ROUNDS=200 KILL_SEED=7 npx vitest run test/tenancy/archive/kills.test.ts` for more. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 20)
const SEED = Number(process.env['KILL_SEED'] ?? 20_261_120)

const OPERATIONS = ['export', 'import', 'archive', 'restore'] as const
type Operation = (typeof OPERATIONS)[number]
/** About as many points as each operation comes to; one behind the last means that it is let finish. */
const POINTS: Record<Operation, number> = { export: 34, import: 34, archive: 66, restore: 66 }

let gateway: TestGateway
let admin: pg.Pool
let migrations: MigrationCatalogue
let program: CompiledProgram
let acme: TestOrganization
let folder: string
let archived: string
beforeAll(async () => {
  migrations = await loadMigrations()
  gateway = await TestGateway.start()
  admin = gateway.database.admin
  acme = await gateway.organization({ modules: [] })
  program = compileProgram('test/tenancy/archive/support/lifecycle-program.ts')
  folder = await mkdtemp(join(tmpdir(), 'orgscope-kills-'))
  archived = join(folder, 'whole')
  await exportTenant(admin, acme.id, archived)
})
afterAll(async () => {
  program?.remove()
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
})

/** Park and Miller's generator: the same kills for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed % 2_147_483_647
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** Starts an operation and kills its process at a point, or a moment after it; resolves to what it said. */
async function kill(
  operation: Operation,
  tenant: TenantId,
  path: string,
  point: number,
  delay: number | undefined,
): Promise<string> {
  const child = program.start(
    gateway.database.adminUrl,
    operation,
    tenant,
    path,
    String(delay === undefined ? point : 0),
  )
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    said.push(line)
    if (line === 'stopped' || (delay !== undefined && said.length === point)) break
  }
  if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay))
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return said.slice(-2).join(', ')
}

test(
  `${ROUNDS} times killed at a random point, everything is finished or started over, and nothing is lost`,
  { timeout: 60_000 + ROUNDS * 15_000 },
  async () => {
    const random = randomNumbers(SEED)
    const whole = await contentsOf(admin, schemaOf(acme.id))
    const kills: string[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const operation = OPERATIONS[round % OPERATIONS.length] as Operation
      const point = 1 + Math.floor(random() * POINTS[operation])
      const delay = random() < 0.5 ? undefined : Math.floor(random() * 30)
      const path = join(folder, `round-${round}`)
      const tenant = operation === 'import' ? uniqueTenant() : acme.id
      kills.push(
        `${operation} at ${point}: ${await kill(operation, tenant, operation === 'import' ? archived : path, point, delay)}`,
      )
      await check(operation, tenant, path, whole)
    }
    expect(kills).toHaveLength(ROUNDS)
  },
)

/** What a kill left is whole or not there; the next run makes it whole. */
async function check(operation: Operation, tenant: TenantId, path: string, whole: unknown): Promise<void> {
  const wait = 20_000
  if (operation === 'export') {
    // The folder has its name only when it is complete.
    if ((await readdir(folder)).includes(path.split('/').at(-1)!)) await checkArchive(path, migrations)
    else await exportTenant(admin, tenant, path)
    await checkArchive(path, migrations)
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
    return
  }
  const before = await findTenant(admin, tenant)
  if (operation === 'import') {
    if (before?.state !== 'active') {
      expect([undefined, 'requested', 'provisioning']).toContain(before?.state)
      // Provisioning would open an empty organization in its place.
      if (before !== undefined) {
        await expect(provisionTenant(admin, tenant, { wait })).rejects.toThrow(
          /The import of tenant .* is not finished/,
        )
      }
      await importTenant(admin, await checkArchive(archived, migrations), { as: tenant, migrations, wait })
    }
  } else if (operation === 'archive') {
    expect(['active', 'suspended', 'archived']).toContain(before?.state)
    await archiveTenant(admin, tenant, { directory: path, migrations, wait })
    expect(await schemas(tenant)).toEqual([])
    // The next round restores it.
    return
  } else if (before?.state !== 'active') {
    expect(['archived', 'provisioning']).toContain(before?.state)
    await restoreTenant(admin, tenant, { migrations, wait })
  }
  expect(await showTenant(admin, tenant)).toMatchObject({ state: 'active', leaseOwner: null })
  expect(await contentsOf(admin, schemaOf(tenant))).toEqual(whole)
  const { rows } = await admin.query(
    `select (select count(*)::integer from public.tenant_operations o join public.tenant_schemas t using (organization_id)
        where t.schema_name = $1 and finished_at is null) as open,
       (select count(*)::integer from public.organizations where org_key = $2) as organizations`,
    [schemaOf(tenant), tenant],
  )
  expect(rows).toEqual([{ open: 0, organizations: 1 }])
}

async function schemas(tenant: TenantId): Promise<unknown[]> {
  const { rows } = await admin.query('select nspname from pg_namespace where nspname = $1', [
    schemaOf(tenant),
  ])
  return rows
}
