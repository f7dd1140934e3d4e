import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'
import { applyManifest } from '../../src/tenancy/apply-manifest.js'
import { enableModule } from '../../src/tenancy/change-modules.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { loadManifests, type TenantManifest } from '../../src/tenancy/tenant-manifest.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'

let database: TestDatabase
let techcorp: TenantManifest
let startupio: TenantManifest
beforeAll(async () => {
  database = await freshDatabase()
  const manifests = await loadManifests([join(packageRoot, 'tenants')])
  const ofOurOwn = (name: string): TenantManifest => {
    const manifest = manifests.find(({ id }) => id === name)!
    const id = uniqueTenant()
    return { ...manifest, id, name: `${manifest.name} ${id}`, slug: id.replaceAll('_', '-') }
  }
  techcorp = ofOurOwn('techcorp')
  startupio = ofOurOwn('startupio')
})
afterAll(() => database?.drop())

async function peopleOf({ id }: TenantManifest) {
  const schema = schemaOf(id)
  const { rows } = await database.admin.query(
    `select u.full_name as name, m.role, r.name as held, home.name as team, t.role as team_role,
       parent.name as below, u.id = i.id as same_id, p.user_id is not null as has_profile
     from public.memberships m
     join public.organizations o on o.id = m.organization_id and o.org_key = $1
     join public.identities i on i.id = m.identity_id
     join ${schema}.users u on u.id = i.id
     left join ${schema}.user_profiles p on p.user_id = u.id
     join ${schema}.user_roles h on h.user_id = u.id join ${schema}.roles r on r.id = h.role_id
     left join ${schema}.teams home on home.id = u.team_id
     left join ${schema}.team_members t on t.user_id = u.id and t.team_id = home.id
     left join ${schema}.teams parent on parent.id = home.parent_team_id
     order by u.email`,
    [id],
  )
  return rows
}

/** Everything applying may write, with its ids. */
async function snapshot({ id }: TenantManifest) {
  const schema = schemaOf(id)
  const { rows } = await database.admin.query(
    `select (select jsonb_agg(to_jsonb(u) order by u.id) from ${schema}.users u) as users,
       (select jsonb_agg(to_jsonb(t) order by t.id) from ${schema}.teams t) as teams,
       (select jsonb_agg(to_jsonb(m) order by m.id) from ${schema}.team_members m) as members,
       (select jsonb_agg(to_jsonb(h) order by h.id) from ${schema}.user_roles h) as roles,
       (select jsonb_agg(to_jsonb(m) order by m.id) from public.memberships m) as memberships,
       (select jsonb_agg(to_jsonb(i) order by i.id) from public.identities i) as identities,
       (select count(*) from public.platform_audit_logs) as audit`,
  )
  return rows[0]
}

test('applying a manifest makes the tenant with its people, teams and roles', async () => {
  expect(await applyManifest(database.admin, techcorp)).toMatchObject({
    tenant: { state: 'active', plan: 'enterprise', modules: ['usage'] },
    unavailable: ['compliance', 'llm', 'workspace'],
    people: 3,
    teamMemberships: 3,
  })
  const common = { same_id: true, has_profile: true }
  expect(await peopleOf(techcorp)).toEqual([
    {
      ...common,
      name: 'Alice Chen',
      role: 'member',
      held: 'member',
      team: 'Backend Squad',
      team_role: 'member',
      below: 'Engineering Team',
    },
    {
      ...common,
      name: 'Jane Smith',
      role: 'admin',
      held: 'admin',
      team: 'Frontend Squad',
      team_role: 'member',
      below: 'Engineering Team',
    },
    {
      ...common,
      name: 'John Doe',
      role: 'owner',
      held: 'owner',
      team: 'Engineering Team',
      team_role: 'lead',
      below: null,
    },
  ])
})

test('applying it again adds nothing and changes nothing', async () => {
  await applyManifest(database.admin, startupio)
  const before = await snapshot(startupio)
  expect(await applyManifest(database.admin, startupio)).toMatchObject({
    steps: [],
    people: 0,
    teamMemberships: 0,
  })
  expect(await snapshot(startupio)).toEqual(before)
})

test('what people changed since is not undone', async () => {
  const schema = schemaOf(techcorp.id)
  await applyManifest(database.admin, techcorp)
  await database.admin.query(
    `update ${schema}.teams set deleted_at = now() where name = 'Backend Squad';
     update ${schema}.team_members set left_at = now() where team_id = (select id from ${schema}.teams where name = 'Frontend Squad');
     update ${schema}.users set full_name = 'Jane Doe' where email like 'jane.%';
     update public.memberships m set role = 'viewer' from public.identities i
       where i.id = m.identity_id and i.email like 'alice.%'`,
  )
  const before = await snapshot(techcorp)
  expect(await applyManifest(database.admin, techcorp)).toMatchObject({ people: 0, teamMemberships: 0 })
  expect(await snapshot(techcorp)).toEqual(before)
})

test('the same manifest gives the same ids in another installation', async () => {
  const other = await freshDatabase()
  try {
    await applyManifest(other.admin, startupio)
    const ids = async ({ admin }: TestDatabase) =>
      (
        await admin.query(
          `select (select array_agg(id order by id) from ${schemaOf(startupio.id)}.users) as users,
             (select array_agg(id order by id) from ${schemaOf(startupio.id)}.teams) as teams`,
        )
      ).rows
    expect(await ids(other)).toEqual(await ids(database))
  } finally {
    await other.drop()
  }
})

test('a person known by the same address elsewhere is one identity with two memberships', async () => {
  const id = uniqueTenant()
  const shared: TenantManifest = {
    ...startupio,
    id,
    name: `Second ${id}`,
    slug: undefined,
    admin: { ...startupio.admin, email: startupio.admin.email.toUpperCase() },
    teams: [],
    members: [],
  }
  await applyManifest(database.admin, shared)
  const { rows } = await database.admin.query(
    `select count(distinct i.id)::integer as identities, count(*)::integer as memberships
     from public.identities i join public.memberships m on m.identity_id = i.id where lower(i.email) = lower($1)`,
    [startupio.admin.email],
  )
  expect(rows).toEqual([{ identities: 1, memberships: 2 }])
})

test('a manifest that differs from its tenant is refused, naming what differs', async () => {
  const renamed = { ...startupio, name: 'StartupIO Ltd', plan: 'enterprise' } as const
  await expect(applyManifest(database.admin, renamed)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/from what is asked for: name is \S+ \S+, asked for StartupIO Ltd\.$/),
  })
})

test('a manifest changes plan and modules, and drops nothing', async () => {
  const id = uniqueTenant()
  const first: TenantManifest = { ...startupio, id, name: id, slug: undefined, teams: [], members: [] }
  expect(await applyManifest(database.admin, { ...first, modules: [] })).toMatchObject({
    enabled: [],
    disabled: [],
    formerPlan: undefined,
  })
  const usage: TenantManifest = { ...first, modules: ['usage'], plan: 'enterprise' }
  expect(await applyManifest(database.admin, usage)).toMatchObject({
    formerPlan: 'pro',
    enabled: ['usage'],
    installed: ['usage'],
    steps: ['modules'],
    tenant: { plan: 'enterprise', entitledModules: ['usage'] },
  })
  await database.admin.query(`insert into ${schemaOf(id)}.cost_centers (name, code) values ('Kept', 'KEPT')`)
  const without = { ...usage, modules: [] }
  for (const disabled of [['usage'], []]) {
    expect(await applyManifest(database.admin, without)).toMatchObject({
      disabled,
      steps: [],
      tenant: { entitledModules: [], modules: ['usage'] },
    })
  }
  expect(await applyManifest(database.admin, { ...without, modules: ['usage'] })).toMatchObject({
    enabled: ['usage'],
    installed: [],
  })
  const { rows } = await database.admin.query(`select from ${schemaOf(id)}.cost_centers where code = 'KEPT'`)
  expect(rows).toHaveLength(1)
})

test('a module on trial stays on trial while the manifest lists it and no plan includes it', async () => {
  const id = uniqueTenant()
  const free: TenantManifest = {
    ...startupio,
    ...{ id, name: id, slug: undefined, plan: 'free', modules: [], teams: [], members: [] },
  }
  await applyManifest(database.admin, free)
  await enableModule(database.admin, id, 'llm', { access: 'trial' })
  const listed: TenantManifest = { ...free, modules: ['llm'] }
  await applyManifest(database.admin, listed)
  const access = async () => {
    const { rows } = await database.admin.query(
      `select a.access_level, a.expires_at is null as unlimited from public.module_access a
       join public.organizations o on o.id = a.organization_id where o.org_key = $1`,
      [id],
    )
    return rows
  }
  expect(await access()).toEqual([{ access_level: 'trial', unlimited: false }])
  await applyManifest(database.admin, { ...listed, plan: 'pro' })
  expect(await access()).toEqual([{ access_level: 'full', unlimited: true }])
  // A plan that no longer includes what the manifest lists takes nothing away.
  expect(await applyManifest(database.admin, listed)).toMatchObject({ disabled: [], enabled: [] })
  expect(await access()).toEqual([{ access_level: 'full', unlimited: true }])
})
