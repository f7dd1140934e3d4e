import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { columnsOf } from '../../../src/entity/column.js'
import { modules } from '../../../src/graphql/modules.js'
import {
  personalRules,
  listed,
  type PersonalRule,
} from '../../../src/tenancy/personal-data/personal-rules.js'
import { peopleTables } from '../../../src/tenancy/personal-data/people-tables.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { TestGateway } from '../../support/gateway.js'

let gateway: TestGateway
let schema: string
let admin: pg.Pool
beforeAll(async () => {
  gateway = await TestGateway.start()
  schema = schemaOf((await gateway.organization()).id)
  admin = gateway.database.admin
})
afterAll(() => gateway?.close())

/** Columns that could hold personal data: texts, documents, addresses, dates, and ids that no foreign key explains. */
async function suspects(): Promise<readonly { table: string; column: string }[]> {
  const { rows } = await admin.query<{ table: string; column: string }>(
    `select c.relname::text as table, a.attname::text as column
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and format_type(a.atttypid, null) in ('text', 'text[]', 'jsonb', 'inet', 'uuid', 'uuid[]', 'date', 'character varying', 'json', 'cidr')
       and (a.attname <> 'id' or c.relname = 'users')
       and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'
         and k.conkey = array[a.attnum] and k.confrelid <> (c.relnamespace::regnamespace || '.users')::regclass)
       and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
         and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) ~ '= ANY \\(ARRAY\\[')
     order by 1, 2`,
    [schema],
  )
  return rows
}

const LISTS = [
  'about',
  'by',
  'among',
  'things',
  'emails',
  'personal',
  'mentions',
  'secret',
  'neutral',
] as const

function decisions(rule: PersonalRule | undefined, column: string): string[] {
  return LISTS.filter((list) => listed(rule?.[list]).includes(column))
}

test('every column that could hold personal data is decided about', async () => {
  const columns = await suspects()
  expect(columns.length).toBeGreaterThan(200)
  const undecided = columns.filter(
    ({ table, column }) => decisions(personalRules[table], column).length !== 1,
  )
  expect(undecided.map(({ table, column }) => `${table}.${column}`)).toEqual([])
})

test('no rule is about a table or a column that is not there, or decides twice', async () => {
  const tables = await peopleTables(admin, schema)
  const wrong = Object.entries(personalRules).flatMap(([name, rule]) => {
    const table = tables.find((each) => each.table === name)
    if (table === undefined) return [name]
    return LISTS.flatMap((list) => listed(rule[list]))
      .filter((column) => table.columns[column] === undefined || decisions(rule, column).length !== 1)
      .map((column) => `${name}.${column}`)
  })
  expect(wrong).toEqual([])
})

test('every foreign key to people is known as an id of a person', async () => {
  const { rows } = await admin.query<{ table: string; column: string }>(
    `select c.relname::text as table, a.attname::text as column from pg_constraint k
     join pg_class c on c.oid = k.conrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
     where k.contype = 'f' and k.conparentid = 0 and k.confrelid = ($1 || '.users')::regclass`,
    [schema],
  )
  expect(rows.length).toBeGreaterThan(40)
  const unknown = rows.filter(
    ({ table, column }) => !['about', 'by'].includes(decisions(personalRules[table], column)[0] ?? ''),
  )
  expect(unknown).toEqual([])
})

test('what an entity marks as restricted or confidential is not called neutral', () => {
  const marked = modules.flatMap(({ entities }) =>
    entities
      .filter(({ table }) => personalRules[table] !== undefined)
      .flatMap(({ table, type }) =>
        columnsOf(type)
          .filter(({ sensitivity }) => sensitivity === 'restricted' || sensitivity === 'confidential')
          .map(({ column }) => ({ table, column })),
      ),
  )
  expect(marked.length).toBeGreaterThan(5)
  const neutral = marked.filter(({ table, column }) => {
    const [decision] = decisions(personalRules[table], column)
    return decision === undefined || decision === 'neutral'
  })
  expect(neutral).toEqual([])
})

test('a table nobody has decided about stops every export and erasure of a person', async () => {
  await admin.query(`create table ${schema}.new_thing (id uuid)`)
  try {
    await expect(peopleTables(admin, schema)).rejects.toThrow(
      'No rule says what new_thing says about people.',
    )
  } finally {
    await admin.query(`drop table ${schema}.new_thing`)
  }
})
