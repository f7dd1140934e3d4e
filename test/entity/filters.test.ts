import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let owner: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  owner = await quick(acme.as('owner'))
  await fill()
})
afterAll(() => gateway?.close())

const UUIDS = [1, 2, 3].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`)
const [ANN, BOB] = UUIDS as [string, string]

interface Event {
  readonly toolName: string | null
  readonly provider: string | null
  readonly service: 'chat' | 'image' | 'other'
  readonly success: boolean
  readonly inputTokens: number
  readonly responseTimeMs: number | null
  readonly totalCost: string | null
  readonly occurredAt: string
  readonly userId: string | null
}

const TINY = '0.0000000000000000000000000000000000000001'
const LONG = '1234567890123456789012345678901234567890.1234567890123456789012345678901234567891'
const TEXTS = [
  '',
  '%',
  '_',
  '\\',
  '%_',
  'a%b',
  'a_b',
  'axb',
  'A%B',
  'AXB',
  'a\\b',
  'Ädä',
  'ädä',
  '😀',
  "it's",
  'null',
  '{a}',
]
const MOMENTS = [
  '2026-03-29T00:59:59.999999Z',
  '2026-03-29T01:00:00Z',
  '2026-03-29T01:00:00.000001Z',
  '2026-03-29T03:00:00.000001+02:00',
]

/** Every kind of column there is, with empty values where there may be some. */
const EVENTS: readonly Event[] = [
  event({ toolName: 'a%b', totalCost: '0', userId: ANN, responseTimeMs: 2 ** 31 - 1 }),
  event({ toolName: 'a_b', totalCost: TINY, inputTokens: Number.MAX_SAFE_INTEGER, success: false }),
  event({ toolName: 'axb', totalCost: LONG, userId: BOB, service: 'image', occurredAt: MOMENTS[1]! }),
  event({ toolName: 'AXB', totalCost: '1', provider: '%', occurredAt: MOMENTS[2]!, responseTimeMs: 0 }),
  event({ toolName: 'a\\b', totalCost: '1.5', provider: '\\', inputTokens: 7, service: 'chat' }),
  event({ toolName: 'Ädä', provider: '😀', userId: ANN, responseTimeMs: 5, success: false }),
  event({ toolName: '', provider: '_', userId: BOB, totalCost: '12345.678' }),
  event({ provider: "it's", inputTokens: 2 ** 31, occurredAt: MOMENTS[2]! }),
  event({ toolName: 'null', provider: '{a}', service: 'image' }),
  event({}),
]

function event(facts: Partial<Event>): Event {
  return {
    toolName: null,
    provider: null,
    service: 'other',
    success: true,
    inputTokens: 0,
    responseTimeMs: null,
    totalCost: null,
    occurredAt: MOMENTS[0]!,
    userId: null,
    ...facts,
  }
}

/** Ids of the rows in the API, in the order of EVENTS. */
let ids: string[] = []
const ranks = new Map<string, number>()
async function fill(): Promise<void> {
  await acme.sql(`insert into users (id, email) values ($1, 'ann@acme.example'), ($2, 'bob@acme.example')`, [
    ANN,
    BOB,
  ])
  ids = []
  for (const facts of EVENTS) {
    const [row] = await acme.sql<{ id: string; occurred_at: string }>(
      `insert into usage_events (tool_name, provider, service, success, input_tokens, response_time_ms, total_cost,
         occurred_at, user_id, cost_source)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, occurred_at`,
      [
        facts.toolName,
        facts.provider,
        facts.service,
        facts.success,
        facts.inputTokens,
        facts.responseTimeMs,
        facts.totalCost,
        facts.occurredAt,
        facts.userId,
        facts.totalCost === null ? 'unpriced' : 'priced',
      ],
    )
    ids.push(encodeId('UsageEvent', [row!.id, row!.occurred_at]))
  }
  const sorted = await acme.sql<{ text: string }>(`select text from unnest($1::text[]) text order by text`, [
    TEXTS,
  ])
  sorted.forEach(({ text }, rank) => ranks.set(text, rank))
}

type Operators = Readonly<Record<string, unknown>>
type Filter = Readonly<Record<string, unknown>>
interface Column {
  /** The value as a client writes it. */
  readonly operand: fc.Arbitrary<unknown>
  readonly operators: readonly string[]
  readonly compare: (stored: never, operand: never) => number
}

const EQUALITY = ['eq', 'ne', 'isNull'] as const
const MEMBERSHIP = ['in', 'notIn'] as const
const RANGE = ['lt', 'lte', 'gt', 'gte'] as const
const LIKE = ['contains', 'startsWith', 'iContains', 'iStartsWith'] as const

const numbers: Column = {
  operand: fc.constantFrom(
    0,
    5,
    7,
    8,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ),
  operators: [...EQUALITY, ...MEMBERSHIP, ...RANGE],
  compare: (stored: number, operand: number) => stored - operand,
}
const texts: Column = {
  operand: fc.constantFrom(...TEXTS),
  operators: [...EQUALITY, ...MEMBERSHIP, ...RANGE, ...LIKE],
  compare: (stored: string, operand: string) => ranks.get(stored)! - ranks.get(operand)!,
}
const microseconds = (moment: string): bigint => {
  const fraction = /\.(\d+)/.exec(moment)?.[1] ?? ''
  const seconds = Date.parse(moment.replace(/\.\d+/, '')) / 1000
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

const COLUMNS: Readonly<Record<keyof Event, Column>> = {
  toolName: texts,
  provider: texts,
  service: {
    operand: fc.constantFrom('chat', 'image', 'other', 'audio').map((service) => service.toUpperCase()),
    operators: [...EQUALITY, ...MEMBERSHIP],
    compare: (stored: string, operand: string) => (stored === operand.toLowerCase() ? 0 : 1),
  },
  success: {
    operand: fc.boolean(),
    operators: EQUALITY,
    compare: (stored: boolean, operand: boolean) => (stored === operand ? 0 : 1),
  },
  inputTokens: numbers,
  responseTimeMs: numbers,
  totalCost: {
    operand: fc.constantFrom(
      '0',
      '-0',
      '-1',
      TINY,
      LONG,
      '1',
      '1.50',
      '0001.5',
      '12345.6780000000000000000000',
    ),
    operators: [...EQUALITY, ...MEMBERSHIP, ...RANGE],
    compare: (stored: string, operand: string) => new Decimal(stored).comparedTo(new Decimal(operand)),
  },
  occurredAt: {
    operand: fc.constantFrom(...MOMENTS, '1970-01-01T00:00:00Z'),
    operators: [...EQUALITY, ...MEMBERSHIP, ...RANGE],
    compare: (stored: string, operand: string) => Number(microseconds(stored) - microseconds(operand)),
  },
  userId: {
    operand: fc.constantFrom(...UUIDS).map((id) => encodeId('User', [id])),
    operators: [...EQUALITY, ...MEMBERSHIP],
    compare: (stored: string, operand: string) => (encodeId('User', [stored]) === operand ? 0 : 1),
  },
}
Decimal.set({ precision: 200 })

/** The documented meaning of an operator. */
function holds(column: Column, stored: unknown, operator: string, operand: unknown): boolean {
  const empty = stored === null
  const compared = (other: unknown): number => column.compare(stored as never, other as never)
  const fold = (text: unknown): string => String(text).toLowerCase()
  switch (operator) {
    case 'isNull':
      return operand === empty
    case 'ne':
      return empty || compared(operand) !== 0
    case 'notIn':
      return empty || !(operand as unknown[]).some((other) => compared(other) === 0)
    case 'in':
      return !empty && (operand as unknown[]).some((other) => compared(other) === 0)
    case 'eq':
      return !empty && compared(operand) === 0
    case 'lt':
      return !empty && compared(operand) < 0
    case 'lte':
      return !empty && compared(operand) <= 0
    case 'gt':
      return !empty && compared(operand) > 0
    case 'gte':
      return !empty && compared(operand) >= 0
    case 'contains':
      return !empty && String(stored).includes(String(operand))
    case 'startsWith':
      return !empty && String(stored).startsWith(String(operand))
    case 'iContains':
      return !empty && fold(stored).includes(fold(operand))
    case 'iStartsWith':
      return !empty && fold(stored).startsWith(fold(operand))
    default:
      throw new Error(operator)
  }
}

function matches(row: Event, filter: Filter): boolean {
  return Object.entries(filter).every(([field, value]) => {
    if (field === 'and') return (value as Filter[]).every((branch) => matches(row, branch))
    if (field === 'or') return (value as Filter[]).some((branch) => matches(row, branch))
    if (field === 'not') return !matches(row, value as Filter)
    const name = field as keyof Event
    return Object.entries(value as Operators).every(([operator, operand]) =>
      holds(COLUMNS[name], row[name], operator, operand),
    )
  })
}

const FIELDS = Object.keys(COLUMNS) as (keyof Event)[]
const operatorOf = (field: keyof Event): fc.Arbitrary<[string, unknown]> => {
  const { operators, operand } = COLUMNS[field]
  return fc.constantFrom(...operators).chain((operator) => {
    if (operator === 'isNull') return fc.tuple(fc.constant(operator), fc.boolean() as fc.Arbitrary<unknown>)
    if (operator === 'in' || operator === 'notIn') {
      return fc.tuple(fc.constant(operator), fc.array(operand, { maxLength: 3 }) as fc.Arbitrary<unknown>)
    }
    return fc.tuple(fc.constant(operator), operand)
  })
}
const condition: fc.Arbitrary<Filter> = fc
  .constantFrom(...FIELDS)
  .chain((field) =>
    fc
      .uniqueArray(operatorOf(field), { maxLength: 2, selector: ([operator]) => operator })
      .map((operators) => ({ [field]: Object.fromEntries(operators) })),
  )
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    condition,
    fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
    fc.tuple(condition, tie('filter')).map(([one, other]) => ({ ...one, ...other })),
  ),
}))

const FILTERED = `query($filter: UsageEventFilter) { usageEvents(filter: $filter, first: 500) { totalCount nodes { id } } }`

async function expectMatches(filter: Filter): Promise<void> {
  const { usageEvents } = await owner.query<{ usageEvents: { totalCount: number; nodes: { id: string }[] } }>(
    FILTERED,
    { filter },
  )
  const expected = ids.filter((_, index) => matches(EVENTS[index]!, filter))
  expect(usageEvents.nodes.map(({ id }) => id).sort()).toEqual([...expected].sort())
  expect(usageEvents.totalCount).toBe(expected.length)
}

test.each(FIELDS)(
  'every operator of %s means what its documentation says, with every operand',
  async (field) => {
    for (const operator of COLUMNS[field].operators) {
      const operand =
        operator === 'isNull'
          ? fc.boolean()
          : operator.toLowerCase().endsWith('in')
            ? fc.array(COLUMNS[field].operand, { maxLength: 3 })
            : COLUMNS[field].operand
      for (const value of new Set(fc.sample(operand as fc.Arbitrary<unknown>, 12))) {
        await expectMatches({ [field]: { [operator]: value } })
      }
    }
  },
)

test('conditions nest with and, or and not, where nothing is neither true nor false', async () => {
  await fc.assert(fc.asyncProperty(filter, expectMatches), { numRuns: RUNS * 4 })
})

test('an empty filter, and no filter, mean everything', async () => {
  for (const empty of [{}, { and: [] }, { not: { or: [] } }, { toolName: {} }, null]) {
    const { usageEvents } = await owner.query<{ usageEvents: { totalCount: number } }>(FILTERED, {
      filter: empty,
    })
    expect([empty, usageEvents.totalCount]).toEqual([empty, EVENTS.length])
  }
})

test.each<[string, unknown, string]>([
  ['null instead of operators', { toolName: null }, 'filter.toolName'],
  ['null as an operand', { toolName: { eq: null } }, 'filter.toolName.eq'],
  [
    'null deep inside',
    { and: [{}, { not: { or: [{ totalCost: { lt: null } }] } }] },
    'filter.and[1].not.or[0].totalCost.lt',
  ],
  ['null instead of branches', { or: null }, 'filter.or'],
  ['the id of another type', { userId: { eq: encodeId('Team', [ANN]) } }, 'filter.userId.eq'],
  [
    'the id of another type in a list',
    { userId: { in: [encodeId('User', [ANN]), encodeId('Tool', [BOB])] } },
    'filter.userId.in',
  ],
  ['something that is no id', { userId: { ne: 'x' } }, 'filter.userId.ne'],
  ['a raw key', { userId: { eq: ANN } }, 'filter.userId.eq'],
  [
    'an id whose key is none',
    { userId: { eq: Buffer.from('User\n1').toString('base64url') } },
    'filter.userId.eq',
  ],
  ['a NUL character', { toolName: { eq: 'a\0b' } }, 'filter.toolName.eq'],
  ['a NUL character in a list', { toolName: { notIn: ['a', '\0'] } }, 'filter.toolName.notIn'],
  ['a NUL character in a pattern', { toolName: { iContains: '\0' } }, 'filter.toolName.iContains'],
])('%s is refused, naming the place', async (_, filter, field) => {
  const { data, errors } = await owner.send(FILTERED, { filter })
  expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field }])
  expect(data).toEqual({ usageEvents: null })
})

test.each<[string, unknown]>([
  ['a number beyond 2^53', { inputTokens: { eq: 2 ** 53 } }],
  ['a fraction for a whole number', { inputTokens: { eq: 1.5 } }],
  ['a float for a decimal', { totalCost: { eq: 0.1 } }],
  ['an exponent', { totalCost: { eq: '1e3' } }],
  ['NaN', { totalCost: { eq: 'NaN' } }],
  ['a hundred and one digits', { totalCost: { eq: '1'.repeat(101) } }],
  ['a date without time', { occurredAt: { gt: '2026-01-01' } }],
  ['a moment without zone', { occurredAt: { gt: '2026-01-01T00:00:00' } }],
  ['a day that does not exist', { occurredAt: { gt: '2026-02-30T00:00:00Z' } }],
  ['a year before the first', { occurredAt: { gt: '0001-01-01T00:00:00+01:00' } }],
  ['a year of five digits', { occurredAt: { gt: '9999-12-31T23:59:59-01:00' } }],
  ['the stored word of an enum', { service: { eq: 'chat' } }],
  ['an unknown word of an enum', { service: { in: ['TELEPATHY'] } }],
  ['an operator the kind does not have', { success: { in: [true] } }],
  ['a field that cannot be filtered', { metadata: { eq: '{}' } }],
  ['a list with an empty place', { toolName: { in: ['a', null] } }],
])('%s is refused before anything runs', async (_, filter) => {
  gateway.statements.length = 0
  const { errors } = await owner.send(FILTERED, { filter })
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  expect(gateway.statements).toEqual([])
})

test('a list of ten thousand values is one value to Postgres', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => `text ${index}`)
  await expectMatches({ toolName: { in: [...TEXTS, ...many] } })
})

test('a filter nested in thousands of levels is refused, and the gateway lives on', async () => {
  const depth = 100_000
  const filter = `${'{"not":'.repeat(depth)}{}${'}'.repeat(depth)}`
  const { statusCode, body } = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', ...(await acme.as('owner').headers()) },
    payload: `{"query":${JSON.stringify(FILTERED)},"variables":{"filter":${filter}}}`,
  })
  expect([statusCode, JSON.parse(body)]).toMatchObject([
    400,
    { errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'depth' } }] },
  ])
  await expectMatches({})
})

test('a filter of more than a thousand conditions is refused with its limit', async () => {
  const filter = { or: Array.from({ length: 500 }, () => ({ toolName: { eq: 'a' } })) }
  const { errors } = await owner.send(FILTERED, { filter })
  expect(errors?.[0]?.extensions).toEqual({
    code: 'LIMIT_EXCEEDED',
    limit: 'filter',
    allowed: 1000,
    asked: 1501,
  })
})

test('a filter of ten thousand branches is refused with its limit', async () => {
  const filter = { or: Array.from({ length: 10_000 }, () => ({})) }
  gateway.statements.length = 0
  const { errors } = await owner.send(FILTERED, { filter })
  expect(errors?.[0]?.extensions).toEqual({
    code: 'LIMIT_EXCEEDED',
    limit: 'filter',
    allowed: 1000,
    asked: 10_001,
  })
  expect(gateway.statements).toEqual([])
})

describe('a stretch of time', () => {
  const MARK = 'stretch'
  /** Hours from now at which something happened. */
  const HOURS = [-24 * 40, -24 * 20, -24 * 6, -5, 5, 24 * 6] as const
  beforeAll(async () => {
    await acme.sql(
      `insert into usage_events (session_id, provider, occurred_at)
       select $1, hours::text, now() + hours * interval '1 hour' from unnest($2::int[]) hours`,
      [MARK, HOURS],
    )
  })
  afterAll(() => acme.sql(`delete from usage_events where session_id = $1`, [MARK]))

  async function hoursIn(range: unknown): Promise<number[]> {
    const { usageEvents } = await owner.query<{ usageEvents: { nodes: { provider: string }[] } }>(
      `query($filter: UsageEventFilter) { usageEvents(filter: $filter) { nodes { provider } } }`,
      { filter: { sessionId: { eq: MARK }, occurredAt: { range } } },
    )
    return usageEvents.nodes.map(({ provider }) => Number(provider)).sort((a, b) => a - b)
  }

  test.each<[string, object, number[]]>([
    ['the last 30 days', { last: 'P30D' }, [-480, -144, -5]],
    ['the last week', { last: 'P1W' }, [-144, -5]],
    ['the last 12 hours', { last: 'PT12H' }, [-5]],
    ['the next day', { next: 'P1D' }, [5]],
    ['a day on either side', { last: 'P1D', next: 'P1D' }, [-5, 5]],
    ['the 30 days before the last 30', { last: 'P30D', ago: 'P30D' }, [-960]],
    ['a month of any length', { last: 'P1M' }, [-480, -144, -5]],
    ['a thousand years', { last: 'P1000Y' }, [-960, -480, -144, -5]],
    ['no time', { last: 'PT0S' }, []],
    ['all time', {}, [...HOURS]],
  ])('can be %s', async (_, range, hours) => {
    expect(await hoursIn(range)).toEqual(hours)
  })

  test('holds its first moment and not its end', async () => {
    const [{ moment, after }] = (await acme.sql(
      `select occurred_at as moment, occurred_at + interval '1 microsecond' as after from usage_events
       where session_id = $1 and provider = '-5'`,
      [MARK],
    )) as [{ moment: string; after: string }]
    expect(await hoursIn({ from: moment, until: after })).toEqual([-5])
    expect(await hoursIn({ from: moment, until: moment })).toEqual([])
    expect(await hoursIn({ from: after })).toEqual([5, 144])
    expect(await hoursIn({ until: moment, last: 'P7D' })).toEqual([-144])
  })

  test.each<[unknown, string]>([
    [{ last: '-P1D' }, 'last'],
    [{ last: 'P-1D' }, 'last'],
    [{ next: 'P0.5Y' }, 'next'],
    [{ last: 'P1001Y' }, 'last'],
    [{ last: 'P1D', ago: `P${'9'.repeat(30)}D` }, 'ago'],
    [{ ago: 'P1D' }, 'ago'],
    [{ from: null }, 'from'],
  ])('is refused as %j', async (range, bound) => {
    const { errors } = await owner.send(FILTERED, { filter: { occurredAt: { range } } })
    expect(errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: `filter.occurredAt.range.${bound}`,
    })
  })

  test('of what has no moment is never there', async () => {
    const asked = (range: object) => ({ lastSeenAt: { range } })
    const { users } = await owner.query<{ users: { totalCount: number } }>(
      `query($filter: UserFilter) { users(filter: $filter) { totalCount } }`,
      { filter: asked({}) },
    )
    const [row] = await acme.sql<{ count: number }>(`select count(last_seen_at) as count from users`)
    expect(users.totalCount).toBe(Number(row!.count))
  })
})

describe('JSON', () => {
  const MARK = 'json'
  const VALUES = [
    {},
    { team: { name: 'Legal', size: 3 }, tags: ['a', 'b'], urgent: true, cost: 1.5 },
    { team: { name: 'legal', size: '3' }, tags: [], urgent: 'true', cost: 1e30 },
    { team: 'Legal', tags: null, urgent: false, cost: -0.1 },
    { 'team.name': 'Legal', tags: ['b', { deep: [1, 2] }] },
  ]
  beforeAll(async () => {
    for (const [index, metadata] of VALUES.entries())
      await acme.sql(`insert into usage_events (session_id, provider, metadata) values ($1, $2, $3)`, [
        MARK,
        String(index),
        JSON.stringify(metadata),
      ])
  })
  afterAll(() => acme.sql(`delete from usage_events where session_id = $1`, [MARK]))

  async function found(metadata: unknown): Promise<number[]> {
    const { usageEvents } = await owner.query<{ usageEvents: { nodes: { provider: string }[] } }>(
      `query($filter: UsageEventFilter) { usageEvents(filter: $filter) { nodes { provider } } }`,
      { filter: { sessionId: { eq: MARK }, metadata } },
    )
    return usageEvents.nodes.map(({ provider }) => Number(provider)).sort()
  }
  const at = (path: string, conditions: object) => ({ path: [{ at: path.split('/'), ...conditions }] })

  test.each<[string, object, number[]]>([
    ['nothing in particular', { containsJson: {} }, [0, 1, 2, 3, 4]],
    ['a member of a member', { containsJson: { team: { name: 'Legal' } } }, [1]],
    ['an item of a list', { containsJson: { tags: ['b'] } }, [1, 4]],
    ['a text', at('team/name', { text: { eq: 'Legal' } }), [1]],
    ['a text in any letter case', at('team/name', { text: { iContains: 'LEG' } }), [1, 2]],
    ['another text, or none', at('team/name', { text: { ne: 'Legal' } }), [0, 2, 3, 4]],
    ['a name with a dot', at('team.name', { text: { eq: 'Legal' } }), [4]],
    ['a number, which the text "3" is not', at('team/size', { number: { gte: '3' } }), [1]],
    ['an exact number', at('cost', { number: { in: ['1.50', '1000000000000000000000000000000'] } }), [1, 2]],
    ['a negative number', at('cost', { number: { lt: '0' } }), [3]],
    ['yes, which the text "true" is not', at('urgent', { boolean: { eq: true } }), [1]],
    ['a place in a list', at('tags/1/deep/0', { number: { eq: '1' } }), [4]],
    ['something, be it null', at('tags', { exists: true }), [1, 2, 3, 4]],
    ['nothing', at('tags', { exists: false }), [0]],
    ['no text', at('tags', { text: { isNull: true } }), [0, 1, 2, 3, 4]],
    [
      'two things at once',
      {
        path: [
          { at: ['urgent'], boolean: { eq: true } },
          { at: ['tags', '0'], text: { eq: 'a' } },
        ],
      },
      [1],
    ],
    ['no path at all', { path: [] }, [0, 1, 2, 3, 4]],
  ])('is found by %s', async (_, filter, values) => {
    expect(await found(filter)).toEqual(values)
  })

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  test.each<[string, object, object]>([
    ['null', { containsJson: null }, { code: 'BAD_USER_INPUT', field: 'filter.metadata.containsJson' }],
    [
      'a NUL character',
      { containsJson: { a: '\0' } },
      { code: 'BAD_USER_INPUT', field: 'filter.metadata.containsJson' },
    ],
    [
      'an empty path',
      { path: [{ at: [] }] },
      { code: 'BAD_USER_INPUT', field: 'filter.metadata.path[0].at' },
    ],
    [
      'a path without end',
      { path: [{ at: Array.from({ length: 17 }, () => 'a') }] },
      { code: 'BAD_USER_INPUT', field: 'filter.metadata.path[0].at' },
    ],
    [
      'half a character in a path',
      { path: [{ at: ['\ud800'] }] },
      { code: 'BAD_USER_INPUT', field: 'filter.metadata.path[0].at' },
    ],
    ['what is nested too deeply', { containsJson: { a: nested(1_000) } }, { code: 'BAD_USER_INPUT' }],
  ])('is refused with %s', async (_, metadata, extensions) => {
    const { errors } = await owner.send(FILTERED, { filter: { metadata } })
    expect(errors?.map((error) => error.extensions)).toEqual([extensions])
  })
})
