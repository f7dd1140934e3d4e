import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodePosition, encodePosition, type EventPosition } from '../../src/events/event-position.js'
import { EventHub, type EventHubOptions } from '../../src/events/event-hub.js'
import type { EventSubscription } from '../../src/events/event-subscription.js'
import { removeExpiredEvents, writeEvents } from '../../src/events/outbox.js'
import { DirectoryListener } from '../../src/tenancy/directory-listener.js'
import { inWriteSession, WriteSession } from '../../src/tenancy/session.js'
import { tenantScope, type SessionScope } from '../../src/tenancy/session-scope.js'
import { TenantDirectory } from '../../src/tenancy/tenant-directory.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'
import { eventually } from '../support/subscriber.js'

const SESSION = { statementTimeout: 20_000 }

let database: TestDatabase
let tenant: TenantId
let place: { tenant: TenantId; organizationId: string }
let scope: SessionScope
let writers: pg.Pool
const ending: (() => Promise<void>)[] = []

beforeAll(async () => {
  database = await freshDatabase()
  tenant = await newTenant(database.admin)
  const { rows } = await database.admin.query<{ id: string }>(
    'select id from public.organizations where org_key = $1',
    [tenant],
  )
  place = { tenant, organizationId: rows[0]!.id }
  scope = tenantScope(tenant, place.organizationId)
  writers = database.pool(database.gatewayUrl, 12)
})
afterAll(async () => {
  for (const end of ending) await end()
  await database.drop()
})

/** The part of a gateway that reads events. */
async function gateway(options: Partial<EventHubOptions> = {}): Promise<EventHub> {
  const pool = database.pool(database.gatewayUrl, 4)
  const listener = new DirectoryListener(database.gatewayUrl, new TenantDirectory(pool, SESSION))
  const hub = new EventHub({
    pool,
    session: SESSION,
    listener,
    retentionDays: 7,
    pollInterval: 50,
    ...options,
  })
  await listener.start()
  hub.start()
  ending.push(async () => {
    await hub.stop()
    await listener.stop()
  })
  return hub
}

const everything = (): boolean => true

function write(name: string, hub?: EventHub): Promise<void> {
  return inWriteSession(writers, scope, SESSION, (session) =>
    writeEvents(session, [{ topic: 'test', eventType: name }]),
  ).then(() => hub?.announce(place))
}

/** Collects until it is closed. */
function collect(subscription: EventSubscription): {
  readonly names: string[]
  readonly positions: EventPosition[]
} {
  const seen = { names: [] as string[], positions: [] as EventPosition[] }
  void (async () => {
    for (let batch = await subscription.next(); batch !== undefined; batch = await subscription.next()) {
      seen.names.push(...batch.map(({ eventType }) => eventType))
      seen.positions.push(...batch.map(({ position }) => position))
    }
  })()
  return seen
}

async function committed(): Promise<string[]> {
  const { rows } = await database.admin.query<{ event_type: string }>(
    `select event_type from ${schemaOf(tenant)}.outbox_events order by transaction_id, id`,
  )
  return rows.map(({ event_type }) => event_type)
}

test('an event of a transaction that began earlier and commits later is not skipped', async () => {
  const hub = await gateway()
  const subscription = await hub.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  const early = new WriteSession(writers, scope, SESSION)
  await writeEvents(early, [{ topic: 'test', eventType: 'early' }])
  await write('late', hub)
  await sleep(150)
  // It is committed, but its place is not certain: what comes before it may still commit.
  expect(names).toEqual([])
  await early.commit()
  await eventually(() => names).toEqual(['early', 'late'])
  subscription.close()
})

test('events wait for a transaction that writes none, and come when it ends', async () => {
  const hub = await gateway({ pollInterval: 3_600_000 })
  const subscription = await hub.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  const other = await database.admin.connect()
  await other.query('begin')
  await other.query('select pg_current_xact_id()')
  await write('held', hub)
  await sleep(100)
  expect(names).toEqual([])
  await other.query('rollback')
  other.release()
  await eventually(() => names).toEqual(['held'])
  subscription.close()
})

test('what was committed before does not come, not even when it was waiting', async () => {
  const hub = await gateway()
  const older = new WriteSession(writers, scope, SESSION)
  await writeEvents(older, [{ topic: 'test', eventType: 'still-running' }])
  await write('past', hub)
  const subscription = await hub.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  await older.commit()
  await write('future', hub)
  await eventually(() => names).toEqual(['still-running', 'future'])
  subscription.close()
})

test('a notification that is lost is found by looking, also one of another gateway', async () => {
  const hub = await gateway()
  const subscription = await hub.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  await sleep(200)
  await write('unannounced')
  await eventually(() => names).toEqual(['unannounced'])
  subscription.close()
})

test('a database that cuts every connection delays events and loses none', async () => {
  const errors: unknown[] = []
  const hub = await gateway({ onError: (error) => errors.push(error) })
  const subscription = await hub.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  await write('before', hub)
  await eventually(() => names).toEqual(['before'])
  for (let time = 0; time < 3; time++) {
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = 'orgscope_gateway'`,
    )
    await eventually(() => write(`after ${time}`, hub).then(...settled)).toBe('written')
  }
  await eventually(() => names).toEqual(['before', 'after 0', 'after 1', 'after 2'])
  subscription.close()
})

/** A connection may be found dead only when it is used. */
const settled = [() => 'written', () => 'failed'] as const

test('news are told between gateways by one notification for many', async () => {
  const [one, other] = [
    await gateway({ pollInterval: 3_600_000 }),
    await gateway({ pollInterval: 3_600_000 }),
  ]
  const subscription = await other.subscribe(place, everything, undefined)
  const { names } = collect(subscription)
  const heard: string[] = []
  const ear = await database.admin.connect()
  ear.on('notification', ({ payload = '' }) => void heard.push(payload))
  await ear.query('listen orgscope_news')
  await Promise.all(Array.from({ length: 8 }, () => write('told', one)))
  await eventually(() => names.length).toBe(8)
  for (let time = 0; time < 1_000; time++) one.announce(place)
  await eventually(() => heard.length).toBeGreaterThan(0)
  await sleep(100)
  expect(heard.length).toBeLessThan(9)
  expect(new Set(heard)).toEqual(new Set([tenant]))
  await ear.query('unlisten *')
  ear.release()
  subscription.close()
})

/** What one of the concurrent writers does. */
const transaction = fc.record({
  events: fc.integer({ min: 1, max: 4 }),
  /** Milliseconds between its first event and its end. */
  lasts: fc.integer({ min: 0, max: 60 }),
  rollsBack: fc.boolean(),
  /** Writes its first event only after that many milliseconds, and so gets its number late. */
  hesitates: fc.integer({ min: 0, max: 30 }),
})
const script = fc.record({
  writers: fc.array(fc.array(transaction, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 6 }),
  /** After how many events subscribers disconnect and resume. */
  breaks: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
})

test('whatever the order of commits, every subscriber gets every event once and in the same order, also across resumes', async () => {
  const hubs = [await gateway(), await gateway()]
  let round = 0
  await fc.assert(
    fc.asyncProperty(script, async ({ writers: scripts, breaks }) => {
      round++
      const past = (await committed()).length
      const live = await hubs[0]!.subscribe(place, everything, undefined)
      const seenLive = collect(live)
      const restless = resuming(hubs, breaks)
      await restless.started
      await Promise.all(
        scripts.map(async (transactions, writer) => {
          for (const [index, one] of transactions.entries()) {
            await run(one, `${round}.${writer}.${index}`, hubs[writer % 2]!)
          }
        }),
      )
      const expected = (await committed()).slice(past)
      await eventually(() => seenLive.names.length).toBeGreaterThanOrEqual(expected.length)
      await eventually(() => restless.names.length).toBeGreaterThanOrEqual(expected.length)
      live.close()
      restless.stop()
      expect(seenLive.names).toEqual(expected)
      expect(restless.names).toEqual(expected)
    }),
    { numRuns: 12, endOnFailure: true },
  )
}, 120_000)

async function run(
  {
    events,
    lasts,
    rollsBack,
    hesitates,
  }: { events: number; lasts: number; rollsBack: boolean; hesitates: number },
  name: string,
  hub: EventHub,
): Promise<void> {
  const session = new WriteSession(writers, scope, SESSION)
  await sleep(hesitates)
  for (let event = 0; event < events; event++) {
    await writeEvents(session, [{ topic: 'test', eventType: `${name}.${event}` }])
    await sleep(lasts / events)
  }
  if (rollsBack) return session.rollback()
  await session.commit()
  hub.announce(place)
}

/** A subscriber that breaks off after so many events and goes on from the last, at another gateway each time. */
function resuming(
  hubs: readonly EventHub[],
  breaks: readonly number[],
): { readonly names: string[]; readonly started: Promise<void>; stop(): void } {
  const names: string[] = []
  let isStopped = false
  let current: EventSubscription | undefined
  let begin = (): void => {}
  const started = new Promise<void>((resolve) => (begin = resolve))
  void (async () => {
    let after: string | undefined
    for (let time = 0; !isStopped; time++) {
      const position = after === undefined ? undefined : decodePosition(after)
      current = await hubs[time % hubs.length]!.subscribe(place, everything, position)
      begin()
      let left = after === undefined ? 1 : (breaks[time] ?? Infinity)
      while (left > 0 && !isStopped) {
        const batch = await current.next()
        if (batch === undefined) break
        for (const event of batch.slice(0, left)) {
          names.push(event.eventType)
          after = encodePosition(event.position)
        }
        left -= batch.length
      }
      current.close()
    }
  })()
  return {
    names,
    started,
    stop: () => {
      isStopped = true
      current?.close()
    },
  }
}

test('a subscriber that is too slow for memory reads from the outbox, and misses nothing', async () => {
  const hub = await gateway()
  const subscription = await hub.subscribe(place, everything, undefined)
  const first = subscription.next()
  await write('first', hub)
  expect((await first)!.map(({ eventType }) => eventType)).toEqual(['first'])
  // Nobody asks for more while three thousand events are written: more than wait in memory.
  const expected: string[] = []
  for (let batch = 0; batch < 30; batch++) {
    await inWriteSession(writers, scope, SESSION, async (session) => {
      for (let event = 0; event < 100; event++) {
        const name = `${batch}.${event}`
        expected.push(name)
        await writeEvents(session, [{ topic: 'test', eventType: name }])
      }
    })
    hub.announce(place)
  }
  await sleep(200)
  const { names } = collect(subscription)
  await write('last', hub)
  await eventually(() => names.length).toBe(expected.length + 1)
  // Ids of one process are in order, so those of a transaction are as they were written.
  expect(new Set(names)).toEqual(new Set([...expected, 'last']))
  expect(names.map((name) => Number(name.split('.')[0])).filter((batch) => !Number.isNaN(batch))).toEqual(
    expected.map((name) => Number(name.split('.')[0])),
  )
  subscription.close()
}, 60_000)

test('retention removes from the oldest without a gap, and always leaves the newest', async () => {
  const expire = (days: number): Promise<number> =>
    inWriteSession(writers, scope, SESSION, (session) => removeExpiredEvents(session, days, 10_000))
  await write('newest')
  expect(await expire(7)).toBe(0)
  const all = await committed()
  // The third-oldest transaction is young: neither it nor what follows may go, however old that seems.
  await database.admin.query(`
    update ${schemaOf(tenant)}.outbox_events set created_at = now() - interval '8 days'
    where transaction_id <> (select distinct transaction_id from ${schemaOf(tenant)}.outbox_events
      order by transaction_id offset 2 limit 1)`)
  await expire(7)
  const kept = await committed()
  expect(all.slice(all.length - kept.length)).toEqual(kept)
  expect(all.length - kept.length).toBeGreaterThan(1)
  await database.admin.query(
    `update ${schemaOf(tenant)}.outbox_events set created_at = now() - interval '8 days'`,
  )
  await expire(7)
  expect(await committed()).toEqual(['newest'])
})

test('wake-ups are removed once every gateway has seen them, and expired events with them', async () => {
  const count = async (): Promise<number> =>
    (await database.admin.query<{ count: number }>('select count(*) from public.tenant_wakeups')).rows[0]!
      .count
  const hubs = await Promise.all(
    Array.from({ length: 3 }, () => gateway({ pollInterval: 20, sweepInterval: 300 })),
  )
  const seen = await Promise.all(
    hubs.map(async (hub) => collect(await hub.subscribe(place, everything, undefined))),
  )
  // Nobody announces: each gateway has to find every wake-up, while all of them are removing.
  for (let index = 0; index < 60; index++) {
    await write(`swept-${index}`)
    await sleep(15)
  }
  for (const { names } of seen) await eventually(() => names.length).toBe(60)
  await eventually(count).toBe(0)
}, 60_000)
