import { provisionTenant } from '../../dist/tenancy/provisioner.js'
import { requestTenant } from '../../dist/tenancy/tenant-request.js'
import { parseTenantId, schemaOf } from '../../dist/tenancy/tenant-id.js'
import { loadMigrations } from '../../dist/fleet/migration-files.js'

const AT_ONCE = 2
let made = 0

/** A tenant id no other benchmark of this run uses: roles belong to the whole server. */
export function newTenantId() {
  return parseTenantId(`bench_${++made}`)
}

/** Provisions active tenants with the usage module and an owner; resolves to ids of tenant, organization and owner. */
export async function createTenants(database, count) {
  const migrations = await loadMigrations()
  const tenants = Array.from({ length: count }, newTenantId)
  const created = new Array(count)
  let next = 0
  const loop = async () => {
    while (next < count) {
      const index = next++
      created[index] = await createTenant(database, tenants[index], migrations)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
  return created
}

async function createTenant({ admin }, tenant, migrations) {
  await requestTenant(admin, requestFor(tenant))
  const outcome = await provisionTenant(admin, tenant, { migrations })
  const { rows } = await admin.query('select id from public.identities where email = $1', [
    requestFor(tenant).adminEmail,
  ])
  return { tenant, organizationId: outcome.tenant.organizationId, ownerId: rows[0].id }
}

/** What is asked for when a benchmark needs a tenant. */
export function requestFor(tenant) {
  return {
    tenant,
    name: `Organization ${tenant}`,
    slug: tenant.replaceAll('_', '-'),
    plan: 'enterprise',
    modules: ['usage'],
    adminEmail: `owner@${tenant}.example`,
    adminName: 'The Owner',
  }
}

/** Fills an organization with people in teams and the given number of usage events, one a minute. */
export async function addUsage({ admin }, tenant, events) {
  const schema = schemaOf(tenant)
  await admin.query(`
    insert into public.tool_catalog (name, type, vendor)
      select 'Bench tool ' || n, 'assistant', 'Vendor ' || n from generate_series(1, 10) n on conflict do nothing;
    insert into ${schema}.teams (name) select 'Team ' || n from generate_series(1, 5) n;
    insert into ${schema}.users (email, full_name, display_name, team_id)
      select 'person' || n || '@${tenant}.example', 'Person ' || n, 'Person ' || n, (select id from ${schema}.teams
        where name = 'Team ' || (1 + n % 5)) from generate_series(1, 50) n;
    insert into ${schema}.usage_events (occurred_at, user_id, team_id, tool_id, tool_name, provider, model_name,
        input_tokens, output_tokens, total_tokens, input_cost, output_cost, total_cost, cost_source)
      select timestamptz '2024-01-01 00:00Z' + n * interval '1 minute', u.id, u.team_id, t.id, t.name, 'openai',
        'gpt-4o-mini', n % 4000, n % 700, n % 4000 + n % 700, (n % 4000) * 0.00000015, (n % 700) * 0.0000006,
        (n % 4000) * 0.00000015 + (n % 700) * 0.0000006, 'priced'
      from generate_series(1, ${Math.trunc(events)}) n
      join (select id, team_id, row_number() over (order by email) as k from ${schema}.users where team_id is not null)
        u on u.k = 1 + n % 50
      join (select id, name, row_number() over (order by name) as k from public.tool_catalog where name like 'Bench tool %')
        t on t.k = 1 + n % 10;
    analyze ${schema}.users, ${schema}.teams, ${schema}.usage_events`)
}
