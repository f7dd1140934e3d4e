import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMigrations } from '../../../src/fleet/migration-files.js'
import { archiveTenant } from '../../../src/tenancy/archive/archive-tenant.js'
import { checkArchive } from '../../../src/tenancy/archive/check-archive.js'
import { importTenant } from '../../../src/tenancy/archive/import-tenant.js'
import { restoreTenant } from '../../../src/tenancy/archive/restore-tenant.js'
import { dropSpares, fillSpares } from '../../../src/tenancy/spares/spare-pool.js'
import { listSpares } from '../../../src/tenancy/spares/spare-schemas.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { commandLineOf, type CommandLine } from '../../cli/support/command-line.js'
import { canaryOf } from '../../isolation/support/canary.js'
import { plantCanaries } from '../../isolation/support/plant.js'
import { uniqueTenant } from '../../support/database.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { contentsOf } from './support/contents.js'

let gateway: TestGateway
let admin: pg.Pool
let acme: TestOrganization
let orgscope: CommandLine
let folder: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  admin = gateway.database.admin
  folder = await mkdtemp(join(tmpdir(), 'orgscope-lifecycle-'))
  orgscope = commandLineOf(gateway.database, folder)
  acme = await gateway.organization()
  expect(await plantCanaries(admin, canaryOf(acme))).toEqual([])
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
})

/** What the operator's log says of a tenant, oldest first. */
async function acts(tenant: string): Promise<string[]> {
  const { rows } = await admin.query<{ event_type: string }>(
    'select event_type from public.platform_audit_logs where target_id = $1 order by id',
    [tenant],
  )
  return rows.map(({ event_type }) => event_type)
}

const TEAMS = '{ teams { nodes { name } } }'

test('an archived organization is gone from the database and from its members’ sight, and comes back whole', async () => {
  const before = await contentsOf(admin, schemaOf(acme.id))
  const asked = await orgscope(['tenant', 'archive', acme.id])
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('Give --yes') as string })
  const { folder: archive, tenant } = await orgscope.json<{ folder: string; tenant: { state: string } }>(
    ...['tenant', 'archive', acme.id, '--yes'],
  )
  expect(tenant.state).toBe('archived')
  expect(archive.startsWith(join(folder, 'archives'))).toBe(true)
  const { rows } = await admin.query('select from pg_namespace where nspname = $1', [schemaOf(acme.id)])
  expect(rows).toEqual([])
  expect((await acme.as('owner').refusal(TEAMS)).extensions['code']).toBe('TENANT_NOT_FOUND')
  expect(await orgscope.json('tenant', 'archive', acme.id, '--yes')).toMatchObject({ folder: archive })

  expect(await orgscope.json('tenant', 'restore', acme.id)).toMatchObject({ state: 'active' })
  const after = await contentsOf(admin, schemaOf(acme.id))
  expect(after).toEqual(before)
  await acme.as('owner').query(TEAMS)
  expect(await acts(acme.id)).toEqual(
    expect.arrayContaining([
      'tenant.suspended',
      'tenant.exported',
      'tenant.archived',
      'tenant.provisioning',
      'tenant.active',
    ]),
  )
})

test('a clone has the rows and the people of the original and none of its keys, webhooks and sign-in secrets', async () => {
  const copy = uniqueTenant()
  await orgscope.json('tenant', 'clone', acme.id, '--as', copy)
  const before = await contentsOf(admin, schemaOf(acme.id))
  const after = await contentsOf(admin, schemaOf(copy))
  const silenced = ['webhook_endpoints', 'webhook_deliveries', 'outbox_events']
  for (const table of Object.keys(before).filter((name) => !silenced.includes(name))) {
    expect({ table, rows: after[table] }).toEqual({ table, rows: before[table] })
  }
  const { rows } = await admin.query(
    `select (select count(*)::integer from public.api_keys where organization_id = o.id) as keys,
       (select count(*)::integer from public.scim_tokens where organization_id = o.id) as tokens,
       (select count(*)::integer from public.provider_credentials where organization_id = o.id) as credentials,
       (select count(*)::integer from public.sso_providers where organization_id = o.id and (is_active or client_secret is not null)) as providers,
       (select count(*)::integer from public.organization_domains where organization_id = o.id and status = 'verified') as domains,
       (select count(*)::integer from ${schemaOf(copy)}.webhook_endpoints) as webhooks,
       (select count(*)::integer from ${schemaOf(copy)}.outbox_events where status = 'pending') as pending,
       (select count(*)::integer from public.memberships where organization_id = o.id) > 3 as members
     from public.organizations o where org_key = $1`,
    [copy],
  )
  expect(rows).toEqual([
    { keys: 0, tokens: 0, credentials: 0, providers: 0, domains: 0, webhooks: 0, pending: 0, members: true },
  ])
  expect(await readdir(join(folder, 'archives'))).not.toContainEqual(expect.stringContaining('.clone-'))
})

test('an anonymous clone names nobody, and adds up to the same', async () => {
  const copy = uniqueTenant()
  const lonely = await orgscope(['tenant', 'clone', acme.id, '--as', copy, '--anonymize'])
  expect(lonely).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name its owner with --admin-email') as string,
  })
  const tester = `tester@${copy}.example`
  await orgscope.json('tenant', 'clone', acme.id, '--as', copy, '--anonymize', '--admin-email', tester)
  const people = await admin.query<{ id: string; email: string }>(
    `select id, email from ${schemaOf(acme.id)}.users`,
  )
  const text = JSON.stringify(await contentsOf(admin, schemaOf(copy))).toLowerCase()
  const named = people.rows.filter(
    ({ id, email }) => text.includes(id) || (email.includes('@') && text.includes(email.toLowerCase())),
  )
  expect(named).toEqual([])
  const sums = (schema: string): Promise<pg.QueryResult> =>
    admin.query(
      `select (select count(*) from ${schema}.usage_events) as events, (select sum(total_cost)::text from ${schema}.usage_events) as cost,
         (select sum(total_cost)::text from ${schema}.usage_rollups_daily) as daily, (select count(*) from ${schema}.audit_logs) as acts`,
    )
  expect((await sums(schemaOf(copy))).rows).toEqual((await sums(schemaOf(acme.id))).rows)
  const { rows } = await admin.query(
    `select i.email, m.role from public.memberships m join public.identities i on i.id = m.identity_id
     join public.organizations o on o.id = m.organization_id where o.org_key = $1`,
    [copy],
  )
  expect(rows).toEqual([{ email: tester, role: 'owner' }])
})

test('no copy is made out of a spare schema', async () => {
  const migrations = await loadMigrations()
  const { made } = await fillSpares(admin, migrations, { count: 1, sets: [['usage']] })
  try {
    const copy = uniqueTenant()
    await orgscope.json('tenant', 'clone', acme.id, '--as', copy)
    await orgscope.json('tenant', 'archive', copy, '--yes')
    await orgscope.json('tenant', 'restore', copy)
    expect((await listSpares(admin, migrations)).map(({ name }) => name)).toEqual(made)
  } finally {
    await dropSpares(admin, migrations)
  }
})

test('a renamed organization keeps its id, and another one’s name or slug is refused', async () => {
  const { id } = await gateway.organization({ modules: [] })
  const renamed = [
    'tenant',
    'rename',
    id,
    '--name',
    `Industries ${id}`,
    '--slug',
    `industries-${id.replaceAll('_', '-')}`,
  ]
  expect(await orgscope.json(...renamed)).toMatchObject({ tenant: id, name: `Industries ${id}` })
  expect(await orgscope.json(...renamed)).toMatchObject({ tenant: id })
  expect((await acts(id)).filter((act) => act === 'tenant.renamed')).toHaveLength(1)
  const taken = await orgscope(['tenant', 'rename', id, '--name', `ORGANIZATION ${acme.id}`])
  expect(taken).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Another organization is called') as string,
  })
  const bad = await orgscope(['tenant', 'rename', id, '--slug', 'No Slug'])
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('Not a slug: No Slug') as string })
  const nothing = await orgscope(['tenant', 'rename', id])
  expect(nothing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--name, --slug, or both') as string,
  })
})

test('within the days of grace a deleted organization comes back as it was', async () => {
  const organization = await gateway.organization({ modules: [] })
  await orgscope.json('tenant', 'suspend', organization.id)
  await orgscope.json('tenant', 'delete', organization.id, '--yes')
  expect(await orgscope.json('tenant', 'undelete', organization.id)).toMatchObject({
    state: 'suspended',
    deleteAfter: null,
  })
  await orgscope.json('tenant', 'resume', organization.id)
  await orgscope.json('tenant', 'delete', organization.id, '--yes')
  expect(await orgscope.json('tenant', 'undelete', organization.id)).toMatchObject({ state: 'active' })
  await organization.as('owner').query(TEAMS)
  await orgscope.json('tenant', 'delete', organization.id, '--now', '--yes')
  const gone = await orgscope(['tenant', 'undelete', organization.id])
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is deleted and cannot be brought back') as string,
  })
})

test(
  'while an operation is not finished nothing else touches the tenant, and it can be taken back',
  { timeout: 90_000 },
  async () => {
    const organization = await gateway.organization({ modules: [] })
    const migrations = await loadMigrations()
    const stop = (at: string) => (step: string) => {
      if (step === at) throw new Error('the disk is full')
    }
    const directory = join(folder, 'interrupted')
    await expect(
      archiveTenant(admin, organization.id, { directory, migrations, onStep: stop('drop') }),
    ).rejects.toThrow('the disk is full')
    const { id } = organization
    for (const command of [
      ['tenant', 'resume', id],
      ['tenant', 'delete', id, '--yes'],
      ['tenant', 'erase-user', id, '--user', `member@${id}.example`, '--yes'],
      ['tenant', 'rename', id, '--name', 'Another name'],
      ['tenant', 'plan', id, 'free'],
      ['tenant', 'module', 'enable', id, 'usage'],
      ['tenant', 'module', 'disable', id, 'usage'],
      ['tenant', 'module', 'purge', id, 'usage', '--yes'],
    ]) {
      expect({ command, ...(await orgscope(command)) }).toMatchObject({
        command,
        code: 1,
        stderr: expect.stringMatching(/The archive of tenant .* is not finished\. Run it again/) as string,
      })
    }
    // The privilege that archiving takes away is not given back as if somebody had lost it.
    expect(await orgscope(['fleet', 'drift', '--only', id, '--repair', '--yes'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /nothing was changed: The archive of tenant .* is not finished/,
      ) as string,
    })
    expect(await orgscope.json('tenant', 'abort', organization.id, '--yes')).toMatchObject({
      aborted: 'archive',
    })
    await organization.as('owner').query(TEAMS)
    const nothing = await orgscope(['tenant', 'abort', organization.id, '--yes'])
    expect(nothing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is nothing to take back') as string,
    })

    // A failed restore leaves the tenant archived, a failed import leaves nothing.
    await orgscope.json('tenant', 'archive', organization.id, '--yes', '--to', directory)
    await expect(
      restoreTenant(admin, organization.id, { migrations, onStep: stop('migrate') }),
    ).rejects.toThrow('the disk is full')
    expect(await orgscope.json('tenant', 'show', organization.id)).toMatchObject({
      state: 'archived',
      modules: [],
    })
    await orgscope.json('tenant', 'restore', organization.id)
    await orgscope.json('tenant', 'export', organization.id, '--to', join(folder, 'whole'))
    const as = uniqueTenant()
    const archive = await checkArchive(join(folder, 'whole'), migrations)
    await expect(importTenant(admin, archive, { as, migrations, onStep: stop('activate') })).rejects.toThrow(
      'the disk is full',
    )
    expect(await orgscope(['tenant', 'show', as])).toMatchObject({ code: 2 })
    await importTenant(admin, archive, { as, migrations })
  },
)
