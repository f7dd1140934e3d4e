import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportedTables, readTableColumns } from '../../../src/tenancy/archive/exported-tables.js'
import {
  excludedTenantColumns,
  excludedTenantTables,
  sharedTableRules,
} from '../../../src/tenancy/archive/table-rules.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

test('every table of schema public is either exported or left out for a reason', async () => {
  const tables = (await readTableColumns(gateway.database.admin, 'public')).map(({ table }) => table)
  expect(tables.filter((table) => sharedTableRules[table] === undefined)).toEqual([])
  expect(Object.keys(sharedTableRules).filter((table) => !tables.includes(table))).toEqual([])
})

test('what is left out by name is there', async () => {
  const shared = await readTableColumns(gateway.database.admin, 'public')
  const own = await readTableColumns(gateway.database.admin, schemaOf(acme.id))
  const columnsOf = (tables: typeof own, name: string): readonly string[] =>
    tables.find(({ table }) => table === name)?.columns ?? []
  const gone = [
    ...Object.entries(sharedTableRules).flatMap(([table, rule]) =>
      'excluded' in rule
        ? []
        : (rule.without ?? []).filter((column) => !columnsOf(shared, table).includes(column)),
    ),
    ...Object.keys(excludedTenantTables).filter((name) => !own.some(({ table }) => table === name)),
    ...Object.entries(excludedTenantColumns).flatMap(([table, columns]) =>
      columns.filter((column) => !columnsOf(own, table).includes(column)),
    ),
  ]
  expect(gone).toEqual([])
})

test('no exported column holds a secret in clear', async () => {
  const tables = await exportedTables(gateway.database.admin, schemaOf(acme.id), acme.organizationId)
  const secrets = tables.flatMap(({ schema, table, columns }) =>
    columns
      .filter((column) =>
        /secret|password|backup_codes|access_token|refresh_token|api_key$|private/.test(column),
      )
      .filter((column) => !/_encrypted$|_hash$/.test(column))
      .map((column) => `${schema}.${table}.${column}`),
  )
  expect(secrets).toEqual([])
})

test('a table nobody has decided about stops every export', async () => {
  const { admin } = gateway.database
  await admin.query('create table public.new_thing (id uuid)')
  try {
    await expect(exportedTables(admin, schemaOf(acme.id), acme.organizationId)).rejects.toThrow(
      'No rule says what an archive takes of public.new_thing.',
    )
  } finally {
    await admin.query('drop table public.new_thing')
  }
})
