import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let viewer: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = await quick(acme.as('viewer'))
})
afterAll(() => gateway?.close())

const Exact = Decimal.clone({ precision: 200, toExpNeg: -1000, toExpPos: 1000 })

interface Event {
  readonly department: string | null
  readonly provider: string | null
  readonly currency: string
  readonly inputTokens: number
  readonly responseTimeMs: number | null
  readonly totalCost: string | null
}
const event: fc.Arbitrary<Event> = fc.record({
  department: fc.constantFrom(null, 'Legal', 'Sales', 'Design'),
  provider: fc.constantFrom(null, 'openai', 'anthropic'),
  currency: fc.constantFrom('USD', 'EUR'),
  inputTokens: fc.integer({ min: 0, max: 20 }),
  responseTimeMs: fc.option(fc.integer({ min: 0, max: 9 })),
  totalCost: fc.option(fc.constantFrom('0', '0.1', '0.2', '0.0000000000000000000000000001', '3')),
})
const events = fc.array(event, { maxLength: 25 })

let marks = 0
/** Stores events under a mark of their own, by which they are filtered. */
async function store(rows: readonly (Partial<Event> & { occurredAt?: string })[]): Promise<string> {
  const mark = `run ${++marks}`
  await acme.sql(
    `insert into usage_events (session_id, department, provider, currency, input_tokens, response_time_ms, total_cost,
       cost_source, occurred_at)
     select $1, department, provider, coalesce(currency, 'USD'), coalesce("inputTokens", 0), "responseTimeMs", "totalCost",
       case when "totalCost" is null then 'unpriced' else 'priced' end, coalesce("occurredAt", '2026-01-01')
     from jsonb_to_recordset($2::jsonb) as (department text, provider text, currency text, "inputTokens" bigint,
       "responseTimeMs" int, "totalCost" numeric, "occurredAt" timestamptz)`,
    [mark, JSON.stringify(rows)],
  )
  return mark
}

type Group = Record<string, never> & { group: { department: string | null; currency: string }; count: number }
async function aggregate(mark: string, selection: string, rest = ''): Promise<Group[]> {
  const { usageEventsAggregate } = await viewer.query<{ usageEventsAggregate: Group[] }>(
    `{ usageEventsAggregate(filter: { sessionId: { eq: "${mark}" } } ${rest}) { ${selection} } }`,
  )
  return usageEventsAggregate
}
const refusal = async (rest: string): Promise<unknown> =>
  (await viewer.send(`{ usageEventsAggregate(${rest}) { count } }`)).errors?.[0]?.extensions

const distinct = (values: readonly unknown[]): number =>
  new Set(values.filter((value) => value !== null)).size
/** The smallest value that is not below this share of all. */
function percentile<Value>(share: number, sorted: readonly Value[]): Value | null {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null
}

const SELECTED = `group { department currency } count countDistinct { provider currency department }
  sum { inputTokens responseTimeMs totalCost { amount } } min { inputTokens } avg { responseTimeMs }
  p50 { inputTokens responseTimeMs totalCost { amount } } p90 { inputTokens } p95 { responseTimeMs } p99 { totalCost { amount } }`
const GROUPED = 'groupBy: [{ field: DEPARTMENT }]'

describe('groups', () => {
  test('have numbers of different values, and percentiles that occurred, as their rows say', async () => {
    const property = fc.asyncProperty(events, async (rows) => {
      for (const found of await aggregate(await store(rows), SELECTED, GROUPED)) {
        const { department, currency } = found.group
        const members = rows.filter((row) => row.department === department && row.currency === currency)
        const tokens = members.map(({ inputTokens }) => inputTokens).sort((a, b) => a - b)
        const times = members.flatMap(({ responseTimeMs }) => responseTimeMs ?? []).sort((a, b) => a - b)
        const costs = members
          .flatMap(({ totalCost }) => (totalCost === null ? [] : [new Exact(totalCost)]))
          .sort((a, b) => a.comparedTo(b))
        const cost = (share: number) => {
          const amount = percentile(share, costs)
          return amount === null ? null : { amount: amount.toFixed() }
        }
        expect(found).toMatchObject({
          count: members.length,
          countDistinct: {
            provider: distinct(members.map(({ provider }) => provider)),
            currency: 1,
            department: department === null ? 0 : 1,
          },
          p50: {
            inputTokens: percentile(0.5, tokens),
            responseTimeMs: percentile(0.5, times),
            totalCost: cost(0.5),
          },
          p90: { inputTokens: percentile(0.9, tokens) },
          p95: { responseTimeMs: percentile(0.95, times) },
          p99: { totalCost: cost(0.99) },
        })
      }
    })
    await fc.assert(property, { numRuns: RUNS })
  })
})

/** Numbers of a group as conditions and orders see them. */
const MEASURES: Readonly<Record<string, { order: string; of: (group: Group) => Decimal | null }>> = {
  count: { order: 'COUNT', of: ({ count }) => new Exact(count) },
  'countDistinct.provider': { order: 'COUNT_DISTINCT_PROVIDER', of: number('countDistinct', 'provider') },
  'sum.inputTokens': { order: 'SUM_INPUT_TOKENS', of: number('sum', 'inputTokens') },
  'sum.responseTimeMs': { order: 'SUM_RESPONSE_TIME_MS', of: number('sum', 'responseTimeMs') },
  'sum.totalCost': { order: 'SUM_TOTAL_COST', of: number('sum', 'totalCost') },
  'min.inputTokens': { order: 'MIN_INPUT_TOKENS', of: number('min', 'inputTokens') },
  'avg.responseTimeMs': { order: 'AVG_RESPONSE_TIME_MS', of: number('avg', 'responseTimeMs') },
  'p50.responseTimeMs': { order: 'P50_RESPONSE_TIME_MS', of: number('p50', 'responseTimeMs') },
  'p99.totalCost': { order: 'P99_TOTAL_COST', of: number('p99', 'totalCost') },
}

function number(of: string, field: string): (group: Group) => Decimal | null {
  return (group) => {
    const value = (group as unknown as Record<string, Record<string, unknown>>)[of]![field]
    const amount = (value as { amount?: string } | null)?.amount ?? value
    return amount === null ? null : new Exact(String(amount))
  }
}

type Having = Readonly<Record<string, unknown>>
const condition: fc.Arbitrary<Having> = fc
  .tuple(
    fc.constantFrom(...Object.keys(MEASURES)),
    fc.constantFrom('eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'isNull'),
    fc.constantFrom(0, 1, 2, 5, 20),
    fc.constantFrom('', '.1', '.5'),
  )
  .map(([name, operator, whole, fraction]) => {
    const [of, field] = name.split('.') as [string, string?]
    const isCount = of.startsWith('count')
    const operand = operator === 'isNull' ? whole < 2 : isCount ? whole : `${whole}${fraction}`
    const operators = { [operator]: operand }
    return { [of]: field === undefined ? operators : { [field]: operators } }
  })
const { having } = fc.letrec<{ having: Having }>((tie) => ({
  having: fc.oneof(
    { maxDepth: 2 },
    condition,
    fc.record({ and: fc.array(tie('having'), { maxLength: 2 }) }),
    fc.record({ or: fc.array(tie('having'), { maxLength: 2 }) }),
    fc.record({ not: tie('having') }),
  ),
}))

function isKept(group: Group, input: Having): boolean {
  return Object.entries(input).every(([name, value]) => {
    if (name === 'and') return (value as Having[]).every((branch) => isKept(group, branch))
    if (name === 'or') return (value as Having[]).some((branch) => isKept(group, branch))
    if (name === 'not') return !isKept(group, value as Having)
    const fields = name === 'count' ? { count: value } : (value as Having)
    return Object.entries(fields).every(([field, operators]) => {
      const stored = MEASURES[name === 'count' ? 'count' : `${name}.${field}`]!.of(group)
      const [[operator, operand]] = Object.entries(operators as object) as [[string, never]]
      if (operator === 'isNull') return (stored === null) === operand
      if (stored === null) return operator === 'ne'
      const compared = stored.comparedTo(operand)
      return {
        eq: compared === 0,
        ne: compared !== 0,
        lt: compared < 0,
        lte: compared <= 0,
        gt: compared > 0,
        gte: compared >= 0,
      }[operator]
    })
  })
}

describe('groups of an aggregate', () => {
  test('are kept by any number of theirs, whether it is selected or not', async () => {
    const property = fc.asyncProperty(events, having, async (rows, input) => {
      const mark = await store(rows)
      const groups = await aggregate(mark, SELECTED, GROUPED)
      const { kept } = await viewer.query<{ kept: Group[] }>(
        `query($filter: UsageEventFilter, $having: UsageEventHaving) { kept: usageEventsAggregate(filter: $filter,
           groupBy: [{ field: DEPARTMENT }, { field: CURRENCY }], having: $having) { group { department currency } count } }`,
        { filter: { sessionId: { eq: mark } }, having: input },
      )
      const expected = groups.filter((group) => isKept(group, input))
      expect(kept).toEqual(expected.map(({ group, count }) => ({ group, count })))
    })
    await fc.assert(property, { numRuns: RUNS * 2 })
  })

  test('are sorted by any number of theirs, and at last by what makes them', async () => {
    const term = fc.record({
      name: fc.constantFrom(...Object.keys(MEASURES)),
      direction: fc.constantFrom('ASC', 'DESC'),
      nulls: fc.constantFrom('FIRST', 'LAST'),
    })
    const terms = fc.uniqueArray(term, { minLength: 1, maxLength: 3, selector: ({ name }) => name })
    const property = fc.asyncProperty(events, terms, async (rows, order) => {
      const mark = await store(rows)
      const groups = await aggregate(mark, SELECTED, GROUPED)
      const orderBy = order
        .map(
          ({ name, direction, nulls }) =>
            `{ field: ${MEASURES[name]!.order}, direction: ${direction}, nulls: ${nulls} }`,
        )
        .join()
      const sorted = await aggregate(mark, SELECTED, `${GROUPED}, orderBy: [${orderBy}]`)
      const places = new Map(groups.map((group, place) => [group, place]))
      const expected = [...groups].sort((a, b) => {
        for (const { name, direction, nulls } of order) {
          const [left, right] = [MEASURES[name]!.of(a), MEASURES[name]!.of(b)]
          if (left === null && right === null) continue
          if (left === null) return nulls === 'FIRST' ? -1 : 1
          if (right === null) return nulls === 'FIRST' ? 1 : -1
          const difference = left.comparedTo(right)
          if (difference !== 0) return direction === 'DESC' ? -difference : difference
        }
        return places.get(a)! - places.get(b)!
      })
      expect(sorted).toEqual(expected)
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  test('are sorted by what makes them, either way', async () => {
    const mark = await store(['b', null, 'a'].map((department) => ({ department })))
    const departments = async (orderBy: string) =>
      (await aggregate(mark, 'group { department }', `${GROUPED}, orderBy: [${orderBy}]`)).map(
        ({ group }) => group.department,
      )
    expect(await departments('{ field: DEPARTMENT, direction: DESC }')).toEqual(['b', 'a', null])
    expect(await departments('{ field: DEPARTMENT, nulls: FIRST }')).toEqual([null, 'a', 'b'])
  })

  test('never add money of two currencies, also when it is only compared or sorted by', async () => {
    const mark = await store([{ totalCost: '1' }, { totalCost: '1' }, { totalCost: '2', currency: 'EUR' }])
    for (const rest of [
      'having: { sum: { totalCost: { eq: "2" } } }',
      'orderBy: [{ field: SUM_TOTAL_COST }]',
    ])
      expect(await aggregate(mark, 'count', rest)).toEqual([{ count: 1 }, { count: 2 }])
  })

  test('can be the cost of each department in each month, the highest first', async () => {
    const mark = await store([
      { department: 'Legal', totalCost: '1.5', occurredAt: '2026-01-31T23:30:00Z' },
      { department: 'Legal', totalCost: '0.25', occurredAt: '2026-02-01T12:00:00Z' },
      { department: 'Sales', totalCost: '9', occurredAt: '2026-02-02T00:00:00Z' },
    ])
    const found = await aggregate(
      mark,
      'group { department occurredAt } sum { totalCost { amount currency } }',
      `groupBy: [{ field: DEPARTMENT }, { field: OCCURRED_AT, bucket: MONTH, timeZone: "Europe/Berlin" }]
       orderBy: [{ field: SUM_TOTAL_COST, direction: DESC }]`,
    )
    const february = '2026-01-31T23:00:00Z'
    expect(found).toEqual([
      {
        group: { department: 'Sales', occurredAt: february },
        sum: { totalCost: { amount: '9', currency: 'USD' } },
      },
      {
        group: { department: 'Legal', occurredAt: february },
        sum: { totalCost: { amount: '1.75', currency: 'USD' } },
      },
    ])
  })

  test.each<[string, object]>([
    ['orderBy: [{ field: COUNT }, { field: COUNT }]', { code: 'BAD_USER_INPUT', field: 'orderBy[1].field' }],
    ['orderBy: [{ field: DEPARTMENT }]', { code: 'BAD_USER_INPUT', field: 'orderBy[0].field' }],
    ['having: { count: null }', { code: 'BAD_USER_INPUT', field: 'having.count' }],
    ['having: { sum: { totalCost: null } }', { code: 'BAD_USER_INPUT', field: 'having.sum.totalCost' }],
    [
      'having: { not: { p50: { totalCost: { lt: null } } } }',
      { code: 'BAD_USER_INPUT', field: 'having.not.p50.totalCost.lt' },
    ],
    [
      `having: { or: [${'{} '.repeat(1_000)}] }`,
      { code: 'LIMIT_EXCEEDED', limit: 'having', allowed: 1000, asked: 1001 },
    ],
  ])('are refused with %.60s', async (rest, extensions) => {
    expect(await refusal(rest)).toEqual(extensions)
  })
})
