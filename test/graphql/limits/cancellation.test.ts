import { request } from 'node:http'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../../../src/http/listen.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

/** Milliseconds a request may take in the first half of the tests; in the second half there is no limit. */
const TIMEOUT = 1_500
const READ = '{ teams { totalCount nodes { name } } viewer { role } }'
const WRITE = 'mutation { createTeam(input: { name: "Never" }) { team { id } } }'
const operations = [
  ['a query', READ],
  ['a mutation', WRITE],
] as const

let gateway: TestGateway
let acme: TestOrganization
let lock: pg.PoolClient

/** Statements take as long as somebody holds the table. */
function withGateway(requestTimeout: number): void {
  beforeAll(async () => {
    gateway = await TestGateway.start({ poolSize: 3, statementTimeout: 60_000, config: { requestTimeout } })
    acme = await gateway.organization()
    await acme.sql(`insert into teams (name) values ('First')`)
  })
  afterAll(() => gateway?.close())
  beforeEach(async () => {
    lock = await gateway.database.admin.connect()
    await lock.query(`begin; lock table org_${acme.id}.teams in access exclusive mode`)
  })
  afterEach(() => lock.release(true))
}

/** Connections of the gateway that wait for the table. */
async function waiting(): Promise<number> {
  const { rows } = await gateway.database.admin.query<{ waiting: number }>(
    `select count(*)::int as waiting from pg_stat_activity
     where usename = 'orgscope_gateway' and datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]!.waiting
}

/** Nothing was written, and every connection of the pool is nobody in particular, outside any transaction. */
async function expectNothingLeft(): Promise<void> {
  await lock.query('rollback')
  const clients = await Promise.all([1, 2, 3].map(() => gateway.pool.connect()))
  for (const client of clients) {
    const { rows } = await client.query(
      `select current_user as name, current_setting('search_path') as path, pg_current_xact_id_if_assigned() as xact`,
    )
    expect(rows).toEqual([{ name: 'orgscope_gateway', path: '"$user", public', xact: null }])
    client.release()
  }
  expect(await acme.sql('select name from teams')).toEqual([{ name: 'First' }])
  expect(await acme.as('owner').query(READ)).toMatchObject({ teams: { totalCount: 1 } })
}

describe('when a request takes too long,', () => {
  withGateway(TIMEOUT)

  test.each(operations)('what %s runs in the database is cancelled', async (_what, query) => {
    const answer = await acme.as('owner').send(query)
    expect(answer.errors?.[0]).toMatchObject({
      message: `The request took longer than ${TIMEOUT} ms and was stopped. Ask for less at once.`,
      extensions: { code: 'TIMEOUT', limit: 'requestMilliseconds', allowed: TIMEOUT },
    })
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0)
    await expectNothingLeft()
  })

  test('the answer has what was found before', async () => {
    const answer = await acme.as('owner').send('{ tools { totalCount } teams { totalCount } }')
    expect(answer.status).toBe(200)
    expect(answer.data).toEqual({ tools: { totalCount: expect.any(Number) as number }, teams: null })
  })

  test('requests that wait for a connection end as well', async () => {
    const client = acme.as('owner')
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.send('{ teams { totalCount } }')),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(504))
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0)
    await expectNothingLeft()
  })
})

describe('when a client goes away,', () => {
  withGateway(0)

  test.each(operations)('what %s runs in the database is cancelled', async (_what, query) => {
    const url = gateway.server.server.listening
      ? `http://127.0.0.1:${(gateway.server.server.address() as { port: number }).port}`
      : await listen(gateway.server, '127.0.0.1', 0)
    const headers = { ...(await acme.as('owner').headers()), 'content-type': 'application/json' }
    for (let round = 0; round < 5; round += 1) {
      const sent = request(`${url}/graphql`, { method: 'POST', headers })
      sent.on('error', () => {})
      sent.end(JSON.stringify({ query }))
      await expect.poll(waiting, { timeout: 10_000, interval: 20 }).toBeGreaterThan(0)
      sent.destroy()
      await expect.poll(waiting, { timeout: 10_000, interval: 20 }).toBe(0)
    }
    await expectNothingLeft()
  })
})
