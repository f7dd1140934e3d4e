import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { databaseProxy } from './database-proxy.js'
import { codesOf, eventually } from './support.js'
import { createOrganization, tenantGateway, type Organization } from './tenant-gateway.js'

let database: TestDatabase
let acme: Organization
beforeAll(async () => {
  database = await freshDatabase()
  acme = await createOrganization(database)
})
afterAll(() => database?.drop())

const QUERY = '{ users { nodes { email } } }'

describe('a database that is down', () => {
  test('makes requests fail with 503 and Retry-After, and the gateway recovers by itself', async () => {
    const proxy = await databaseProxy(database.gatewayUrl)
    const gateway = await tenantGateway(database, { databaseUrl: proxy.url })
    const ask = () => gateway.askAs(acme.ownerId, acme.tenant, QUERY)
    expect((await ask()).status).toBe(200)

    await proxy.close()
    for (let attempt = 0; attempt < 3; attempt++) {
      const outage = await ask()
      expect([outage.status, outage.headers.get('retry-after')]).toEqual([503, '2'])
      expect(new Set(codesOf(outage))).toEqual(new Set(['SERVICE_UNAVAILABLE']))
      expect(JSON.stringify(outage.body)).not.toMatch(/ECONN|127\.0\.0\.1|5432|terminated/)
    }
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200)

    await proxy.open()
    await eventually(async () => (await ask()).status).toBe(200)
  })

  test('makes the gateway not ready until it is back', async () => {
    const proxy = await databaseProxy(database.gatewayUrl)
    const { url } = await tenantGateway(database, { databaseUrl: proxy.url })
    const ready = () => fetch(`${url}/health/ready`)
    expect(await (await ready()).json()).toEqual({
      status: 'ok',
      checks: [
        { name: 'database', ok: true },
        { name: 'migrations', ok: true },
      ],
    })
    await proxy.close()
    await eventually(async () => (await ready()).status).toBe(503)
    expect(await (await ready()).json()).toEqual({
      status: 'unavailable',
      checks: [{ name: 'database', ok: false, reason: 'The database cannot be reached.' }],
    })
    await proxy.open()
    await eventually(async () => (await ready()).status).toBe(200)
  })
})

describe('a database whose shared schema is behind', () => {
  test('makes the gateway not ready, and says what to do', async () => {
    const behind = await freshDatabase()
    try {
      const { url } = await tenantGateway(behind)
      await behind.admin.query(
        `delete from public.schema_migrations where schema_name = 'public' and version =
           (select max(version) from public.schema_migrations where schema_name = 'public')`,
      )
      const answer = await fetch(`${url}/health/ready`)
      expect([answer.status, await answer.json()]).toEqual([
        503,
        {
          status: 'unavailable',
          checks: [
            { name: 'database', ok: true },
            {
              name: 'migrations',
              ok: false,
              reason: 'The shared schema lacks 1 migration. Run: orgscope migrate up',
            },
          ],
        },
      ])
    } finally {
      await behind.drop()
    }
  })
})

describe('a backend that dies in the middle of a request', () => {
  /** Makes reading users wait, so that there is a middle: a lock taken by somebody else. */
  async function whileLocked(work: () => Promise<void>): Promise<void> {
    const blocker = await database.admin.connect()
    try {
      await blocker.query(`begin; lock table org_${acme.tenant}.users in access exclusive mode`)
      await work()
    } finally {
      await blocker.query('rollback')
      blocker.release()
    }
  }

  /** Backends of the gateway that wait for the lock. */
  async function waiting(): Promise<number[]> {
    const { rows } = await database.admin.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and usename = 'orgscope_gateway' and wait_event_type = 'Lock'`,
    )
    return rows.map(({ pid }) => pid)
  }

  test('fails that request with SERVICE_UNAVAILABLE, and the pool heals', async () => {
    const gateway = await tenantGateway(database, { poolSize: 1 })
    const ask = () => gateway.askAs(acme.ownerId, acme.tenant, QUERY)
    expect((await ask()).status).toBe(200)
    await whileLocked(async () => {
      const struck = ask()
      await eventually(async () => (await waiting()).length).toBe(1)
      await database.admin.query('select pg_terminate_backend($1)', [(await waiting())[0]])
      const answer = await struck
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
      expect(new Set(codesOf(answer))).toEqual(new Set(['SERVICE_UNAVAILABLE']))
    })
    // The pool has one place: were the dead connection still in it, nothing would work any more.
    for (let attempt = 0; attempt < 3; attempt++) expect((await ask()).status).toBe(200)
  })

  test('does not end the process when it dies while its connection is idle', async () => {
    const gateway = await tenantGateway(database, { poolSize: 1 })
    const ask = () => gateway.askAs(acme.ownerId, acme.tenant, QUERY)
    await ask()
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = 'orgscope_gateway'`,
    )
    await eventually(async () => (await ask()).status).toBe(200)
  })

  test('that takes too long fails with TIMEOUT and spares the connection', async () => {
    const gateway = await tenantGateway(database, { poolSize: 1, statementTimeout: 200 })
    await whileLocked(async () => {
      const answer = await gateway.askAs(acme.ownerId, acme.tenant, QUERY)
      expect([answer.status, ...codesOf(answer)]).toEqual([504, 'TIMEOUT'])
    })
    expect((await gateway.askAs(acme.ownerId, acme.tenant, QUERY)).status).toBe(200)
  })
})
