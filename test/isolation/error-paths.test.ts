import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn } from './support/canary.js'
import { BROAD, crowd, faults, HALF_BROKEN, killSome, patient, withoutTable } from './support/crowd.js'
import { othersOf, settle, type Resident } from './support/population.js'
import { CLEAN, statesOf } from './support/pool-state.js'
import type { Reply } from './support/walker.js'

/** Milliseconds after which a statement is given up. */
const PATIENCE = 1_500
const POOL = 2

let gateway: TestGateway
let residents: readonly Resident[]
let first: Resident
let second: Resident
beforeAll(async () => {
  gateway = patient(await TestGateway.start({ poolSize: POOL, statementTimeout: PATIENCE }))
  residents = await settle(gateway)
  ;[first, second] = residents as [Resident, Resident]
}, 120_000)
afterAll(() => gateway?.close())

/** Whatever happened: connections are as after login, and everybody sees their own. */
afterEach(async () => {
  expect(await statesOf(gateway.pool)).toEqual(Array.from({ length: POOL }, () => CLEAN))
  expect(faults(await crowd(residents, 9), residents)).toEqual([])
})

const codes = ({ errors }: Reply): string[] => errors.map(({ extensions }) => extensions.code)

/** Holds a table of a resident so that whoever reads it has to wait. */
async function whileHeld<Result>(
  resident: Resident,
  table: string,
  work: (holder: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const holder = await resident.organization.gateway.database.admin.connect()
  try {
    await holder.query(
      `begin; lock table ${schemaOf(resident.canary.tenant)}.${table} in access exclusive mode`,
    )
    return await work(holder)
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

/** Waits until a backend of the gateway stands in line for a lock, and answers its process id. */
async function waitingBackend(holder: pg.PoolClient): Promise<number> {
  for (let look = 0; look < 1_000; look++) {
    const { rows } = await holder.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = current_database() and usename = 'orgscope_gateway' and wait_event_type = 'Lock'`,
    )
    if (rows[0] !== undefined) return rows[0].pid
    await holder.query('select pg_sleep(0.005)')
  }
  throw new Error('nobody waits for the lock')
}

describe('a statement that takes too long', () => {
  test('ends with TIMEOUT, spares its siblings, and shows nothing of anybody else', async () => {
    await whileHeld(first, 'teams', async () => {
      const [slow, other] = await Promise.all([
        first.ask('owner')(
          '{ teams { nodes { id name } } organization { description } users { totalCount } }',
        ),
        second.ask('owner')(BROAD),
      ])
      expect(codes(slow)).toEqual(['TIMEOUT'])
      expect(slow.data).toMatchObject({ teams: null, organization: { description: first.canary.marker } })
      expect(leaksIn(slow.text, othersOf(first, residents))).toEqual([])
      expect(faults([{ resident: second, reply: other }], residents)).toEqual([])
    })
  })

  test('rolls a mutation back', async () => {
    await whileHeld(first, 'audit_logs', async () => {
      const reply = await first.ask('owner')(
        'mutation { createTeam(input: { name: "half" }) { team { id } } }',
      )
      expect(codes(reply)).toEqual(['TIMEOUT'])
    })
    const found = await first.ask('owner')('{ teams(filter: { name: { eq: "half" } }) { totalCount } }')
    expect(found.data).toEqual({ teams: { totalCount: 0 } })
  })
})

describe('a backend that is killed', () => {
  test('while it reads answers SERVICE_UNAVAILABLE, and the next request is served', async () => {
    const reply = await whileHeld(first, 'teams', async (holder) => {
      const asked = first.ask('owner')('{ teams { nodes { name } } }')
      await holder.query('select pg_terminate_backend($1)', [await waitingBackend(holder)])
      return asked
    })
    expect(codes(reply)).toEqual(['SERVICE_UNAVAILABLE'])
    expect(leaksIn(reply.text, othersOf(first, residents))).toEqual([])
  })

  test('while it writes writes nothing', async () => {
    const reply = await whileHeld(first, 'audit_logs', async (holder) => {
      const asked = first.ask('owner')('mutation { createTeam(input: { name: "killed" }) { team { id } } }')
      await holder.query('select pg_terminate_backend($1)', [await waitingBackend(holder)])
      return asked
    })
    expect(codes(reply)).toEqual(['SERVICE_UNAVAILABLE'])
    const found = await first.ask('owner')('{ teams(filter: { name: { eq: "killed" } }) { totalCount } }')
    expect(found.data).toEqual({ teams: { totalCount: 0 } })
  })

  test('with every other one, in the middle of a crowd, shows nobody anything of another', async () => {
    const asked = crowd(residents, 90)
    await killSome(gateway.database.admin, 5)
    for (const { resident, reply } of await asked) {
      expect(leaksIn(reply.text, othersOf(resident, residents))).toEqual([])
      expect(codes(reply).filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([])
    }
  })
})

describe('a statement that fails', () => {
  test('beside good ones takes none of their data away, and they keep their organization', async () => {
    await Promise.all(residents.map((resident) => withoutTable(resident, 'teams', ask)))

    async function ask(resident: Resident): Promise<void> {
      for (let round = 0; round < 5; round++) {
        const reply = await resident.ask('owner')(HALF_BROKEN)
        expect(codes(reply)).toEqual(['INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR'])
        expect(faults([{ resident, reply: { ...reply, errors: [] } }], residents)).toEqual([])
        expect(reply.data).toMatchObject({
          bad: null,
          worse: null,
          organization: { orgKey: resident.canary.tenant },
          users: { totalCount: 9 },
          usageEvents: { totalCount: 5 },
        })
      }
    }
  })

  test('in one mutation leaves the others of the same request done, each in its own transaction', async () => {
    const [team] = (
      (await first.ask('owner')('{ teams { nodes { id name } } }')).data?.teams as never as {
        nodes: { id: string; name: string }[]
      }
    ).nodes as [{ id: string; name: string }]
    const reply = await first.ask('owner')(
      `mutation { a: createTeam(input: { name: "before" }) { team { id } }
        b: updateTeam(input: { id: "${team.id}", name: "" }) { team { id } }
        c: createTeam(input: { name: "after" }) { team { id } } }`,
    )
    expect(codes(reply)).toEqual(['BAD_USER_INPUT'])
    const left = await first.ask('owner')(
      `{ teams(filter: { name: { in: ["before", "after", ""] } }, orderBy: [{ field: NAME }]) { nodes { name } } }`,
    )
    expect(left.data).toMatchObject({ teams: { nodes: [{ name: 'after' }, { name: 'before' }] } })
  })
})

describe('a crowd', () => {
  test('of three organizations on two connections gets each its own', async () => {
    expect(faults(await crowd(residents, 120), residents)).toEqual([])
  })
})

describe('on one connection', () => {
  let narrow: TestGateway
  let crowded: readonly Resident[]
  beforeAll(async () => {
    narrow = patient(await TestGateway.start({ poolSize: 1 }))
    crowded = await settle(narrow)
  }, 120_000)
  afterAll(() => narrow?.close())

  test('two hundred requests of three organizations at once get each their own', async () => {
    expect(faults(await crowd(crowded, 200), crowded)).toEqual([])
    expect(await statesOf(narrow.pool)).toEqual([CLEAN])
  })

  test('a statement that is cancelled ends with TIMEOUT and leaves nothing behind', async () => {
    const [resident] = crowded as [Resident]
    const reply = await whileHeld(resident, 'teams', async (holder) => {
      const asked = resident.ask('owner')(
        '{ teams { nodes { name } } organization { description } users { totalCount } }',
      )
      const { rows } = await holder.query('select pg_cancel_backend($1) as cancelled', [
        await waitingBackend(holder),
      ])
      expect(rows).toEqual([{ cancelled: true }])
      return asked
    })
    expect(codes(reply)).toEqual(['TIMEOUT'])
    expect(reply.data).toMatchObject({ teams: null, organization: { description: resident.canary.marker } })
    expect(leaksIn(reply.text, othersOf(resident, crowded))).toEqual([])
    expect(await statesOf(narrow.pool)).toEqual([CLEAN])
    expect(faults(await crowd(crowded, 9), crowded)).toEqual([])
  })

  test('several mutations of one request that read their results do not wait for each other', async () => {
    const [resident] = crowded as [Resident]
    const reply = await resident.ask('owner')(
      `mutation { a: createTeam(input: { name: "one" }) { team { id members { totalCount } } }
        b: createTeam(input: { name: "two" }) { team { id members { totalCount } } } }`,
    )
    expect(reply.errors).toEqual([])
    expect(await statesOf(narrow.pool)).toEqual([CLEAN])
  })
})
