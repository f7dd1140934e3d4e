import { createHash } from 'node:crypto'
import type pg from 'pg'
import { withClient } from '../../database/owner-transaction.js'

/** SHA-256 over the catalogue of a schema, in hex; equal ones mean equal catalogues. */
export type Fingerprint = string

/** Relations a fingerprint is about: partitions other than the default one are made by date, tenant by tenant. */
const RELATIONS = `
  schema as materialized (
    select oid, nspname, nspowner, nspacl from pg_namespace where nspname = any($1::text[])
  ),
  relation as materialized (
    select c.oid, c.relnamespace, s.nspname, hashnameextended(c.relname, 0) as seed, c.relname, c.relkind, c.relowner,
      c.relacl, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relispartition,
      c.relpartbound
    from pg_class c join schema s on s.oid = c.relnamespace
    where c.relkind not in ('i', 'I')
      and (not c.relispartition or exists (select from pg_partitioned_table p where p.partdefid = c.oid))
  )`

/**
 * Server 17 and later leave the places of words out of stored expressions; before, they differ with the length of
 * the message that made them.
 */
const expression = (column: string, hasPlaces: boolean): string =>
  hasPlaces ? String.raw`regexp_replace(${column}::text, ' :location -?\d+', '', 'g')` : `${column}::text`

/** Hashes of what stands in a schema; they are added up, so that order does not matter. */
const columnParts = (hasPlaces: boolean): string[] => [
  `select oid, hash_record_extended(row(nspowner, replace(nspacl::text, nspname, '')), 1) from schema`,
  `select relnamespace, hash_record_extended(row(relname, relkind, relowner, relpersistence, relrowsecurity,
     relforcerowsecurity, reloptions, relispartition, replace(relacl::text, nspname, '')), 2) from relation`,
  `select r.relnamespace, hash_record_extended(row(a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull,
     a.attidentity, a.attgenerated, a.attcollation, replace(a.attacl::text, r.nspname, '')), r.seed)
   from pg_attribute a join relation r on r.oid = a.attrelid
   where a.attnum > 0 and not a.attisdropped and a.attinhcount = 0`,
  `select r.relnamespace, hash_record_extended(row(d.adnum, ${expression('d.adbin', hasPlaces)}), r.seed)
   from pg_attrdef d join relation r on r.oid = d.adrelid where not r.relispartition`,
]
const otherParts = (hasPlaces: boolean): string[] => [
  `select r.relnamespace, hash_record_extended(row(k.conname, k.contype, k.conkey, k.confkey, t.relname,
     k.confupdtype, k.confdeltype, k.confmatchtype, k.condeferrable, k.convalidated,
     ${expression('k.conbin', hasPlaces)}), r.seed)
   from pg_constraint k join relation r on r.oid = k.conrelid left join relation t on t.oid = k.confrelid
   where k.contype <> 'n' and k.coninhcount = 0`,
  `select r.relnamespace, hash_record_extended(row(i.relname, x.indkey::int2[], x.indclass::oid[],
     x.indcollation::oid[], x.indoption::int2[], x.indisunique, x.indnullsnotdistinct, x.indisprimary, x.indisvalid,
     i.relam, i.reloptions, ${expression('x.indexprs', hasPlaces)}, ${expression('x.indpred', hasPlaces)}), r.seed)
   from pg_index x join relation r on r.oid = x.indrelid
   join pg_class i on i.oid = x.indexrelid and not i.relispartition
     and i.relnamespace <> 'pg_toast'::regnamespace`,
  `select r.relnamespace, hash_record_extended(row(k.partstrat, k.partattrs::int2[],
     ${expression('k.partexprs', hasPlaces)}, d.relname), r.seed)
   from pg_partitioned_table k join relation r on r.oid = k.partrelid left join relation d on d.oid = k.partdefid`,
  `select r.relnamespace, hash_record_extended(row(q.seqtypid, q.seqstart, q.seqincrement, q.seqmax, q.seqmin,
     q.seqcycle), r.seed) from pg_sequence q join relation r on r.oid = q.seqrelid`,
  `select r.relnamespace, hashtextextended(replace(pg_get_viewdef(r.oid), r.nspname || '.', ''), r.seed)
   from relation r where r.relkind in ('v', 'm')`,
  `select r.relnamespace, hash_record_extended(row(t.tgenabled,
     case when not t.tgisinternal then replace(pg_get_triggerdef(t.oid), r.nspname || '.', '') end), r.seed)
   from pg_trigger t join relation r on r.oid = t.tgrelid where not t.tgisinternal or t.tgenabled <> 'O'`,
  `select r.relnamespace, hash_record_extended(row(w.rulename,
     replace(pg_get_ruledef(w.oid), r.nspname || '.', '')), r.seed)
   from pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename <> '_RETURN'`,
  `select r.relnamespace, hash_record_extended(row(p.polname, p.polcmd, p.polpermissive,
     ${expression('p.polqual', hasPlaces)}, ${expression('p.polwithcheck', hasPlaces)}), r.seed)
   from pg_policy p join relation r on r.oid = p.polrelid`,
  `select s.oid, hash_record_extended(row(f.proname, f.proowner, replace(f.proacl::text, s.nspname, ''),
     case when f.prokind in ('f', 'p') then replace(pg_get_functiondef(f.oid), s.nspname || '.', '') end), 3)
   from pg_proc f join schema s on s.oid = f.pronamespace`,
  `select s.oid, hash_record_extended(row(t.typname, t.typtype), 4)
   from pg_type t join schema s on s.oid = t.typnamespace where t.typtype in ('e', 'd', 'r')`,
]

const SETTINGS = 'set local search_path = pg_catalog'
/** For a statement over whole catalogues: the planner, which does not know how many schemas are meant, must not loop. */
const SETTINGS_OF_MANY = `${SETTINGS}; set local enable_nestloop = off; set local work_mem = '128MB'; set local jit = off`

function sumOf(label: string, parts: readonly string[]): string {
  return `/* drift.fingerprint.${label} */ with ${RELATIONS}
    select s.nspname::text as schema, sum(part.hash)::text as sum, count(*) as parts
    from (${parts.join('\nunion all\n')}) as part (schema_id, hash) join schema s on s.oid = part.schema_id group by s.nspname`
}

type Sums = Map<string, string>

async function readSums(client: pg.ClientBase, sql: string, schemas: readonly string[]): Promise<Sums> {
  const { rows } = await client.query<{ schema: string; sum: string; parts: number }>(sql, [schemas])
  return new Map(rows.map(({ schema, sum, parts }) => [schema, `${sum}/${parts}`]))
}

async function statementsOf(client: pg.ClientBase): Promise<[columns: string, others: string]> {
  const { rows } = await client.query<{ version: number }>(
    "/* drift.version */ select current_setting('server_version_num')::integer as version",
  )
  const hasPlaces = rows[0]!.version < 170_000
  return [sumOf('columns', columnParts(hasPlaces)), sumOf('others', otherParts(hasPlaces))]
}

function combined(columns: Sums, others: Sums): Map<string, Fingerprint> {
  return new Map(
    [...columns].map(([schema, sum]) => [
      schema,
      createHash('sha256')
        .update(`${sum} ${others.get(schema) ?? ''}`)
        .digest('hex'),
    ]),
  )
}

/** Fingerprints of schemas as a transaction sees them; a schema that does not exist has none. */
export async function fingerprintsIn(
  transaction: pg.ClientBase,
  schemas: readonly string[],
): Promise<Map<string, Fingerprint>> {
  const [columns, others] = await statementsOf(transaction)
  await transaction.query(SETTINGS)
  return combined(await readSums(transaction, columns, schemas), await readSums(transaction, others, schemas))
}

/**
 * Fingerprints of many schemas, by two statements at once over the whole catalogue. Column numbers count: a column
 * that was dropped and made again gives another fingerprint, though nothing is to be seen, so a difference has to be
 * looked at in detail. Equal ones need no look.
 */
export async function fingerprintSchemas(
  admin: pg.Pool,
  schemas: readonly string[],
): Promise<Map<string, Fingerprint>> {
  const half = (index: 0 | 1): Promise<Sums> =>
    withClient(admin, async (client) => {
      await client.query('begin transaction read only')
      try {
        const statement = (await statementsOf(client))[index]
        await client.query(SETTINGS_OF_MANY)
        return await readSums(client, statement, schemas)
      } finally {
        await client.query('rollback').catch(() => {})
      }
    })
  const [columns, others] = await Promise.all([half(0), half(1)])
  return combined(columns, others)
}
