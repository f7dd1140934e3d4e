import { beforeAll, expect, test } from 'vitest'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { migrateTenant } from './support/migrate.js'
import { migrationDatabase, uniqueTarget } from './support/migration-database.js'

const database = migrationDatabase({ migrated: true })
const tenant = uniqueTarget('rules')
const SCHEMA = `'${tenant.schemaName}'::regnamespace`
const OURS = `('public'::regnamespace, ${SCHEMA})`

beforeAll(async () => {
  await migrateTenant(database.client, await database.createSchema(tenant), await loadMigrations())
})

/** The first column of what breaks a rule, so that a failure names it. */
async function offenders(query: string): Promise<unknown[]> {
  const { rows } = await database.client.query<unknown[]>({ text: query, rowMode: 'array' })
  return rows.map(([offender]) => offender)
}

test('the checks look at all tables of all modules', async () => {
  const tables = await offenders(
    `select relname::text from pg_class
     where relnamespace = ${SCHEMA} and relkind in ('r', 'p')`,
  )
  expect(tables).toEqual(expect.arrayContaining(['users', 'audit_logs_default', 'usage_events', 'budgets']))
})

test('every foreign key has an index that leads with its columns', async () => {
  expect(
    await offenders(
      `select format('%s %s', k.conrelid::regclass, k.conname)
       from pg_constraint k
       where k.contype = 'f' and k.conparentid = 0 and k.connamespace in ${OURS} and not exists (
         select from pg_index i
         where i.indrelid = k.conrelid
           and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey
           and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', (
             select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]
           )))
       )`,
    ),
  ).toEqual([])
})

test('no foreign key leaves its schema or points at a partitioned table', async () => {
  expect(
    await offenders(
      `select format('%s %s', k.conrelid::regclass, k.conname)
       from pg_constraint k join pg_class target on target.oid = k.confrelid
       where k.contype = 'f' and k.connamespace in ${OURS}
         and (target.relnamespace <> k.connamespace or target.relkind = 'p')`,
    ),
  ).toEqual([])
})

test('audit tables and rollups have no foreign keys', async () => {
  expect(
    await offenders(
      `select conname from pg_constraint
       where contype = 'f' and conrelid::regclass::text ~ '(audit|change_tracking|rollups)'`,
    ),
  ).toEqual([])
})

test('tables of a tenant share no name with those of public', async () => {
  expect(
    await offenders(
      `select relname from pg_class where relnamespace in ${OURS} and relkind in ('r', 'p')
       group by relname having count(*) > 1`,
    ),
  ).toEqual([])
})

test('nothing is made that a distributed or a moved schema could not carry', async () => {
  const none = {
    triggers: `select tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where not tgisinternal and relnamespace in ${OURS}`,
    rules: `select r.rulename from pg_rewrite r join pg_class c on c.oid = r.ev_class where relnamespace in ${OURS}`,
    'types of our own': `select typname from pg_type where typnamespace in ${OURS} and typtype in ('e', 'd', 'r')`,
    'sequences, views and foreign tables': `select relname from pg_class
      where relnamespace in ${OURS} and relkind in ('S', 'v', 'm', 'f')`,
    'inheritance but partitions': `select inhrelid::regclass from pg_inherits join pg_class c on c.oid = inhrelid
      where relnamespace in ${OURS} and not relispartition`,
    'deferrable constraints': `select conname from pg_constraint where connamespace in ${OURS} and condeferrable`,
    'actions on update': `select conname from pg_constraint
      where connamespace in ${OURS} and contype = 'f' and confupdtype <> 'a'`,
    'columns whose default is a sequence or an identity': `select attname from pg_attribute a
      join pg_class c on c.oid = attrelid where relnamespace in ${OURS} and attidentity <> ''`,
  }
  for (const [what, query] of Object.entries(none)) expect(await offenders(query), what).toEqual([])
})

test('every partitioned table has its default partition in the same schema, one level down', async () => {
  const { rows } = await database.client.query(
    `select parent.relname as parent, child.relname as child, child.relkind,
       pg_get_expr(child.relpartbound, child.oid) as bound, child.relnamespace = parent.relnamespace as same
     from pg_partitioned_table p join pg_class parent on parent.oid = p.partrelid
     left join pg_inherits i on i.inhparent = parent.oid left join pg_class child on child.oid = i.inhrelid
     where parent.relnamespace in ${OURS} order by 1`,
  )
  expect(rows).toEqual(
    ['api_usage_logs', 'audit_logs', 'cost_allocations', 'usage_events', 'usage_payloads'].map((parent) => ({
      parent,
      child: `${parent}_default`,
      relkind: 'r',
      bound: 'DEFAULT',
      same: true,
    })),
  )
})

test('every key, check and index is named after its table', async () => {
  expect(
    await offenders(
      `select conname from pg_constraint k join pg_class c on c.oid = conrelid
       where connamespace in ${OURS} and contype <> 'n' and not relispartition and (
         not starts_with(conname, relname || '_')
         or conname !~ (case contype when 'p' then '_pkey$' when 'u' then '_key$' when 'f' then '_fkey$' else '_check$' end)
       )
       union all
       select i.relname from pg_index x join pg_class i on i.oid = indexrelid join pg_class c on c.oid = indrelid
       where c.relnamespace in ${OURS} and not c.relispartition
         and (not starts_with(i.relname, c.relname || '_') or i.relname !~ '_(pkey|key|idx)$')`,
    ),
  ).toEqual([])
})

test('every shared table that names an organization or an identity has row-level security, forced', async () => {
  expect(
    await offenders(
      `select relname from pg_class c
       where relnamespace = 'public'::regnamespace and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)
         and (relname in ('organizations', 'identities') or exists (
           select from pg_attribute where attrelid = c.oid and attname ~ '^(organization|identity)_id$'
         ) or exists (
           select from pg_constraint where conrelid = c.oid and contype = 'f' and conkey && (
             select array_agg(attnum) from pg_attribute where attrelid = c.oid and attname = 'api_key_id'
           )
         ))`,
    ),
  ).toEqual([])
})

test('the role of a tenant may only add to the audit trail and read it', async () => {
  const { rows } = await database.client.query(
    `select relname, string_agg(privilege, ' ' order by privilege) as may
     from pg_class, unnest('{select,insert,update,delete,truncate}'::text[]) as privilege
     where relnamespace = ${SCHEMA} and has_table_privilege('${tenant.schemaName}', oid, privilege)
       and relname in ('audit_logs', 'audit_checkpoints', 'change_tracking')
     group by relname order by relname`,
  )
  expect(rows).toEqual([
    { relname: 'audit_checkpoints', may: 'insert select' },
    { relname: 'audit_logs', may: 'insert select' },
    { relname: 'change_tracking', may: 'insert select' },
  ])
})

test('the role of a tenant may not delete what answers who had access', async () => {
  const kept = `('users', 'teams', 'team_members', 'roles', 'role_parents', 'permissions', 'role_permissions',
    'user_roles', 'user_permissions', 'delegations', 'usage_events')`
  expect(
    await offenders(
      `select relname from pg_class where relnamespace = ${SCHEMA} and relname in ${kept}
         and has_table_privilege('${tenant.schemaName}', oid, 'delete')
       union all
       select conname from pg_constraint where contype = 'f' and confdeltype = 'c'
         and conrelid in (select oid from pg_class where relnamespace = ${SCHEMA} and relname in ${kept})`,
    ),
  ).toEqual([])
})
