import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { gatewayUrlOf } from '../support/database.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn } from './support/canary.js'
import { crowd, faults, HALF_BROKEN, killSome, patient, withoutTable } from './support/crowd.js'
import { findPgBouncer, startPgBouncer, type PgBouncer } from './support/pgbouncer.js'
import { othersOf, settle, type Resident } from './support/population.js'
import { CLEAN, preparedOn, statesOf } from './support/pool-state.js'

// Much is asked here; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const CONNECTIONS = 2
const program = findPgBouncer()
let pooler: PgBouncer | undefined
let gateway: TestGateway | undefined
let residents: readonly Resident[]
beforeAll(async () => {
  if (program === undefined) return
  pooler = await startPgBouncer(program, gatewayUrlOf(inject('adminUrl')), { connections: CONNECTIONS })
  const { through } = pooler
  // More clients than connections: every transaction of a client may run on another one.
  const started = await TestGateway.start({
    poolSize: 8,
    gatewayUrl: ({ gatewayUrl }) => through(gatewayUrl),
  })
  gateway = patient(started)
  residents = await settle(gateway)
})
afterAll(async () => {
  await gateway?.close()
  await pooler?.stop()
})

/** The gateway behind the pooler; where PgBouncer is not installed, only a machine that checks every change minds. */
function behindPooler(): TestGateway | undefined {
  if (gateway !== undefined) return gateway
  if (process.env['CI'] !== undefined)
    throw new Error('PgBouncer is not installed: apt-get install pgbouncer')
  console.warn(
    'PgBouncer is not installed: nothing was proved about transaction pooling. apt-get install pgbouncer',
  )
  return undefined
}

test('through PgBouncer in transaction mode, a crowd of three organizations on two connections gets each its own', async () => {
  const { pool } = behindPooler() ?? {}
  if (pool === undefined) return
  expect(faults(await crowd(residents, 200), residents)).toEqual([])
  const { rows } = await gateway!.database.admin.query<{ count: number }>(
    `select count(*) from pg_stat_activity where datname = current_database() and usename = 'orgscope_gateway'
       and application_name not like '%directory%'`,
  )
  expect(rows[0]?.count).toBeLessThanOrEqual(CONNECTIONS + 1)
})

test('through PgBouncer, failing statements and killed connections leave nothing behind', async () => {
  const served = behindPooler()
  if (served === undefined) return
  await Promise.all(
    residents.map((resident) =>
      withoutTable(resident, 'teams', async () => {
        const replies = await Promise.all(
          Array.from({ length: 10 }, () => resident.ask('owner')(HALF_BROKEN)),
        )
        for (const reply of replies) {
          const codes = reply.errors.map(({ extensions }) => extensions.code)
          expect(codes).toEqual(['INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR'])
          expect(faults([{ resident, reply: { ...reply, errors: [] } }], residents)).toEqual([])
          expect(reply.data).toMatchObject({ bad: null, organization: { orgKey: resident.canary.tenant } })
        }
      }),
    ),
  )
  const crowded = crowd(residents, 60)
  await killSome(served.database.admin, 3)
  for (const { resident, reply } of await crowded) {
    expect(leaksIn(reply.text, othersOf(resident, residents))).toEqual([])
  }
  expect(faults(await crowd(residents, 30), residents)).toEqual([])
})

test('through PgBouncer, nothing is prepared, however often it is asked', async () => {
  const served = behindPooler()
  if (served === undefined) return
  expect(served.session.preparedStatements).toBe(true)
  for (let round = 0; round < 5; round++) expect(faults(await crowd(residents, 15), residents)).toEqual([])
  const through = served.database.pool(pooler!.through(served.database.gatewayUrl), CONNECTIONS)
  expect(await preparedOn(through)).toEqual([])
})

test('through PgBouncer, every connection to the server is as after login', async () => {
  const served = behindPooler()
  if (served === undefined) return
  const direct = served.database.pool(pooler!.through(served.database.gatewayUrl), CONNECTIONS)
  // PgBouncer itself tells the server the client's application_name.
  const clean = { ...CLEAN, changed: ['application_name'] }
  expect(await statesOf(direct)).toEqual(Array.from({ length: CONNECTIONS }, () => clean))
})

test('through PgBouncer, what is set for a session reaches whoever comes next: why the gateway never does it', async () => {
  const served = behindPooler()
  if (served === undefined) return
  const [careless, next] = [1, 2].map(() =>
    served.database.pool(pooler!.through(served.database.gatewayUrl), 1),
  )
  const schema = schemaOf(residents[0]!.canary.tenant)
  await careless!.query(`set search_path = ${schema}`)
  const { rows } = await next!.query<{ path: string }>(`select current_setting('search_path') as path`)
  expect(rows).toEqual([{ path: schema }])
  // A path is local to each transaction of the gateway, so not even this one gets in its way.
  expect(faults(await crowd(residents, 30), residents)).toEqual([])
})
