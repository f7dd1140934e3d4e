import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../../src/fleet/migration-files.js'
import { checkArchive } from '../../../src/tenancy/archive/check-archive.js'
import { exportTenant } from '../../../src/tenancy/archive/export-tenant.js'
import { importTenant } from '../../../src/tenancy/archive/import-tenant.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { canaryOf } from '../../isolation/support/canary.js'
import { plantCanaries } from '../../isolation/support/plant.js'
import { fingerprint, withMigration } from '../../support/catalogue.js'
import { compileProgram } from '../../support/compiled-program.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../../support/database.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { contentsOf } from './support/contents.js'

let gateway: TestGateway
let elsewhere: TestDatabase
let acme: TestOrganization
let folder: string
let migrations: MigrationCatalogue
beforeAll(async () => {
  migrations = await loadMigrations()
  gateway = await TestGateway.start()
  elsewhere = await freshDatabase()
  acme = await gateway.organization()
  const barren = await plantCanaries(gateway.database.admin, canaryOf(acme))
  expect(barren).toEqual([])
  folder = await mkdtemp(join(tmpdir(), 'orgscope-archives-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
  await elsewhere?.drop()
})

test('a tenant arrives in another installation with every row of every table', async () => {
  const { admin } = gateway.database
  const to = join(folder, 'whole')
  const exported = await exportTenant(admin, acme.id, to)
  const archive = await checkArchive(to, migrations)
  const imported = await importTenant(elsewhere.admin, archive, { migrations })
  expect(imported.tenant).toMatchObject({ tenant: acme.id, state: 'active' })
  const before = await contentsOf(admin, schemaOf(acme.id))
  const after = await contentsOf(elsewhere.admin, schemaOf(acme.id))
  expect(after).toEqual(before)
  expect(exported.rows).toBeGreaterThan(100)
  expect(await fingerprint(elsewhere.admin, schemaOf(acme.id))).toEqual(
    await fingerprint(admin, schemaOf(acme.id)),
  )
})

test('an archive comes into a newer version: at the versions it was taken at, and then migrated', async () => {
  const newer = withMigration(migrations, {
    module: 'core',
    name: 'team_colour',
    up: `alter table teams add column colour text not null default 'blue';`,
  })
  const as = uniqueTenant()
  const archive = await checkArchive(join(folder, 'whole'), newer)
  const { tenant } = await importTenant(elsewhere.admin, archive, { as, migrations: newer })
  expect(tenant.schemaVersions['core']).toBe(migrations.modules.get('core')!.migrations.length + 1)
  const { rows } = await elsewhere.admin.query(`select distinct colour from ${schemaOf(as)}.teams`)
  expect(rows).toEqual([{ colour: 'blue' }])
})

test('an export while others write is of one moment: every event is there with what was counted with it', async () => {
  const { admin } = gateway.database
  const schema = schemaOf(acme.id)
  let writing = true
  let written = 0
  const writer = (async () => {
    while (writing) {
      // Both or none: a team and its audit row, in tables that are exported far apart.
      await admin.query(
        `with made as (insert into ${schema}.teams (name) values ('written ' || $1::text) returning id)
         insert into ${schema}.audit_logs (event_type, resource_type, resource_id, action_description)
         select 'create', 'Team', id::text, 'written while exporting' from made`,
        [written],
      )
      written += 1
    }
  })()
  const to = join(folder, 'while-writing')
  await exportTenant(admin, acme.id, to, {
    onProgress: async () => {
      const before = written
      while (written === before) await new Promise((resolve) => setImmediate(resolve))
    },
  })
  writing = false
  await writer
  const as = uniqueTenant()
  await importTenant(elsewhere.admin, await checkArchive(to, migrations), { as, migrations })
  const { rows } = await elsewhere.admin.query<{ teams: number; acts: number }>(
    `select (select count(*)::integer from ${schemaOf(as)}.teams where name like 'written %') as teams,
       (select count(*)::integer from ${schemaOf(as)}.audit_logs where action_description = 'written while exporting') as acts`,
  )
  expect(rows[0]!.acts).toBe(rows[0]!.teams)
  expect(written).toBeGreaterThan(rows[0]!.teams + 20)
})

test('an archive takes over no account: people are matched by id or subject, never by address', async () => {
  const to = join(folder, 'people')
  const source = await gateway.organization({ modules: [] })
  await exportTenant(gateway.database.admin, source.id, to)
  const { rows: people } = await gateway.database.admin.query<{ id: string; email: string; role: string }>(
    `select i.id, i.email, m.role from public.identities i join public.memberships m on m.identity_id = i.id
     where m.organization_id = $1`,
    [source.organizationId],
  )
  const of = (role: string): { id: string; email: string } => people.find((person) => person.role === role)!
  const there = elsewhere.admin
  // There, the admin is known by the same id under another address, the member's address is somebody else's account
  // with rights over the platform, and the viewer is new.
  await there.query(
    `insert into public.identities (id, email, is_verified, password_hash) values ($1, 'renamed@example.com', true, 'x')`,
    [of('admin').id],
  )
  const { rows: strangers } = await there.query<{ id: string }>(
    `insert into public.identities (email, is_verified) values ($1, true) returning id`,
    [of('member').email.toUpperCase()],
  )
  const stranger = strangers[0]!.id
  await there.query(`insert into public.platform_admins (identity_id, level) values ($1, 'super_admin')`, [
    stranger,
  ])
  const imported = await importTenant(there, await checkArchive(to, migrations), { migrations })
  expect(imported).toMatchObject({ matchedPeople: 1, createdPeople: 2, withoutAccount: [of('member').email] })

  const { rows: accounts } = await there.query(
    `select i.id, i.email, i.is_verified, i.password_hash, m.role from public.identities i
     left join public.memberships m on m.identity_id = i.id where i.id = any($1) order by m.role nulls last`,
    [[...people.map(({ id }) => id), stranger]],
  )
  expect(accounts).toEqual([
    {
      id: of('admin').id,
      email: 'renamed@example.com',
      is_verified: true,
      password_hash: 'x',
      role: 'admin',
    },
    { id: of('owner').id, email: of('owner').email, is_verified: false, password_hash: null, role: 'owner' },
    {
      id: of('viewer').id,
      email: of('viewer').email,
      is_verified: false,
      password_hash: null,
      role: 'viewer',
    },
    {
      id: stranger,
      email: of('member').email.toUpperCase(),
      is_verified: true,
      password_hash: null,
      role: null,
    },
  ])
  const { rows: links } = await there.query('select count(*)::integer as links from public.sso_accounts')
  expect(links).toEqual([{ links: 0 }])
  const { rows: organizations } = await there.query(
    'select distinct organization_id from public.memberships where identity_id = any($1)',
    [people.map(({ id }) => id)],
  )
  expect(organizations).toEqual([{ organization_id: imported.tenant.organizationId }])
})

test('somebody who signs in with the same subject elsewhere is the same person there, under the id they have there', async () => {
  const source = await gateway.organization({ modules: [] })
  const { admin } = gateway.database
  const email = `member@${source.id}.example`
  const { rows: found } = await admin.query<{ id: string }>(
    'select id from public.identities where email = $1',
    [email],
  )
  const here = found[0]!.id
  const link = async (db: typeof admin, identity: string, organization: string | null): Promise<void> => {
    await db.query(
      `with provider as (insert into public.sso_providers (organization_id, name, provider_type, issuer)
         values ($1, $2, 'oidc', 'https://id.example.com') returning id)
       insert into public.sso_accounts (identity_id, provider_id, external_subject) select $3, id, 'subject-7' from provider`,
      [organization, `provider ${source.id}`, identity],
    )
  }
  await link(admin, here, source.organizationId)
  await admin.query(`insert into ${schemaOf(source.id)}.teams (name, lead_id) values ('Led', $1)`, [here])
  const to = join(folder, 'subjects')
  await exportTenant(admin, source.id, to)
  const { rows: made } = await elsewhere.admin.query<{ id: string }>(
    `insert into public.identities (email) values ('other-address@example.com') returning id`,
  )
  const there = made[0]!.id
  await link(elsewhere.admin, there, null)
  await importTenant(elsewhere.admin, await checkArchive(to, migrations), { migrations })
  const schema = schemaOf(source.id)
  const { rows } = await elsewhere.admin.query(
    `select (select lead_id from ${schema}.teams where name = 'Led') as lead, (select email from ${schema}.users where id = $1) as email,
       (select count(*)::integer from ${schema}.user_roles where user_id = $1) as roles,
       (select count(*)::integer from public.memberships where identity_id = $1) as memberships,
       (select count(*)::integer from public.identities where id = $2) as old`,
    [there, here],
  )
  expect(rows).toEqual([{ lead: there, email, roles: 1, memberships: 1, old: 0 }])
})

test(
  'memory does not grow with the data: 72 MB go out and in again within 64 MB of what nothing takes',
  { timeout: 120_000 },
  async () => {
    const { admin, adminUrl } = gateway.database
    const program = compileProgram('test/tenancy/archive/support/export-memory-program.ts')
    try {
      const measure = async (tenant: string, name: string): Promise<{ bytes: number; resident: number }> => {
        const child = program.start(adminUrl, tenant, join(folder, name), uniqueTenant())
        let output = ''
        child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
        await once(child, 'close')
        return JSON.parse(output) as { bytes: number; resident: number }
      }
      const source = await gateway.organization({ modules: [] })
      const small = await measure(source.id, 'small')
      await admin.query(
        `insert into ${schemaOf(source.id)}.change_tracking (table_name, record_id, operation_type, old_value, change_set_id, sequence_number)
       select 'teams', n::text, 'update', repeat(md5(n::text), 150), gen_random_uuid(), n from generate_series(1, 15000) as n`,
      )
      const large = await measure(source.id, 'large')
      expect(large.bytes).toBeGreaterThan(72_000_000)
      expect(large.resident - small.resident).toBeLessThan(64_000_000)
    } finally {
      program.remove()
    }
  },
)
