import type pg from 'pg'

/** Kinds of objects a schema is compared by. */
export type ObjectKind =
  | 'schema'
  | 'table'
  | 'view'
  | 'sequence'
  | 'column'
  | 'constraint'
  | 'index'
  | 'trigger'
  | 'rule'
  | 'policy'
  | 'function'
  | 'type'
  | 'grant'

/** One object of a schema, told so that equal ones of two schemas are equal texts. */
export interface CatalogueObject {
  readonly kind: ObjectKind
  /** The table (view, sequence, function) it belongs to; for those themselves their own name. */
  readonly table: string
  readonly name: string
  /** What can differ, by its name in words, for example `type` of a column. Names with `#` are not compared. */
  readonly facts: Readonly<Record<string, string | null>>
}

/** The role of the tenant wherever a catalogue names it. */
export const TENANT_ROLE = ':tenant_role'

/** Reads names without the path in their way, so that everything but Postgres' own is qualified. */
const SETTINGS = 'set local search_path = pg_catalog'

const QUERY = `/* drift.objects */
with schema as (select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any($1::text[])),
relation as (
  select c.*, s.nspname from pg_class c join schema s on s.oid = c.relnamespace
  where c.relkind not in ('i', 'I')
    and (not c.relispartition or exists (select from pg_partitioned_table p where p.partdefid = c.oid))
),
privilege as (
  select s.nspname, 'schema' as of, '' as name, null::text as column, g.* from schema s,
    aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) as g where g.grantee <> s.nspowner
  union all
  select r.nspname, case r.relkind when 'S' then 'sequence' else 'table' end, r.relname, null, g.* from relation r,
    aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))) as g
  where g.grantee <> r.relowner
  union all
  select r.nspname, 'table', r.relname, a.attname, g.* from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped, aclexplode(a.attacl) as g
  where g.grantee <> r.relowner
  union all
  select s.nspname, 'function', format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)), null, g.*
  from pg_proc f join schema s on s.oid = f.pronamespace,
    aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as g where g.grantee <> f.proowner
)
select nspname::text as schema, 'schema' as kind, '' as table, '' as name,
  jsonb_build_object('owner', pg_get_userbyid(nspowner)) as facts from schema
union all
select nspname, case when relkind in ('v', 'm') then 'view' when relkind = 'S' then 'sequence' else 'table' end,
  relname, relname, jsonb_build_object(
    'owner', pg_get_userbyid(relowner),
    'kind', case relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
      when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' else relkind::text end,
    'storage', case relpersistence when 'p' then 'logged' else 'unlogged' end,
    'row-level security', case when relforcerowsecurity then 'forced' when relrowsecurity then 'on' else 'off' end,
    'options', array_to_string(reloptions, ', '),
    'partition key', pg_get_partkeydef(oid),
    'partition of', (select p.relname || ' ' || pg_get_expr(relation.relpartbound, relation.oid)
      from pg_inherits join pg_class p on p.oid = inhparent where inhrelid = relation.oid),
    'triggers', case when exists (select from pg_trigger where tgrelid = relation.oid and tgisinternal
      and tgenabled <> 'O') then 'disabled' else 'enabled' end,
    'definition', case when relkind in ('v', 'm') then replace(pg_get_viewdef(oid), nspname || '.', '')
      when relkind = 'S' then (select format('%s start %s increment %s from %s to %s', format_type(seqtypid, null),
        seqstart, seqincrement, seqmin, seqmax) from pg_sequence where seqrelid = oid) end
  ) from relation
union all
select r.nspname, 'column', r.relname, a.attname, jsonb_build_object(
    'type', replace(format_type(a.atttypid, a.atttypmod), r.nspname || '.', ''),
    'default', case when a.attgenerated = '' then replace(pg_get_expr(d.adbin, d.adrelid), r.nspname || '.', '') end,
    'nullability', case when a.attnotnull then 'not null' else 'null' end,
    'identity', nullif(a.attidentity::text, ''),
    'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
    'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
    '#position', a.attnum::text
  )
from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  and a.attinhcount = 0
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'f')
union all
select r.nspname, 'constraint', r.relname, k.conname, jsonb_build_object(
    'kind', k.contype, 'definition', replace(pg_get_constraintdef(k.oid), r.nspname || '.', ''))
from relation r join pg_constraint k on k.conrelid = r.oid and k.contype <> 'n' and k.coninhcount = 0
  and k.contype <> 't'
union all
select r.nspname, 'index', r.relname, i.relname, jsonb_build_object(
    'definition', replace(replace(pg_get_indexdef(i.oid), r.nspname || '.', ''), ' ON ONLY ', ' ON '),
    'state', case when x.indisvalid then 'valid' else 'invalid' end)
from relation r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid and not i.relispartition
where not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
union all
select r.nspname, 'trigger', r.relname, t.tgname, jsonb_build_object(
    'definition', replace(pg_get_triggerdef(t.oid), r.nspname || '.', ''), 'state', t.tgenabled)
from relation r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
union all
select r.nspname, 'rule', r.relname, w.rulename, jsonb_build_object(
    'definition', replace(pg_get_ruledef(w.oid), r.nspname || '.', ''))
from relation r join pg_rewrite w on w.ev_class = r.oid and w.rulename <> '_RETURN'
union all
select r.nspname, 'policy', r.relname, p.polname, jsonb_build_object(
    'definition', concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid)))
from relation r join pg_policy p on p.polrelid = r.oid
union all
select s.nspname, 'function', format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)),
  format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)), jsonb_build_object(
    'owner', pg_get_userbyid(f.proowner),
    'definition', case when f.prokind in ('f', 'p') then replace(pg_get_functiondef(f.oid), s.nspname || '.', '') end)
from schema s join pg_proc f on f.pronamespace = s.oid
union all
select s.nspname, 'type', t.typname, t.typname, jsonb_build_object('kind',
    case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'range' end)
from schema s join pg_type t on t.typnamespace = s.oid and t.typtype in ('e', 'd', 'r')
union all
select p.nspname, 'grant', p.name,
  concat(lower(p.privilege_type), ' (' || quote_ident(p.column) || ')', ' to ', named.role,
    case when p.is_grantable then ' with grant option' end),
  jsonb_build_object('privilege', lower(p.privilege_type), 'column', p.column, 'on', p.of, 'to', named.role,
    'option', case when p.is_grantable then 'grant' end)
from privilege p left join pg_roles u on u.oid = p.grantee,
  lateral (select case when p.grantee = 0 then 'public' when u.rolname = p.nspname then '${TENANT_ROLE}'
    else coalesce(u.rolname::text, p.grantee::text) end as role) as named
order by 1, 3, 2, 4`

/** Every object of schemas, by schema. Runs in the caller's transaction and leaves its search path changed. */
export async function readObjects(
  transaction: pg.ClientBase,
  schemas: readonly string[],
): Promise<Map<string, CatalogueObject[]>> {
  await transaction.query(SETTINGS)
  const { rows } = await transaction.query<CatalogueObject & { schema: string }>(QUERY, [schemas])
  const bySchema = new Map<string, CatalogueObject[]>()
  for (const { schema, ...object } of rows) {
    const objects = bySchema.get(schema)
    if (objects === undefined) bySchema.set(schema, [object])
    else objects.push(object)
  }
  return bySchema
}
