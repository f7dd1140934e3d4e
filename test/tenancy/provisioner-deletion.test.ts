import { afterAll, beforeAll, expect, test } from 'vitest'
import { withClient } from '../../src/database/owner-transaction.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { provisionTenant } from '../../src/tenancy/provisioner.js'
import { deleteTenant, purgeTenants } from '../../src/tenancy/tenant-deletion.js'
import { roleOf, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { listTenants, showTenant } from '../../src/tenancy/tenant-record.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

async function withOwner(): Promise<{ tenant: TenantId; organizationId: string; email: string }> {
  const tenant = uniqueTenant()
  const email = `owner@${tenant}.example`
  await requestTenant(database.admin, {
    tenant,
    name: `Organization ${tenant}`,
    slug: tenant.replaceAll('_', '-'),
    modules: ['usage'],
    adminEmail: email,
  })
  const { tenant: record } = await provisionTenant(database.admin, tenant)
  return { tenant, organizationId: record.organizationId, email }
}

async function exists(tenant: TenantId): Promise<{ schema: boolean; role: boolean }> {
  const { rows } = await database.admin.query<{ schema: boolean; role: boolean }>(
    `select to_regnamespace($1) is not null as schema, to_regrole($2) is not null as role`,
    [schemaOf(tenant), roleOf(tenant)],
  )
  return rows[0]!
}

/** Every row of schema public that has the organization's id in a column of that name. */
async function sharedRows(organizationId: string): Promise<Record<string, number>> {
  const { rows: tables } = await database.admin.query<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'organization_id' order by 1`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const { rows } = await database.admin.query<{ count: number }>(
      `select count(*)::integer as count from public.${name} where organization_id = $1`,
      [organizationId],
    )
    if (rows[0]!.count > 0) counts[name] = rows[0]!.count
  }
  return counts
}

test('deleting at once drops schema, role and shared rows, and keeps a nameless record', async () => {
  const { tenant, organizationId, email } = await withOwner()
  await database.admin.query(
    `insert into public.api_keys (organization_id, name, key_hash, key_prefix) values ($1, 'key', 'hash', 'ok_')`,
    [organizationId],
  )
  await database.admin.query(
    'update public.identities set default_organization_id = $1 where lower(email) = lower($2)',
    [organizationId, email],
  )
  expect(await exists(tenant)).toEqual({ schema: true, role: true })
  const outcome = await deleteTenant(database.admin, tenant, { immediately: true })
  expect(outcome).toMatchObject({
    dropped: true,
    roleKept: false,
    tenant: { state: 'deleted', modules: [], adminEmail: null },
  })
  expect(await exists(tenant)).toEqual({ schema: false, role: false })
  expect(Object.keys(await sharedRows(organizationId))).toEqual(['platform_audit_logs', 'tenant_schemas'])
  const { rows } = await database.admin.query(
    `select o.status, o.deleted_at is not null as deleted, to_jsonb(o)::text as row,
       (select default_organization_id from public.identities where lower(email) = lower($2)) as default_organization,
       (select count(*)::integer from public.identities where lower(email) = lower($2)) as identities,
       (select count(*)::integer from public.schema_migrations where schema_name = $3) as ledger
     from public.organizations o where id = $1`,
    [organizationId, email, schemaOf(tenant)],
  )
  expect(rows).toEqual([
    {
      status: 'deleted',
      deleted: true,
      row: expect.not.stringContaining(email),
      default_organization: null,
      identities: 1,
      ledger: 0,
    },
  ])
  expect((await listTenants(database.admin)).map((each) => each.tenant)).not.toContain(tenant)
  expect((await listTenants(database.admin, { includeDeleted: true })).map((each) => each.tenant)).toContain(
    tenant,
  )
})

test('deleting twice changes nothing; the id stays taken, name and slug are free', async () => {
  const { tenant, organizationId } = await withOwner()
  await deleteTenant(database.admin, tenant, { immediately: true })
  const before = await sharedRows(organizationId)
  expect(await deleteTenant(database.admin, tenant, { immediately: true })).toMatchObject({ dropped: true })
  expect(await sharedRows(organizationId)).toEqual(before)
  const again = { name: `Organization ${tenant}`, slug: tenant.replaceAll('_', '-'), modules: [] }
  await expect(requestTenant(database.admin, { tenant, ...again })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('its id is not used again'),
  })
  await requestTenant(database.admin, { tenant: uniqueTenant(), ...again })
})

test('with days of grace the data stays until they are over', async () => {
  const { tenant } = await withOwner()
  const first = await deleteTenant(database.admin, tenant, { immediately: false, graceDays: 7 })
  expect(first).toMatchObject({ dropped: false, tenant: { state: 'deprovisioning' } })
  const days = (Date.parse(first.tenant.deleteAfter!) - Date.now()) / 86_400_000
  expect(days).toBeGreaterThan(6.9)
  expect(days).toBeLessThan(7.1)
  // Asking again cannot push the moment away.
  const second = await deleteTenant(database.admin, tenant, { immediately: false, graceDays: 30 })
  expect(second.tenant.deleteAfter).toBe(first.tenant.deleteAfter)
  expect(await purgeTenants(database.admin)).toEqual({ purged: [], failed: [] })
  expect(await exists(tenant)).toEqual({ schema: true, role: true })
  await expect(provisionTenant(database.admin, tenant)).rejects.toMatchObject({ code: 'CONFLICT' })

  await database.admin.query(
    `update public.tenant_schemas set delete_after = now() - interval '1 second' where schema_name = $1`,
    [schemaOf(tenant)],
  )
  expect((await purgeTenants(database.admin)).purged.map((each) => each.tenant.tenant)).toEqual([tenant])
  expect(await exists(tenant)).toEqual({ schema: false, role: false })
})

test('a role that another database of the cluster uses stays, and the outcome says so', async () => {
  const other = await freshDatabase()
  try {
    const tenant = await newTenant(database.admin)
    await newTenant(other.admin, { tenant })
    expect(await deleteTenant(database.admin, tenant, { immediately: true })).toMatchObject({
      dropped: true,
      roleKept: true,
    })
    expect(await deleteTenant(other.admin, tenant, { immediately: true })).toMatchObject({
      dropped: true,
      roleKept: false,
    })
  } finally {
    await other.drop()
  }
})

test('dropping that fails leaves everything, is told, and goes on when asked again', async () => {
  const { tenant } = await withOwner()
  await database.admin.query(
    `create function public.no_deletion() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$;
     create trigger no_deletion before delete on public.memberships for each row execute function public.no_deletion()`,
  )
  await expect(deleteTenant(database.admin, tenant, { immediately: true })).rejects.toThrow('not today')
  expect(await showTenant(database.admin, tenant)).toMatchObject({
    state: 'failed',
    previousState: 'deprovisioning',
    lastError: 'not today',
  })
  expect(await exists(tenant)).toEqual({ schema: true, role: true })
  expect(await purgeTenants(database.admin)).toEqual({ purged: [], failed: [tenant] })
  await database.admin.query(
    `drop trigger no_deletion on public.memberships; drop function public.no_deletion()`,
  )
  expect((await purgeTenants(database.admin)).purged).toHaveLength(1)
})

test('a request that was never met, or failed, can be taken back', async () => {
  const requested = uniqueTenant()
  await requestTenant(database.admin, { tenant: requested, name: `Organization ${requested}`, modules: [] })
  expect(await deleteTenant(database.admin, requested, { immediately: true })).toMatchObject({
    dropped: true,
  })

  const failed = uniqueTenant()
  await requestTenant(database.admin, { tenant: failed, name: `Organization ${failed}`, modules: [] })
  await expect(
    provisionTenant(database.admin, failed, { onStep: () => Promise.reject(new Error('no')) }),
  ).rejects.toThrow('no')
  expect(await deleteTenant(database.admin, failed, { immediately: true })).toMatchObject({ dropped: true })
})

test('a tenant deleted while the fleet migrates is left alone by the one or the other', async () => {
  const tenant = await newTenant(database.admin)
  const files = await loadMigrations()
  const [deleted, migrated] = await Promise.all([
    deleteTenant(database.admin, tenant, { immediately: true }),
    migrateUp(database.admin, files),
  ])
  expect(deleted.dropped).toBe(true)
  expect(migrated.failures).toEqual([])
})

test('a request that is still running delays the drop and survives it', async () => {
  const { tenant } = await withOwner()
  await withClient(database.admin, async (reader) => {
    await reader.query(`begin; select count(*) from ${schemaOf(tenant)}.users`)
    const deletion = deleteTenant(database.admin, tenant, { immediately: true })
    await expect.poll(async () => (await showTenant(database.admin, tenant)).state).toBe('deprovisioning')
    const { rows } = await reader.query(`select count(*)::integer as users from ${schemaOf(tenant)}.users`)
    expect(rows).toEqual([{ users: 1 }])
    await reader.query('commit')
    expect(await deletion).toMatchObject({ dropped: true })
  })
})
