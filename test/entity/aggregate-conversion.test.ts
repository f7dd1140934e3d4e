import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

const Exact = Decimal.clone({ precision: 400, toExpNeg: -1000, toExpPos: 1000 })

interface Event {
  readonly currency: string
  readonly cost: string | null
  readonly day: string
}

/** Rates from one currency to another, as an operator would enter them: EUR to GBP only the other way round. */
const RATES = [
  ['USD', 'EUR', '0.9', '2026-01-01'],
  ['USD', 'EUR', '0.8', '2026-01-10'],
  ['GBP', 'EUR', '1.15', '2026-01-01'],
  ['EUR', 'JPY', '160', '2026-01-05'],
  ['JPY', 'EUR', '0.00625', '2026-01-05'],
  ['EUR', 'JPY', '200', '2026-01-08'],
] as const

let gateway: TestGateway
let acme: TestOrganization
let viewer: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = await quick(acme.as('viewer'))
  for (const rate of RATES) {
    await acme.sql(
      'insert into exchange_rates (base_currency, quote_currency, rate, valid_on) values ($1, $2, $3, $4)',
      rate,
    )
  }
})
afterAll(() => gateway?.close())

let marks = 0
/** Stores events under a mark of their own, by which they are filtered. */
async function store(events: readonly Event[]): Promise<string> {
  const mark = `run ${++marks}`
  await acme.sql(
    `insert into usage_events (session_id, currency, total_cost, cost_source, occurred_at, provider)
     select $1, currency, cost, case when cost is null then 'unpriced' else 'priced' end, day, 'p'
     from jsonb_to_recordset($2::jsonb) as (currency text, cost numeric, day timestamptz)`,
    [mark, JSON.stringify(events)],
  )
  return mark
}

interface Group {
  readonly group: { readonly currency: string | null }
  readonly count: number
  readonly sum: { readonly totalCost: { readonly amount: string; readonly currency: string } | null }
}
const ask = (
  mark: string,
  rest: string,
  selection = 'group { currency } count sum { totalCost { amount currency } }',
) => `{ usageEventsAggregate(filter: { sessionId: { eq: "${mark}" } } ${rest}) { ${selection} } }`

async function sums(mark: string, rest: string): Promise<readonly Group[]> {
  const { usageEventsAggregate } = await viewer.query<{ usageEventsAggregate: readonly Group[] }>(
    ask(mark, rest),
  )
  return usageEventsAggregate
}

async function refusal(mark: string, rest: string, selection?: string) {
  return (await viewer.send(ask(mark, rest, selection))).errors?.[0]
}

describe('a sum of money', () => {
  test('is one for each currency, unless `in` names one for all', async () => {
    const mark = await store([
      { currency: 'USD', cost: '10', day: '2026-01-03' },
      { currency: 'EUR', cost: '1', day: '2026-01-03' },
    ])
    expect(await sums(mark, '')).toMatchObject([
      { group: { currency: 'EUR' }, sum: { totalCost: { amount: '1', currency: 'EUR' } } },
      { group: { currency: 'USD' }, sum: { totalCost: { amount: '10', currency: 'USD' } } },
    ])
    expect(await sums(mark, 'in: "EUR"')).toEqual([
      { group: { currency: null }, count: 2, sum: { totalCost: { amount: '10', currency: 'EUR' } } },
    ])
  })

  test('takes each amount at the rate of its own day in UTC, or the last one before', async () => {
    const mark = await store([
      { currency: 'USD', cost: '1', day: '2026-01-09T23:59:59.999999Z' },
      { currency: 'USD', cost: '10', day: '2026-01-10T00:00:00Z' },
      { currency: 'USD', cost: '100', day: '2026-03-01T12:00:00Z' },
    ])
    expect((await sums(mark, 'in: "EUR"'))[0]?.sum.totalCost?.amount).toBe('88.9')
  })

  test('inverts a rate that is known the other way round only, and prefers the later of two', async () => {
    const third = await store([{ currency: 'EUR', cost: '1', day: '2026-01-03' }])
    expect((await sums(third, 'in: "GBP"'))[0]?.sum.totalCost?.amount).toBe(
      '0.869565217391304347826086956522',
    )
    const yen = async (day: string) =>
      (await sums(await store([{ currency: 'JPY', cost: '1000', day }]), 'in: "EUR"'))[0]?.sum.totalCost
        ?.amount
    expect(await yen('2026-01-06')).toBe('6.25')
    expect(await yen('2026-01-09')).toBe('5')
  })

  test('can still be told apart by the currency it was paid in', async () => {
    const mark = await store([
      { currency: 'USD', cost: '10', day: '2026-01-03' },
      { currency: 'GBP', cost: '10', day: '2026-01-03' },
    ])
    const rest = `in: "EUR" groupBy: [{ field: CURRENCY }] orderBy: [{ field: SUM_TOTAL_COST, direction: DESC }]
      having: { sum: { totalCost: { gt: "9.5" } } }`
    expect(await sums(mark, rest)).toEqual([
      { group: { currency: 'GBP' }, count: 1, sum: { totalCost: { amount: '11.5', currency: 'EUR' } } },
    ])
  })

  test('is exact, whatever the amounts, currencies and days', async () => {
    const event = fc.record({
      currency: fc.constantFrom('USD', 'EUR', 'GBP'),
      cost: fc.option(
        fc.constantFrom('0', '0.1', '2', '0.0000000000000000000000000001', '12345678901234567890.5'),
      ),
      day: fc.integer({ min: 1, max: 28 }).map((day) => `2026-01-${String(day).padStart(2, '0')}T12:00:00Z`),
    })
    const inEuro = ({ currency, cost, day }: Event): Decimal => {
      const rate = { EUR: '1', GBP: '1.15', USD: day < '2026-01-10' ? '0.9' : '0.8' }[currency] as string
      return new Exact(cost ?? '0').times(rate)
    }
    const property = fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), async (events) => {
      const { usageEventsAggregate } = await viewer.query<{
        usageEventsAggregate: readonly [
          {
            count: number
            sum: { totalCost: { amount: string } | null }
            max: { totalCost: { amount: string } | null }
          },
        ]
      }>(
        ask(
          await store(events),
          'in: "EUR"',
          'count sum { totalCost { amount } } max { totalCost { amount } }',
        ),
      )
      const [{ count, sum, max }] = usageEventsAggregate
      const priced = events.filter(({ cost }) => cost !== null).map(inEuro)
      const all = priced.reduce((total, amount) => total.plus(amount), new Exact(0))
      expect({ count, sum: sum.totalCost?.amount, max: max.totalCost?.amount }).toEqual({
        count: events.length,
        sum: priced.length === 0 ? undefined : all.toFixed(),
        max: priced.length === 0 ? undefined : Exact.max(...priced).toFixed(),
      })
    })
    await fc.assert(property, { numRuns: RUNS })
  })
})

describe('without a rate', () => {
  test('the answer is an error that names the currencies and the first day', async () => {
    const mark = await store([
      { currency: 'USD', cost: '1', day: '2025-12-30T20:00:00Z' },
      { currency: 'USD', cost: '1', day: '2025-12-31T20:00:00Z' },
    ])
    const error = await refusal(mark, 'in: "EUR"')
    expect(error?.message).toMatch(/no rate from USD to EUR for 2025-12-30/)
    expect(error?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'in',
      from: 'USD',
      to: 'EUR',
      date: '2025-12-30',
    })
    expect((await refusal(mark, 'in: "CHF"'))?.extensions).toMatchObject({ from: 'USD', to: 'CHF' })
  })

  test('an event without a cost needs none, nor does an aggregate without money', async () => {
    const mark = await store([{ currency: 'USD', cost: null, day: '2025-12-30' }])
    expect(await sums(mark, 'in: "CHF"')).toMatchObject([{ count: 1, sum: { totalCost: null } }])
    const priced = await store([{ currency: 'USD', cost: '1', day: '2025-12-30' }])
    expect(await refusal(priced, 'in: "CHF"', 'count sum { inputTokens }')).toBeUndefined()
  })

  test('what is no currency is refused', async () => {
    for (const word of ['eur', 'EURO', '', 'E1R']) {
      expect((await refusal('none', `in: "${word}"`))?.message).toMatch(/A currency by ISO 4217/)
    }
  })
})

test('an aggregate in one currency takes two statements, however many currencies and days', async () => {
  const events = Array.from({ length: 60 }, (_, index) => ({
    currency: ['USD', 'GBP', 'EUR'][index % 3] as string,
    cost: '1',
    day: `2026-01-${String((index % 28) + 1).padStart(2, '0')}`,
  }))
  const mark = await store(events)
  gateway.statements.length = 0
  await sums(mark, 'in: "EUR", groupBy: [{ field: OCCURRED_AT, bucket: DAY }]')
  expect(gateway.statements.filter((sql) => sql.includes('usageEvents.'))).toHaveLength(2)
})
