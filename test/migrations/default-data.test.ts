import { beforeAll, describe, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { sharedTarget } from '../../src/fleet/migration-message.js'
import { applyDefaultData, migrateTenant } from './support/migrate.js'
import { migrationDatabase, uniqueTarget } from './support/migration-database.js'

const database = migrationDatabase({ migrated: true })
const tenant = uniqueTarget('defaults')
const schema = tenant.schemaName
let catalogue: MigrationCatalogue

beforeAll(async () => {
  catalogue = await loadMigrations()
  await migrateTenant(database.client, await database.createSchema(tenant), catalogue)
})

async function applyAgain(): Promise<void> {
  await applyDefaultData(database.client, sharedTarget, catalogue.shared.defaultData)
  for (const { defaultData } of catalogue.modules.values()) {
    await applyDefaultData(database.client, tenant, defaultData)
  }
}

async function rows<Row extends object>(query: string): Promise<Row[]> {
  return (await database.client.query<Row>(query)).rows
}

/** Every row of every table as text; the ledger is not touched by default data. */
async function contents(): Promise<Record<string, unknown>> {
  const tables = await rows<{ name: string }>(
    `select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
     where nspname in ('public', '${schema}') and relkind in ('r', 'p') and not relispartition`,
  )
  const found: Record<string, unknown> = {}
  for (const { name } of tables) {
    const lines = await rows<{ line: string }>(`select t::text as line from ${name} t order by 1`)
    if (lines.length > 0) found[name] = lines.map(({ line }) => line)
  }
  return found
}

test('default rows applied again add and change nothing', async () => {
  const before = await contents()
  expect(Object.keys(before)).toEqual(
    expect.arrayContaining(['public.default_permissions', 'public.llm_price_components', `${schema}.roles`]),
  )
  await applyAgain()
  expect(await contents()).toEqual(before)
})

test('a grant that the organization closed stays closed', async () => {
  const other = await database.createSchema(uniqueTarget('closing'))
  await migrateTenant(database.client, other, catalogue)
  const closed = await database.client.query(
    `update ${other.schemaName}.role_permissions p set valid_until = now()
     from ${other.schemaName}.roles r where r.id = p.role_id and r.name = 'api_user'`,
  )
  await applyDefaultData(database.client, other, catalogue.modules.get('core')!.defaultData)
  expect(
    await rows(
      `select count(*)::integer as grants, count(p.valid_until)::integer as closed
       from ${other.schemaName}.role_permissions p join ${other.schemaName}.roles r on r.id = p.role_id
       where r.name = 'api_user'`,
    ),
  ).toEqual([{ grants: closed.rowCount, closed: 8 }])
})

test('a role of the organization keeps its name against a template of a later release', async () => {
  const other = await database.createSchema(uniqueTarget('named'))
  const [core] = catalogue.modules.values()
  await migrateTenant(database.client, other, {
    ...catalogue,
    modules: new Map([['core', { ...core!, defaultData: undefined }]]),
  })
  await database.client.query(`insert into ${other.schemaName}.roles (name) values ('manager')`)
  await applyDefaultData(database.client, other, core!.defaultData)
  expect(
    await rows(
      `select count(p.id)::integer as permissions, r.default_role_id
       from ${other.schemaName}.roles r left join ${other.schemaName}.role_permissions p on p.role_id = r.id
       where r.name = 'manager' group by r.id`,
    ),
  ).toEqual([{ permissions: 0, default_role_id: null }])
})

test('list prices are those of the vendor per 1,000,000 tokens, from ever on', async () => {
  expect(
    await rows(
      `select model_name, component, unit, amount::text, currency, effective_from::text, effective_to
       from public.llm_model_pricing p join public.llm_price_components c on c.pricing_id = p.id
       order by model_name, component`,
    ),
  ).toEqual(
    [
      ['gpt-3.5-turbo', 'input', '0.5'],
      ['gpt-3.5-turbo', 'output', '1.5'],
      ['gpt-4-turbo', 'input', '10'],
      ['gpt-4-turbo', 'output', '30'],
      ['gpt-4o', 'input', '2.5'],
      ['gpt-4o', 'output', '10'],
      ['gpt-4o-mini', 'input', '0.15'],
      ['gpt-4o-mini', 'output', '0.6'],
    ].map(([model_name, component, amount]) => ({
      model_name,
      component,
      unit: 'per_1m_tokens',
      amount,
      currency: 'USD',
      effective_from: '-infinity',
      effective_to: null,
    })),
  )
})

describe('the roles of a new organization', () => {
  const viewer = [
    ...[
      'user.read',
      'conversation.read',
      'document.read',
      'analytics.read',
      'organization.read',
      'team.read',
    ],
    ...['project.read', 'tool.read', 'usage.read'],
  ]
  const user = [
    ...['conversation.create', 'conversation.read', 'conversation.update', 'conversation.delete'],
    ...[
      'document.create',
      'document.read',
      'document.update',
      'document.delete',
      'document.process',
      'api.access',
    ],
  ]
  const every = (type: string, ...actions: string[]): string[] => actions.map((action) => `${type}.${action}`)
  const edits = ['create', 'read', 'update', 'delete']
  const expected: Record<string, string[]> = {
    viewer,
    user,
    member: [
      ...user,
      ...['organization.read', 'team.read', 'project.read', 'tool.read', 'usage.create', 'trial.read'],
    ],
    manager: [
      ...viewer,
      ...['user.update', 'role.read', 'role.assign', 'api.access', 'project.create', 'project.update'],
      ...['project.manage_members', 'team.manage_members'],
    ],
    analyst: [
      ...viewer,
      ...['document.process', 'analytics.create', 'analytics.export', 'audit.read', 'api.access'],
    ],
    api_user: [
      ...[
        'conversation.create',
        'conversation.read',
        'conversation.update',
        'document.create',
        'document.read',
      ],
      ...['document.process', 'api.access', 'usage.create'],
    ],
    compliance_officer: [
      ...['user.read', 'audit.read', 'audit.export', 'analytics.read', 'analytics.export'],
      ...every('compliance', ...edits, 'assess', 'report'),
    ],
    security_admin: [
      ...['system.configure', 'system.monitor', 'user.read', 'user.update', 'role.read', 'audit.read'],
      ...['audit.export', 'api.admin_access', ...every('encryption_key', ...edits, 'rotate', 'use')],
    ],
    cost_manager: [
      ...every('cost_center', ...edits, 'manage_budget'),
      ...every('budget', ...edits),
      ...['usage.read', 'analytics.read', 'analytics.export'],
    ],
  }

  async function permissionsOf(role: string): Promise<string[]> {
    const { rows: found } = await database.client.query<{ name: string }>(
      `with recursive line as (
         select id, parent_role_id from ${schema}.roles where name = $1
         union all
         select r.id, r.parent_role_id from line join ${schema}.roles r on r.id = line.parent_role_id
       )
       select distinct p.name from line
       join ${schema}.role_permissions g on g.role_id = line.id
       join ${schema}.permissions p on p.id = g.permission_id`,
      [role],
    )
    return found.map(({ name }) => name).sort()
  }

  test.each(Object.entries(expected))(
    '%s: what it has, inherited or not, and nothing else',
    async (role, has) => {
      expect(await permissionsOf(role)).toEqual([...has].sort())
    },
  )

  test('admin has everything but what is the owner’s or the platform’s', async () => {
    const all = (await rows<{ name: string }>(`select name from ${schema}.permissions`)).map(
      ({ name }) => name,
    )
    const withheld = ['data.purge', 'organization.delete', 'organization.delete_data', 'system.manage']
    const owner = await permissionsOf('owner')
    expect(all.filter((name) => !owner.includes(name))).toEqual(['user.impersonate'])
    const admin = await permissionsOf('admin')
    expect(owner.filter((name) => !admin.includes(name))).toEqual(withheld)
    expect(owner.length).toBe(admin.length + withheld.length)
  })

  test('what spans organizations is not known inside one', async () => {
    const names = await rows(
      `select name from ${schema}.permissions where name in ('organization.create', 'organization.manage_all')
       union all select name from ${schema}.roles where name = 'super_admin'`,
    )
    expect(names).toEqual([])
  })

  test('inheritance is on record from the first day', async () => {
    expect(
      await rows(
        `select child.name, parent.name as parent
         from ${schema}.roles child
         join ${schema}.role_parents p on p.role_id = child.id and p.valid_until is null
         join ${schema}.roles parent on parent.id = p.parent_role_id
         where child.parent_role_id = parent.id order by 1`,
      ),
    ).toEqual([
      { name: 'admin', parent: 'manager' },
      { name: 'analyst', parent: 'viewer' },
      { name: 'manager', parent: 'viewer' },
      { name: 'member', parent: 'user' },
      { name: 'owner', parent: 'admin' },
    ])
  })
})

test('the system account has no way to sign in', async () => {
  expect(
    await rows(`select kind, is_locked, password_hash from public.identities where username = 'system'`),
  ).toEqual([{ kind: 'system', is_locked: true, password_hash: null }])
})
