import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { canaryOf, leaksIn, type Canary } from './support/canary.js'
import { readTables } from './support/catalogue.js'
import { missingCanaries } from './support/coverage.js'
import { plantCanaries } from './support/plant.js'
import { scopedTables } from './support/scope.js'

let gateway: TestGateway
let canary: Canary
beforeAll(async () => {
  gateway = await TestGateway.start()
  canary = canaryOf(await gateway.organization())
})
afterAll(() => gateway?.close())

const sql = (text: string): Promise<unknown> => gateway.database.admin.query(text)

describe('before canaries are planted', () => {
  test('every table of the schema and every shared table with rows of tenants is reported', async () => {
    const missing = await missingCanaries(gateway.database.admin, canary)
    const own = await readTables(gateway.database.admin, schemaOf(canary.tenant))
    const shared = await readTables(gateway.database.admin, 'public')
    const reported = missing.map((line) => line.split(':')[0])
    expect(reported.sort()).toEqual([...own.keys(), ...scopedTables(shared, canary)].sort())
  })
})

describe('planting', () => {
  test('leaves no table of the schema and no shared row of the organization without a canary', async () => {
    expect(await plantCanaries(gateway.database.admin, canary)).toEqual([])
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([])
  })

  test('marks one tenant and no other', async () => {
    const other = canaryOf(await gateway.organization())
    await plantCanaries(gateway.database.admin, other)
    const own = await readTables(gateway.database.admin, schemaOf(canary.tenant))
    for (const name of own.keys()) {
      const { rows } = await gateway.database.admin.query<{ line: string }>(
        `select t::text as line from ${name} t`,
      )
      expect(leaksIn(rows.map(({ line }) => line).join('\n'), [other])).toEqual([])
    }
  })
})

describe('a table that comes later', () => {
  test('is reported while it has no canary, and gets one without being named', async () => {
    const name = `${schemaOf(canary.tenant)}.experiments`
    await sql(
      `create table ${name} (id uuid not null default public.uuid_v7() primary key, title text not null,
         owner_id uuid not null references ${schemaOf(canary.tenant)}.users (id), kind text not null,
         budget numeric, check (kind in ('trial', 'study')), check (kind <> 'study' or budget is null))`,
    )
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([name])
    await plantCanaries(gateway.database.admin, canary)
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([])
    await sql(`drop table ${name}`)
  })

  test('is reported with the reason when its rules let no canary in', async () => {
    const name = `${schemaOf(canary.tenant)}.sealed`
    await sql(`create table ${name} (id uuid primary key, phase text not null check (phase ~ '^[0-9]+$'))`)
    expect(await plantCanaries(gateway.database.admin, canary)).toEqual([
      { table: name, reason: 'no value of phase passes sealed_phase_check' },
    ])
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([name])
    await sql(`drop table ${name}`)
  })

  test('is reported when it is shared and says whose its rows are, directly or through a parent', async () => {
    await sql(
      `create table public.contracts (id uuid not null default public.uuid_v7() primary key,
         organization_id uuid not null references public.organizations (id), terms text);
       create table public.contract_pages (contract_id uuid not null references public.contracts (id),
         page integer not null, primary key (contract_id, page))`,
    )
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([
      'public.contract_pages',
      'public.contracts',
    ])
    await plantCanaries(gateway.database.admin, canary)
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual([])
    await sql(
      `insert into public.contracts (organization_id, terms) values ('${canary.organizationId}', 'plain')`,
    )
    expect(await missingCanaries(gateway.database.admin, canary)).toEqual(['public.contracts: 1 of 3 rows'])
    await sql('drop table public.contract_pages, public.contracts')
  })
})
