import { createHash } from 'node:crypto'
import type pg from 'pg'
import { sharedStream, type Migration, type MigrationCatalogue } from '../../src/fleet/migration-files.js'

export interface ExtraMigration {
  readonly module: string
  readonly name: string
  readonly up: string
  readonly down?: string
}

/** The same catalogue with one more migration at the end of a stream; a stream that is not there is made. */
export function withMigration(
  catalogue: MigrationCatalogue,
  { module, name, up, down = '' }: ExtraMigration,
): MigrationCatalogue {
  const stream = (module === sharedStream ? catalogue.shared : catalogue.modules.get(module)) ?? {
    module,
    migrations: [],
    defaultData: undefined,
  }
  const version = stream.migrations.length + 1
  const numbered = `${String(version).padStart(4, '0')}_${name}`
  const script = (direction: string, sql: string) => ({
    file: `migrations/tenant/${module}/${numbered}.${direction}.sql`,
    sql,
    transactional: !sql.includes('orgscope: no-transaction'),
  })
  const migration: Migration = {
    module,
    version,
    name: numbered,
    up: script('up', up),
    down: script('down', down),
    checksum: createHash('sha256').update(up).digest('hex'),
    breaking: up.includes('orgscope: breaking'),
    breakingBefore: stream.migrations.findLast(({ breaking }) => breaking)?.version ?? 0,
    optional: up.includes('orgscope: optional'),
  }
  const extended = { ...stream, migrations: [...stream.migrations, migration] }
  return module === sharedStream
    ? { ...catalogue, shared: extended }
    : { ...catalogue, modules: new Map([...catalogue.modules, [module, extended]]) }
}

/** Everything the catalogue says of a schema, as text without oids: two of them are equal or the schemas differ. */
export async function fingerprint(admin: pg.Pool, schema: string): Promise<string[]> {
  const { rows } = await admin.query<{ line: string }>(
    `with here as (select oid from pg_namespace where nspname = $1)
     select replace(line, quote_ident($1) || '.', '') as line from (
       select format('table %s %s %s owner=%s rls=%s/%s acl=%s', c.relkind, c.oid::regclass, c.relpartbound is not null,
         c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity,
         (select string_agg(a::text, ',' order by a::text) from unnest(c.relacl) a)) as line
       from pg_class c, here where c.relnamespace = here.oid and c.relkind in ('r', 'p', 'v', 'S')
       union all
       select format('column %s.%s %s %s %s acl=%s', c.oid::regclass, a.attname,
         format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
         (select string_agg(x::text, ',' order by x::text) from unnest(a.attacl) x))
       from pg_class c join here on c.relnamespace = here.oid
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       where c.relkind in ('r', 'p')
       union all
       select format('constraint %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
       from pg_constraint k join here on k.connamespace = here.oid where k.conrelid <> 0
       union all
       select format('index %s', pg_get_indexdef(i.indexrelid))
       from pg_index i join pg_class c on c.oid = i.indexrelid join here on c.relnamespace = here.oid
       union all
       select format('policy %s %s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd,
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
       from pg_policy p join pg_class c on c.oid = p.polrelid join here on c.relnamespace = here.oid
       union all
       select format('function %s', pg_get_functiondef(f.oid)) from pg_proc f join here on f.pronamespace = here.oid
     ) as described order by line`,
    [schema],
  )
  return rows.map(({ line }) => line)
}
