import type pg from 'pg'

/** A column as the database describes it. */
export interface Column {
  readonly name: string
  /** As `format_type` writes it: `numeric(5,2)`, `text[]`. */
  readonly type: string
  readonly required: boolean
  /** SQL of the default, or null. */
  readonly fallback: string | null
  /** Filled by the database itself; nothing may be written into it. */
  readonly generated: boolean
}

/** A CHECK constraint: its SQL and the columns it reads. */
export interface Check {
  readonly name: string
  readonly expression: string
  readonly columns: readonly string[]
}

export interface ForeignKey {
  readonly columns: readonly string[]
  /** `schema.table` */
  readonly target: string
  readonly targetColumns: readonly string[]
}

/** A unique index with the columns it reads, also inside expressions. */
export interface UniqueKey {
  readonly name: string
  readonly columns: readonly string[]
}

/** A table that rows are inserted into; partitions belong to their parent. */
export interface Table {
  /** `schema.table` */
  readonly name: string
  readonly columns: readonly Column[]
  readonly checks: readonly Check[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly uniqueKeys: readonly UniqueKey[]
  readonly primaryKey: readonly string[]
}

/** SQL for the names of columns given by their numbers, in order. */
function namesOf(table: string, numbers: string): string {
  return `coalesce((select json_agg(a.attname order by u.place) from unnest(${numbers}) with ordinality u (number, place)
    join pg_attribute a on a.attrelid = ${table} and a.attnum = u.number), '[]')`
}

const TABLES = `/* isolation.tables */
  with named as (
    select c.oid, format('%s.%s', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = any(array[$1, 'public'])
  )
  select named.name,
    coalesce((select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
        'fallback', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated <> '' or a.attidentity = 'a'
      ) order by a.attnum)
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = named.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
    coalesce((select json_agg(json_build_object('name', k.conname,
        'expression', pg_get_expr(k.conbin, k.conrelid), 'columns', ${namesOf('k.conrelid', 'k.conkey')}
      ) order by k.conname)
      from pg_constraint k where k.conrelid = named.oid and k.contype = 'c'), '[]') as checks,
    coalesce((select json_agg(json_build_object('columns', ${namesOf('k.conrelid', 'k.conkey')},
        'target', (select target.name from named target where target.oid = k.confrelid),
        'targetColumns', ${namesOf('k.confrelid', 'k.confkey')}) order by k.conname)
      from pg_constraint k where k.conrelid = named.oid and k.contype = 'f' and k.conparentid = 0), '[]')
      as "foreignKeys",
    coalesce((select json_agg(json_build_object('name', i.indexrelid::regclass::text, 'columns',
        (select coalesce(json_agg(a.attname), '[]') from pg_attribute a
          where a.attrelid = named.oid and a.attnum > 0 and (a.attnum = any(i.indkey) or exists (
            select from pg_depend d where d.objid = i.indexrelid and d.refobjid = named.oid
              and d.refobjsubid = a.attnum)))))
      from pg_index i where i.indrelid = named.oid and i.indisunique), '[]') as "uniqueKeys",
    coalesce((select ${namesOf('i.indrelid', 'i.indkey::smallint[]')}
      from pg_index i where i.indrelid = named.oid and i.indisprimary), '[]') as "primaryKey"
  from named where split_part(named.name, '.', 1) = $1 order by named.name`

/** Every table of a schema, read from the catalogue: what is not named here cannot be forgotten here. */
export async function readTables(admin: pg.Pool, schema: string): Promise<ReadonlyMap<string, Table>> {
  const { rows } = await admin.query<Table>(TABLES, [schema])
  return new Map(rows.map((table) => [table.name, table]))
}
