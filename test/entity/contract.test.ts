import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
  type GraphQLSchema,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ColumnKind } from '../../src/entity/column.js'
import { allEntities, type EntityDefinition } from '../../src/entity/entity.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'

interface StoredColumn {
  readonly type: string
  readonly required: boolean
  readonly hasDefault: boolean
  /** Words its CHECK allows, when it has such a list. */
  readonly words: readonly string[] | undefined
  /** Table its foreign key leads to. */
  readonly target: string | undefined
}

const schema: GraphQLSchema = buildTenantSchema()
const entities = allEntities()
let database: TestDatabase
let catalogue: ReadonlyMap<string, ReadonlyMap<string, StoredColumn>>
beforeAll(async () => {
  database = await freshDatabase()
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  catalogue = await readCatalogue(schemaOf(tenant))
})
afterAll(() => database?.drop())

async function readCatalogue(tenantSchema: string): Promise<Map<string, Map<string, StoredColumn>>> {
  const { rows } = await database.admin.query<{
    table: string
    column: string
    type: string
    required: boolean
    has_default: boolean
    check: string | null
    target: string | null
  }>(
    `select c.relname::text as table, a.attname::text as column, a.attnotnull as required, a.atthasdef as has_default,
       case when y.typcategory = 'A' then 'list' else y.typname::text end as type,
       (select pg_get_constraintdef(k.oid) from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
          and pg_get_constraintdef(k.oid) ~ '= ANY' limit 1) as check,
       (select k.confrelid::regclass::text from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum] limit 1) as target
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_type y on y.oid = a.atttypid
     where c.relkind in ('r', 'p') and c.relnamespace in ($1::regnamespace, 'public'::regnamespace)`,
    [tenantSchema],
  )
  const tables = new Map<string, Map<string, StoredColumn>>()
  for (const { table, column, type, required, has_default, check, target } of rows) {
    const columns = tables.get(table) ?? new Map<string, StoredColumn>()
    tables.set(table, columns)
    columns.set(column, {
      type,
      required,
      hasDefault: has_default,
      words:
        check === null ? undefined : [...check.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, word]) => word!),
      target: target?.split('.').at(-1),
    })
  }
  return tables
}

/** The columns of an entity's table, and those of the shared one beside it. */
function storedColumns({ name, table, shared, columns }: EntityDefinition) {
  return [table, ...(shared === undefined ? [] : [shared.table])].flatMap((each) =>
    [...columns.values()].map((meta) => {
      const stored = catalogue.get(each)?.get(meta.column)
      if (stored === undefined) throw new Error(`${name}.${meta.field}: ${each} has no column ${meta.column}`)
      return { meta, stored }
    }),
  )
}

const STORED_AS: Readonly<Record<ColumnKind, readonly string[]>> = {
  id: ['uuid'],
  string: ['text', 'bpchar', 'varchar'],
  enum: ['text'],
  boolean: ['bool'],
  int: ['int2', 'int4', 'int8'],
  decimal: ['numeric'],
  money: ['numeric'],
  datetime: ['timestamptz'],
  json: ['jsonb'],
  list: ['list'],
}

/** Columns whose ids no foreign key can check: they lead from an organization's schema to `public`, or out of it. */
const WITHOUT_FOREIGN_KEY = ['AuditEntry.userId', 'UsageEvent.modelId', 'UsageEvent.toolId']
/** The shared identity has the id of the organization's user. */
const SAME_ID = ['Membership.identityId']

test('there are entities to compare', () => {
  expect(entities.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Team', 'User', 'UsageEvent', 'ApiKey']),
  )
})

describe.each(entities.map((entity) => [entity.name, entity] as const))('%s', (name, entity) => {
  test('has fields of the kinds its columns have, empty where they may be empty', () => {
    for (const { meta, stored } of storedColumns(entity)) {
      expect([meta.field, STORED_AS[meta.kind]]).toEqual([meta.field, expect.arrayContaining([stored.type])])
      expect([meta.field, meta.nullable]).toEqual([meta.field, !stored.required])
      const type = schema.getType(name)
      if (!isObjectType(type)) throw new Error(`${name} is not in the schema`)
      const field = type.getFields()[meta.field]!
      if (meta.nullable) expect([meta.field, isNonNullType(field.type)]).toEqual([meta.field, false])
    }
  })

  test('has enums of exactly the words the database allows', () => {
    const columns = storedColumns(entity)
    for (const { meta } of columns) {
      if (meta.kind !== 'enum') continue
      const stored = columns.filter((column) => column.meta === meta)
      const allowed = new Set(stored.flatMap((column) => column.stored.words ?? []))
      const type = schema.getType(name)
      const enumType = isObjectType(type) && getNamedType(type.getFields()[meta.field]!.type)
      if (!isEnumType(enumType)) throw new Error(`${name}.${meta.field} is no enum`)
      const words = enumType.getValues().map(({ value }) => value as string)
      expect([meta.field, [...words].sort()]).toEqual([meta.field, [...allowed].sort()])
      expect(enumType.getValues().map((value) => value.name)).toEqual(words.map((word) => word.toUpperCase()))
    }
  })

  test('has ids of the objects its foreign keys lead to', () => {
    for (const { meta, stored } of storedColumns(entity)) {
      const place = `${name}.${meta.field}`
      if (meta.kind !== 'id' || meta.field === 'id') continue
      const target = entities.find(({ type }) => type === meta.references?.())
      expect([place, target]).not.toEqual([place, undefined])
      if (SAME_ID.includes(place)) expect([place, stored.target]).toEqual([place, 'identities'])
      else if (WITHOUT_FOREIGN_KEY.includes(place)) expect([place, stored.target]).toEqual([place, undefined])
      else expect([place, stored.target]).toEqual([place, target?.table])
    }
  })

  test('asks a new object for exactly what has no default and may not be empty', () => {
    const input = schema.getType(`Create${name}Input`)
    // Inputs that are written by hand go to services, which have rules of their own.
    if (entity.createInput === undefined || !isInputObjectType(input)) return
    for (const { meta, stored } of storedColumns(entity)) {
      const field = input.getFields()[meta.field]
      if (field === undefined) {
        const filledIn = !stored.required || stored.hasDefault
        expect([meta.field, filledIn]).toEqual([meta.field, true])
      } else {
        const asked = isNonNullType(field.type)
        expect([meta.field, asked]).toEqual([meta.field, stored.required && !stored.hasDefault])
      }
    }
  })

  test('asks a change for the id only', () => {
    const input = schema.getType(`Update${name}Input`)
    if (entity.updateInput === undefined || !isInputObjectType(input)) return
    const required = Object.values(input.getFields()).filter(({ type }) => isNonNullType(type))
    expect(required.map((field) => field.name)).toEqual(['id'])
  })

  test('has the key its table has', async () => {
    const { rows } = await database.admin.query<{ column: string }>(
      `select a.attname::text as column from pg_constraint k
       join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
       where k.contype = 'p' and k.conname = $1 and k.conparentid = 0 order by array_position(k.conkey, a.attnum)`,
      [`${entity.table}_pkey`],
    )
    const columns = entity.key.map((field) => entity.columns.get(field)?.column)
    expect(columns).toEqual([...new Set(rows.map(({ column }) => column))])
  })
})
