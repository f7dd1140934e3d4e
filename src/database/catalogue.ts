import type { Queryable } from './advisory-lock.js'

/**
 * Everything a migration can change in the given schemas, as sorted lines of text: two states with equal lines have
 * equal catalogues, but for the order of columns and for object ids.
 */
export async function describeCatalogue(db: Queryable, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(
    `with schema as (
       select oid, nspname from pg_namespace where nspname = any($1)
     ),
     relation as (
       select c.*, format('%I.%I', s.nspname, c.relname) as name
       from pg_class c join schema s on s.oid = c.relnamespace
     )
     select concat_ws(' ', 'relation', name, relkind, relpersistence, relrowsecurity, relforcerowsecurity,
         reloptions, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid), pg_get_userbyid(relowner),
         (select string_agg(acl::text, ' ' order by acl::text)
          from unnest(coalesce(relacl, acldefault('r', relowner))) as acl)) as line
     from relation where relkind not in ('i', 'I')
     union all
     select concat_ws(' ', 'column', name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
         a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attacl)
     from relation r
     join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
     left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
     where r.relkind in ('r', 'p')
     union all
     select concat_ws(' ', 'index', pg_get_indexdef(oid)) from relation where relkind in ('i', 'I')
     union all
     select concat_ws(' ', 'constraint', r.name, k.conname, pg_get_constraintdef(k.oid))
     from pg_constraint k join relation r on r.oid = k.conrelid
     union all
     select concat_ws(' ', 'policy', r.name, p.polname, p.polcmd, p.polpermissive,
         (select string_agg(pg_get_userbyid(role), ',' order by role) from unnest(p.polroles) as role),
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
     from pg_policy p join relation r on r.oid = p.polrelid
     union all
     select concat_ws(' ', 'function', pg_get_functiondef(f.oid), f.proacl)
     from pg_proc f join schema s on s.oid = f.pronamespace
     order by line`,
    [schemas],
  )
  return rows.map(({ line }) => line)
}
