import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { quick, RUNS, type QuickClient } from '../../entity/client.js'

let gateway: TestGateway
let acme: TestOrganization
let viewer: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = await quick(acme.as('viewer'))
})
afterAll(() => gateway?.close())

const Exact = Decimal.clone({ precision: 300, toExpNeg: -1000, toExpPos: 1000 })

interface Event {
  readonly toolName: string | null
  readonly provider: string | null
  readonly service: 'chat' | 'image'
  readonly success: boolean
  readonly currency: 'USD' | 'EUR' | 'JPY'
  readonly inputTokens: number
  readonly responseTimeMs: number | null
  readonly totalCost: string | null
}

let marks = 0
/** Stores events under a mark of their own, by which they are filtered. */
async function store(events: readonly (Partial<Event> & { occurredAt?: string })[]): Promise<string> {
  const mark = `run ${++marks}`
  const rows = events.map((event) => ({
    occurred_at: event.occurredAt ?? '2026-01-01T00:00:00Z',
    tool_name: event.toolName ?? null,
    provider: event.provider ?? null,
    service: event.service ?? 'chat',
    success: event.success ?? true,
    currency: event.currency ?? 'USD',
    input_tokens: event.inputTokens ?? 0,
    response_time_ms: event.responseTimeMs ?? null,
    total_cost: event.totalCost ?? null,
    cost_source: event.totalCost == null ? 'unpriced' : 'priced',
    session_id: mark,
  }))
  const columns = Object.keys(rows[0] ?? { session_id: mark }).join()
  await acme.sql(
    `insert into usage_events (${columns}) select ${columns} from json_populate_recordset(null::usage_events, $1)`,
    [JSON.stringify(rows)],
  )
  return mark
}

interface Group {
  readonly group: Record<string, unknown>
  readonly count: number
  readonly [aggregate: string]: unknown
}
async function aggregate(mark: string, selection: string, rest = ''): Promise<Group[]> {
  const { usageEventsAggregate } = await viewer.query<{ usageEventsAggregate: Group[] }>(
    `{ usageEventsAggregate(filter: { sessionId: { eq: "${mark}" } } ${rest}) { ${selection} } }`,
  )
  return usageEventsAggregate
}
const refusal = async (rest: string): Promise<Record<string, unknown> | undefined> =>
  (await viewer.send(`{ usageEventsAggregate(${rest}) { count } }`)).errors?.[0]?.extensions

const cost = fc.constantFrom(
  '0',
  '0.1',
  '0.2',
  '0.0000000000000000000000000000000000000001',
  '99999999999999999999.9',
)
const event: fc.Arbitrary<Event> = fc.record({
  toolName: fc.constantFrom(null, 'Quill', 'Brush'),
  provider: fc.constantFrom(null, 'openai'),
  service: fc.constantFrom('chat' as const, 'image' as const),
  success: fc.boolean(),
  currency: fc.constantFrom('USD' as const, 'EUR' as const, 'JPY' as const),
  inputTokens: fc.constantFrom(0, 1, 4808, 2 ** 40),
  responseTimeMs: fc.constantFrom(null, 0, 7, 2 ** 31 - 1),
  totalCost: fc.option(cost, { freq: 4 }),
})

const DIMENSIONS = {
  toolName: 'TOOL_NAME',
  provider: 'PROVIDER',
  service: 'SERVICE',
  success: 'SUCCESS',
  currency: 'CURRENCY',
} as const
type Dimension = keyof typeof DIMENSIONS

/** What the groups must be, computed from the events themselves. */
function expectedGroups(events: readonly Event[], dimensions: readonly Dimension[]): Group[] {
  const groups = new Map<string, Event[]>()
  // Money is asked for, so currencies are never mixed.
  for (const one of events) {
    const name = JSON.stringify([...dimensions, 'currency' as const].map((dimension) => one[dimension]))
    groups.set(name, [...(groups.get(name) ?? []), one])
  }
  return [...groups.values()].map((members) => {
    const currency = members[0]!.currency
    const costs = members.flatMap(({ totalCost }) => (totalCost === null ? [] : [new Exact(totalCost)]))
    const times = members.flatMap(({ responseTimeMs }) => responseTimeMs ?? [])
    const money = (amount: Decimal) => (costs.length === 0 ? null : { amount: amount.toFixed(), currency })
    const shared = Object.fromEntries(
      Object.keys(DIMENSIONS).map((dimension) => {
        const value = members[0]![dimension as Dimension]
        const asked = dimension === 'currency' || dimensions.includes(dimension as Dimension)
        return [dimension, !asked ? null : dimension === 'service' ? String(value).toUpperCase() : value]
      }),
    )
    return {
      group: shared,
      count: members.length,
      sum: {
        inputTokens: members.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
        responseTimeMs: times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0),
        totalCost: money(costs.reduce((sum, amount) => sum.plus(amount), new Exact(0))),
      },
      min: {
        responseTimeMs: times.length === 0 ? null : Math.min(...times),
        totalCost: costs.length === 0 ? null : money(Exact.min(...costs)),
      },
      max: {
        inputTokens: Math.max(...members.map(({ inputTokens }) => inputTokens)),
        totalCost: costs.length === 0 ? null : money(Exact.max(...costs)),
      },
    }
  })
}

const byText = (groups: readonly Group[]): string[] => groups.map((group) => JSON.stringify(group)).sort()

describe('groups of usage events', () => {
  test('hold exactly the sums, extremes and counts of their rows, each currency by itself', async () => {
    const dimensions = fc.uniqueArray(fc.constantFrom(...(Object.keys(DIMENSIONS) as Dimension[])), {
      maxLength: 3,
    })
    const property = fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 15 }),
      dimensions,
      async (events, by) => {
        const mark = await store(events)
        const groupBy = by.map((dimension) => `{ field: ${DIMENSIONS[dimension]} }`).join()
        const money = 'totalCost { amount currency }'
        const found = await aggregate(
          mark,
          `group { ${Object.keys(DIMENSIONS).join(' ')} } count sum { inputTokens responseTimeMs ${money} }
         min { responseTimeMs ${money} } max { inputTokens ${money} }`,
          `groupBy: [${groupBy}]`,
        )
        expect(byText(found)).toEqual(byText(expectedGroups(events, by)))
      },
    )
    await fc.assert(property, { numRuns: RUNS })
  })

  test('of unpriced events cost nothing known, which is not zero', async () => {
    const mark = await store([
      { totalCost: null, toolName: 'A' },
      { totalCost: '0', toolName: 'B' },
      { totalCost: null, toolName: 'B' },
    ])
    const found = await aggregate(
      mark,
      'group { toolName } count sum { totalCost { amount } } avg { totalCost { amount } }',
      'groupBy: [{ field: TOOL_NAME }]',
    )
    expect(found).toEqual([
      { group: { toolName: 'A' }, count: 1, sum: { totalCost: null }, avg: { totalCost: null } },
      {
        group: { toolName: 'B' },
        count: 2,
        sum: { totalCost: { amount: '0' } },
        avg: { totalCost: { amount: '0' } },
      },
    ])
  })

  test('have averages over what has a value', async () => {
    const mark = await store([{ inputTokens: 1, responseTimeMs: 10 }, { inputTokens: 2 }, { inputTokens: 2 }])
    const [group] = await aggregate(mark, 'avg { inputTokens responseTimeMs }')
    const { inputTokens, responseTimeMs } = (group as unknown as { avg: Record<string, string> }).avg
    expect(new Decimal(inputTokens!).minus(new Decimal(5).div(3)).abs().toNumber()).toBeLessThan(1e-15)
    expect(responseTimeMs).toBe('10')
  })

  test('are one of nothing when nothing is counted, and none when grouped', async () => {
    const none = { count: 0, sum: { inputTokens: null } }
    expect(await aggregate('nothing', 'count sum { inputTokens }')).toEqual([none])
    expect(await aggregate('nothing', 'count', 'groupBy: [{ field: SERVICE }]')).toEqual([])
  })

  test('count every event once when no money is asked for', async () => {
    const mark = await store([{ totalCost: '1' }, { totalCost: '1', currency: 'EUR' }, {}])
    expect(await aggregate(mark, 'count')).toEqual([{ count: 3 }])
    expect(await aggregate(mark, 'count group { currency } sum { totalCost { amount currency } }')).toEqual([
      { count: 1, group: { currency: 'EUR' }, sum: { totalCost: { amount: '1', currency: 'EUR' } } },
      { count: 2, group: { currency: 'USD' }, sum: { totalCost: { amount: '1', currency: 'USD' } } },
    ])
  })

  test('lead to the objects they are grouped by', async () => {
    const [tool] = await acme.sql<{ id: string }>(
      `insert into tool_catalog (name) values ('Quill') returning id`,
    )
    const mark = await store([{}, {}])
    await acme.sql('update usage_events set tool_id = $1 where session_id = $2', [tool!.id, mark])
    const found = await aggregate(
      mark,
      'count group { toolId tool { name } userId user { email } }',
      'groupBy: [{ field: TOOL_ID }, { field: USER_ID }]',
    )
    expect(found).toEqual([
      {
        count: 2,
        group: { toolId: encodeId('Tool', [tool!.id]), tool: { name: 'Quill' }, userId: null, user: null },
      },
    ])
    const ungrouped = await aggregate(mark, 'count group { toolId tool { name } occurredAt service }')
    expect(ungrouped).toEqual([
      { count: 2, group: { toolId: null, tool: null, occurredAt: null, service: null } },
    ])
  })

  test('come in the order of what they are grouped by, as many as asked for', async () => {
    const mark = await store(['c', 'a', 'b', 'a'].map((toolName) => ({ toolName })))
    const first = (limit: string) =>
      aggregate(mark, 'count group { toolName }', `groupBy: [{ field: TOOL_NAME }] ${limit}`)
    const groups = [
      { count: 2, group: { toolName: 'a' } },
      { count: 1, group: { toolName: 'b' } },
      { count: 1, group: { toolName: 'c' } },
    ]
    expect(await first('')).toEqual(groups)
    expect(await first('first: 2')).toEqual(groups.slice(0, 2))
    expect(await first('first: 0')).toEqual([])
    expect(await first('first: 5000')).toEqual(groups)
  })

  test('whose tokens no JSON number holds exactly are refused by name, not rounded', async () => {
    const mark = await store([{ inputTokens: Number.MAX_SAFE_INTEGER }, { inputTokens: 1 }])
    const { errors } = await viewer.send(
      `{ usageEventsAggregate(filter: { sessionId: { eq: "${mark}" } }) { sum { inputTokens } } count: usageEventsAggregate(filter: { sessionId: { eq: "${mark}" } }) { count } }`,
    )
    expect(errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [
        ['usageEventsAggregate'],
        {
          code: 'LIMIT_EXCEEDED',
          limit: 'sum.inputTokens',
          allowed: Number.MAX_SAFE_INTEGER,
          asked: '9007199254740992',
        },
      ],
    ])
  })
})

describe('buckets of time', () => {
  /** Both nights in which Berlin changes its clocks. */
  const SPRING = [
    '2026-03-28T22:59:59.999999Z',
    '2026-03-28T23:00:00Z',
    '2026-03-29T00:59:59Z',
    '2026-03-29T01:00:00Z',
    '2026-03-29T21:59:59Z',
    '2026-03-29T22:00:00Z',
  ]
  const AUTUMN = [
    '2026-10-24T22:00:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2026-10-25T22:59:59Z',
    '2026-10-25T23:00:00Z',
  ]

  async function buckets(
    moments: readonly string[],
    bucket: string,
    timeZone?: string,
  ): Promise<[unknown, number][]> {
    const mark = await store(moments.map((occurredAt) => ({ occurredAt })))
    const zone = timeZone === undefined ? '' : `, timeZone: "${timeZone}"`
    const groups = await aggregate(
      mark,
      'count group { occurredAt }',
      `groupBy: [{ field: OCCURRED_AT, bucket: ${bucket}${zone} }]`,
    )
    return groups.map(({ group, count }) => [group['occurredAt'], count])
  }

  test('are days of 23 and of 25 hours where the clocks change', async () => {
    expect(await buckets(SPRING, 'DAY', 'Europe/Berlin')).toEqual([
      ['2026-03-27T23:00:00Z', 1],
      ['2026-03-28T23:00:00Z', 4],
      ['2026-03-29T22:00:00Z', 1],
    ])
    expect(await buckets(AUTUMN, 'DAY', 'Europe/Berlin')).toEqual([
      ['2026-10-24T22:00:00Z', 4],
      ['2026-10-25T23:00:00Z', 1],
    ])
  })

  test('are hours that never swallow each other when the clocks go back', async () => {
    expect(await buckets(AUTUMN.slice(1, 3), 'HOUR', 'Europe/Berlin')).toEqual([
      ['2026-10-25T00:00:00Z', 1],
      ['2026-10-25T01:00:00Z', 1],
    ])
  })

  test('are of UTC when no zone is named', async () => {
    expect(await buckets(SPRING, 'DAY')).toEqual([
      ['2026-03-28T00:00:00Z', 2],
      ['2026-03-29T00:00:00Z', 4],
    ])
  })

  test.each([
    ['MINUTE', '2026-05-14T10:44:00Z'],
    ['HOUR', '2026-05-14T10:30:00Z'],
    ['DAY', '2026-05-13T18:30:00Z'],
    ['WEEK', '2026-05-10T18:30:00Z'],
    ['MONTH', '2026-04-30T18:30:00Z'],
    ['QUARTER', '2026-03-31T18:30:00Z'],
    ['YEAR', '2025-12-31T18:30:00Z'],
  ])('of a %s begin where they begin in a zone half an hour off', async (bucket, start) => {
    expect(await buckets(['2026-05-14T10:44:59.999999Z'], bucket, 'Asia/Kolkata')).toEqual([[start, 1]])
  })

  test('exist in every time zone this process knows, by whatever name', async () => {
    const rows = await acme.sql<{ name: string }>('select name from pg_timezone_names')
    const stored = new Set(rows.map(({ name }) => name))
    const canonical = (name: string): string[] => {
      try {
        return [new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone]
      } catch {
        return []
      }
    }
    const known = [...Intl.supportedValuesOf('timeZone'), ...stored].flatMap(canonical)
    expect(known.length).toBeGreaterThan(400)
    expect(known.filter((name) => !stored.has(name))).toEqual([])
    expect(await buckets(['2026-05-14T10:44:59Z'], 'DAY', 'asia/calcutta')).toEqual([
      ['2026-05-13T18:30:00Z', 1],
    ])
  })

  test.each([
    ['no bucket', '{ field: OCCURRED_AT }', 'groupBy[0].bucket'],
    ['a bucket of something else', '{ field: SERVICE, bucket: DAY }', 'groupBy[0].bucket'],
    ['a zone of something else', '{ field: SERVICE, timeZone: "UTC" }', 'groupBy[0].timeZone'],
    [
      'an unknown zone',
      '{ field: OCCURRED_AT, bucket: DAY, timeZone: "Mars/Olympus" }',
      'groupBy[0].timeZone',
    ],
    ['an empty zone', '{ field: OCCURRED_AT, bucket: DAY, timeZone: "" }', 'groupBy[0].timeZone'],
    [
      'a zone with SQL in it',
      `{ field: OCCURRED_AT, bucket: DAY, timeZone: "UTC'); drop table teams; --" }`,
      'groupBy[0].timeZone',
    ],
    [
      'the same field twice',
      '{ field: OCCURRED_AT, bucket: DAY }, { field: OCCURRED_AT, bucket: HOUR }',
      'groupBy[1].field',
    ],
  ])('with %s are refused by name', async (_, groupBy, field) => {
    expect(await refusal(`groupBy: [${groupBy}]`)).toEqual({ code: 'BAD_USER_INPUT', field })
  })
})

test.each([
  ['first: 5001', { code: 'LIMIT_EXCEEDED', limit: 'first', allowed: 5000, asked: 5001 }],
  ['first: -1', { code: 'BAD_USER_INPUT', field: 'first' }],
  ['filter: { toolName: null }', { code: 'BAD_USER_INPUT', field: 'filter.toolName' }],
])('an aggregate with %s is refused by name', async (rest, extensions) => {
  expect(await refusal(rest)).toEqual(extensions)
})
