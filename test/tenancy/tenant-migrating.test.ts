import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrateDown } from '../../src/fleet/migrate-down.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { DormantTenants } from '../../src/fleet/wake.js'
import type { DirectoryEntry } from '../../src/tenancy/tenant-directory.js'
import { servedVersions } from '../../src/tenancy/served-versions.js'
import { TenantActivity } from '../../src/tenancy/tenant-activity.js'
import type { TenantId } from '../../src/tenancy/tenant-id.js'
import { withMigration } from '../support/catalogue.js'
import { newTenant } from '../support/new-tenant.js'
import { TestGateway, TestOrganization } from '../support/gateway.js'

/** Two gateways beside each other on one database, as during a roll-out: an older program and a newer one. */
let files: MigrationCatalogue
let old: TestGateway
let acme: TestOrganization
const later: TestGateway[] = []
beforeAll(async () => {
  files = await loadMigrations()
  old = await TestGateway.start()
})
afterAll(async () => {
  for (const gateway of later) await gateway.close()
  await old?.close()
})
beforeEach(async () => {
  acme = await old.organization()
})

const QUERY = '{ organization { orgKey } }'

/** A gateway of a newer program, and how acme's admin asks it. */
async function newer(
  catalogue: MigrationCatalogue,
  told: { onBehind?: (entry: DirectoryEntry) => void; onServed?: (entry: DirectoryEntry) => void } = {},
) {
  const gate = { versions: servedVersions(catalogue), ...told }
  const gateway = await TestGateway.start({ database: old.database, gate })
  later.push(gateway)
  const there = new TestOrganization(gateway, acme.id, acme.organizationId)
  return { gateway, ask: () => there.as('admin').send(QUERY) }
}

function step(name: string, up = `create table ${name} (id integer);`, module = 'core'): MigrationCatalogue {
  return withMigration(files, { module, name, up, down: `drop table if exists ${name};` })
}

/** Each test tries a step of its own of the same number. */
async function takeBack(catalogue: MigrationCatalogue, tenant: TenantId): Promise<void> {
  await migrateDown(old.database.admin, catalogue, { module: 'core', to: latest(), only: [tenant] })
}

test('a newer gateway waits for a tenant’s schema, and serves it as soon as it is migrated', async () => {
  const catalogue = step('awaited')
  const { gateway, ask } = await newer(catalogue)
  const answer = await ask()
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
  expect(answer.errors).toMatchObject([
    { extensions: { code: 'TENANT_MIGRATING', module: 'core', tenant: acme.id } },
  ])
  // The check costs no statement of its own: what is known of the tenant is remembered.
  let connections = 0
  gateway.pool.on('acquire', () => (connections += 1))
  expect((await ask()).status).toBe(503)
  expect(connections).toBe(0)
  await migrateUp(old.database.admin, catalogue, { only: [acme.id] })
  await expect.poll(async () => (await ask()).status).toBe(200)
  await takeBack(catalogue, acme.id)
  await expect.poll(async () => (await ask()).status).toBe(503)
})

test('a migration that is marked as optional is not waited for', async () => {
  const { ask } = await newer(step('index_only', '-- orgscope: optional\ncreate index on teams (id);'))
  expect((await ask()).status).toBe(200)
})

test('only the modules a tenant has count', async () => {
  const { ask } = await newer(step('elsewhere', 'select 1;', 'compliance'))
  expect((await ask()).status).toBe(200)
})

test('an older gateway goes on serving a newer schema, unless the migration is marked as breaking', async () => {
  const compatible = step('compatible')
  await migrateUp(old.database.admin, compatible, { only: [acme.id] })
  expect(await acme.as('admin').query(QUERY)).toMatchObject({ organization: { orgKey: acme.id } })

  const breaking = withMigration(compatible, {
    module: 'core',
    name: 'breaking',
    up: '-- orgscope: breaking\ndrop table compatible;',
    down: 'create table compatible (id integer);',
  })
  const afterwards = withMigration(breaking, { module: 'core', name: 'after', up: 'select 1;' })
  await migrateUp(old.database.admin, afterwards, { only: [acme.id] })
  await expect.poll(async () => (await acme.as('admin').send(QUERY)).status).toBe(503)
  expect((await acme.as('admin').refusal(QUERY)).code).toBe('TENANT_MIGRATING')
  expect((await (await newer(afterwards)).ask()).status).toBe(200)

  await migrateDown(old.database.admin, afterwards, { module: 'core', to: latest() + 1, only: [acme.id] })
  await expect.poll(async () => (await acme.as('admin').send(QUERY)).status).toBe(200)
  await takeBack(afterwards, acme.id)
})

test('a tenant made with a breaking migration is not served by a gateway from before it', async () => {
  const breaking = step('born_later', '-- orgscope: breaking\nselect 1;')
  const tenant = await newTenant(old.database.admin, { migrations: breaking })
  const { rows } = await old.database.admin.query(
    `select required_versions as required from public.tenant_schemas t join public.organizations o
       on o.id = t.organization_id where o.org_key = $1`,
    [tenant],
  )
  expect(rows).toEqual([{ required: { core: latest() + 1 } }])
  await takeBack(breaking, tenant)
})

test('a stranger learns nothing of it', async () => {
  const stranger = await old.organization()
  const { gateway } = await newer(step('secret'))
  const there = new TestOrganization(gateway, stranger.id, stranger.organizationId)
  const headers = { ...(await there.as('admin').headers()), 'org-id': acme.id }
  const answer = await gateway.send('/graphql', headers, QUERY)
  expect(answer.errors).toMatchObject([{ extensions: { code: 'TENANT_NOT_FOUND' } }])
})

test('a dormant tenant that a run left out is migrated when somebody comes; one that waits its turn is not', async () => {
  const catalogue = step('awoken')
  const errors: unknown[] = []
  const dormant = new DormantTenants({
    admin: old.database.admin,
    migrations: catalogue,
    onError: (_, error) => errors.push(error),
  })
  const { ask } = await newer(catalogue, { onBehind: ({ tenant }) => dormant.wake(tenant) })
  expect((await ask()).status).toBe(503)
  await dormant.settled()
  expect((await ask()).status).toBe(503)

  await old.database.admin.query(
    `update public.tenant_schemas set last_active_at = now() - interval '1 year' where organization_id = $1`,
    [acme.organizationId],
  )
  const only = [acme.id]
  expect(await migrateUp(old.database.admin, catalogue, { only, dormantFor: 'P90D' })).toMatchObject({
    skipped: only,
  })
  const waking = new DormantTenants({ admin: old.database.admin, migrations: catalogue, onError: () => {} })
  const { ask: knock } = await newer(catalogue, { onBehind: ({ tenant }) => waking.wake(tenant) })
  expect((await knock()).status).toBe(503)
  await waking.settled()
  await expect.poll(async () => (await knock()).status).toBe(200)
  expect(errors).toEqual([])
})

test('when a tenant was last served is written down, once an hour at most', async () => {
  const activity = new TenantActivity(old.pool, { statementTimeout: 5_000 })
  const { ask } = await newer(files, { onServed: (entry) => activity.served(entry) })
  const lastActive = async () => {
    const { rows } = await old.database.admin.query<{ at: string | null }>(
      `select last_active_at as at from public.tenant_schemas where organization_id = $1`,
      [acme.organizationId],
    )
    return rows[0]!.at
  }
  expect(await lastActive()).toBeNull()
  await ask()
  await activity.flush()
  const first = await lastActive()
  expect(first).not.toBeNull()
  await ask()
  await activity.flush()
  expect(await lastActive()).toBe(first)
})

const latest = (): number => files.modules.get('core')!.migrations.length
