import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Exact } from '../../../src/modules/catalog/exact-decimal.js'
import {
  priceOf,
  PriceList,
  ratePerUnit,
  type Price,
  type PriceComponentName,
  type PriceRow,
} from '../../../src/modules/catalog/price-list.js'
import { priceOfEvent, type MeteredUse, type Priced } from '../../../src/modules/usage/price-of-event.js'

type Amounts = Partial<Record<PriceComponentName, string>>

function row(amounts: Amounts, facts: Partial<PriceRow> = {}): PriceRow {
  const components = (Object.entries(amounts) as [PriceComponentName, string][]).map(
    ([component, amount]) => ({
      component,
      amount,
      unit:
        component === 'image' || component === 'request'
          ? (`per_${component}` as const)
          : ('per_1m_tokens' as const),
      min_context_tokens: 0,
    }),
  )
  return {
    id: 'price',
    provider: 'openai',
    model_name: 'gpt-4o-mini',
    model_version: null,
    model_id: null,
    currency: 'USD',
    effective_from: '-infinity',
    effective_to: null,
    components,
    ...facts,
  }
}

const price = (amounts: Amounts): Price => priceOf(row(amounts))
const mini = price({ input: '0.15', output: '0.6', cached_input: '0.075' })

function cost(use: MeteredUse, at: Price = mini): Priced {
  const result = priceOfEvent(use, at)
  if (!result.priced) throw new Error(result.reason)
  return result
}

const tokens = fc.integer({ min: 0, max: 10_000_000 })
const amount = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 18 }))
  .map(([digits, scale]) => new Exact(digits.toString()).times(`1e-${scale}`).toFixed())
const use = fc
  .record({ inputTokens: tokens, outputTokens: tokens, share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ inputTokens, outputTokens, share }) => ({
    inputTokens,
    outputTokens,
    cachedInputTokens: Math.floor(inputTokens * share),
  }))
const anyPrice = fc
  .record({ input: amount, output: amount, cached_input: fc.option(amount, { nil: undefined }) })
  .map(({ cached_input, ...rates }) => price(cached_input === undefined ? rates : { ...rates, cached_input }))

describe('the cost of an event', () => {
  test('is tokens × rate, to the last digit', () => {
    const { inputCost, outputCost, totalCost, currency, priceId } = cost({
      inputTokens: 4808,
      outputTokens: 10,
    })
    expect(inputCost.toFixed()).toBe('0.0007212')
    expect(outputCost.toFixed()).toBe('0.000006')
    expect(totalCost.toFixed()).toBe('0.0007272')
    expect({ currency, priceId }).toEqual({ currency: 'USD', priceId: 'price' })
  })

  test('bills cached tokens at their own rate and not as input too', () => {
    const { inputCost } = cost({ inputTokens: 1_000_000, outputTokens: 0, cachedInputTokens: 400_000 })
    expect(inputCost.toFixed()).toBe('0.12')
  })

  test('bills cached tokens as input when the price has no rate for them', () => {
    const plain = price({ input: '0.15', output: '0.6' })
    const { inputCost } = cost({ inputTokens: 1_000_000, outputTokens: 0, cachedInputTokens: 400_000 }, plain)
    expect(inputCost.toFixed()).toBe('0.15')
  })

  test('bills cache writes, audio, reasoning, images and requests at their own rates', () => {
    const all = price({
      input: '1',
      cached_input: '0.1',
      cache_write: '1.25',
      audio_input: '40',
      output: '4',
      reasoning: '8',
      audio_output: '80',
      image: '0.04',
      request: '0.005',
    })
    const { inputCost, outputCost, totalCost } = cost(
      {
        inputTokens: 1_000,
        cachedInputTokens: 100,
        cacheWriteTokens: 200,
        audioInputTokens: 300,
        outputTokens: 1_000,
        reasoningTokens: 250,
        audioOutputTokens: 350,
        images: 2,
      },
      all,
    )
    // 400×1 + 100×0.1 + 200×1.25 + 300×40 and 400×4 + 250×8 + 350×80, per million; 2 images, 1 request
    expect(inputCost.toFixed()).toBe('0.01266')
    expect(outputCost.toFixed()).toBe('0.0316')
    expect(totalCost.toFixed()).toBe('0.12926')
  })

  test('takes the rate of the longest context tier that the input reaches', () => {
    const base = row({ input: '1.25', output: '10' })
    const tiered = priceOf({
      ...base,
      components: [
        { component: 'input', unit: 'per_1m_tokens', amount: '2.5', min_context_tokens: 200_001 },
        ...base.components,
        { component: 'output', unit: 'per_1m_tokens', amount: '15', min_context_tokens: 200_001 },
      ],
    })
    expect(cost({ inputTokens: 200_000, outputTokens: 1_000_000 }, tiered).totalCost.toFixed()).toBe('10.25')
    expect(cost({ inputTokens: 200_001, outputTokens: 1_000_000 }, tiered).totalCost.toFixed()).toBe(
      '15.5000025',
    )
  })

  test('is unknown, not zero, without a price', () => {
    expect(priceOfEvent({ inputTokens: 1, outputTokens: 1 }, undefined)).toMatchObject({ priced: false })
  })

  test('is unknown when something was consumed that has no rate', () => {
    expect(priceOfEvent({ inputTokens: 5, outputTokens: 1 }, price({ input: '1' }))).toEqual({
      priced: false,
      reason: 'the price has no rate for output',
    })
  })

  test('is unknown when the parts of the input are more than the input', () => {
    expect(priceOfEvent({ inputTokens: 5, outputTokens: 0, cachedInputTokens: 6 }, mini)).toMatchObject({
      priced: false,
    })
  })

  test('is zero for an embedding whose price has no output rate and that has no output', () => {
    expect(cost({ inputTokens: 0, outputTokens: 0 }, price({ input: '1' })).totalCost.toFixed()).toBe('0')
  })

  test('keeps every digit of prices with many decimals and of the largest counts', () => {
    const tiny = price({ input: '0.000000000000000000123456789', output: '0' })
    const { totalCost } = cost({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 }, tiny)
    const exact = 9_007_199_254_740_991n * 123_456_789n
    expect(totalCost.times('1e33').toFixed()).toBe(exact.toString())
  })

  test('refuses a price with more digits than it can compute exactly', () => {
    expect(() => ratePerUnit(`0.${'1'.repeat(41)}`, 'per_1m_tokens')).toThrow(RangeError)
  })

  test('is additive: two events cost what one event of their sums costs', () => {
    fc.assert(
      fc.property(use, use, anyPrice, (a, b, at) => {
        const sum = {
          inputTokens: a.inputTokens + b.inputTokens,
          outputTokens: a.outputTokens + b.outputTokens,
          cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
        }
        const parts = cost(a, at).totalCost.plus(cost(b, at).totalCost)
        expect(parts.toFixed()).toBe(cost(sum, at).totalCost.toFixed())
      }),
    )
  })

  test('is never negative, and the sum of its two halves', () => {
    fc.assert(
      fc.property(use, anyPrice, (event, at) => {
        const { inputCost, outputCost, totalCost } = cost(event, at)
        expect(inputCost.isNegative() || outputCost.isNegative()).toBe(false)
        expect(inputCost.plus(outputCost).toFixed()).toBe(totalCost.toFixed())
      }),
    )
  })

  test('equals the same computation in whole numbers', () => {
    fc.assert(
      fc.property(use, fc.bigInt({ min: 0n, max: 10n ** 15n }), (event, picodollars) => {
        const rates = { input: new Exact(picodollars.toString()).times('1e-12').toFixed(), output: '0' }
        const units = BigInt(event.inputTokens) * picodollars // 10^-12 per 10^6 tokens: 10^-18
        expect(cost(event, price(rates)).inputCost.times('1e18').toFixed()).toBe(units.toString())
      }),
    )
  })

  test('does not grow when input is cached at a lower rate', () => {
    fc.assert(
      fc.property(use, (event) => {
        const fresh = cost({ ...event, cachedInputTokens: 0 }).totalCost
        expect(cost(event).totalCost.lte(fresh)).toBe(true)
      }),
    )
  })
})

describe('the price in force', () => {
  const at = (iso: string): number => Date.parse(iso) * 1000
  const first = priceOf(row({ input: '1' }, { id: 'first', effective_to: '2024-07-01T00:00:00Z' }))
  const second = priceOf(row({ input: '2' }, { id: 'second', effective_from: '2024-07-01T00:00:00Z' }))
  const list = new PriceList([second, first])
  const question = { provider: 'openai', modelName: 'gpt-4o-mini' }

  test('of a first known price has no lower bound in time', () => {
    expect(list.inForce({ ...question, at: at('1999-01-01T00:00:00Z') })?.id).toBe('first')
  })

  test('changes at the very microsecond a period begins', () => {
    expect(list.inForce({ ...question, at: at('2024-07-01T00:00:00Z') - 1 })?.id).toBe('first')
    expect(list.inForce({ ...question, at: at('2024-07-01T00:00:00Z') })?.id).toBe('second')
  })

  test('of overlapping periods is the one that began last', () => {
    const correction = priceOf(row({}, { id: 'correction', effective_from: '2025-01-01T00:00:00Z' }))
    const corrected = new PriceList([first, second, correction])
    expect(corrected.inForce({ ...question, at: at('2025-06-01T00:00:00Z') })?.id).toBe('correction')
  })

  test('is none before a period and after an ended one', () => {
    const bounded = new PriceList([
      priceOf(row({}, { effective_from: '2024-01-01T00:00:00Z', effective_to: '2024-02-01T00:00:00Z' })),
    ])
    expect(bounded.inForce({ ...question, at: at('2023-12-31T23:59:59Z') })).toBeUndefined()
    expect(bounded.inForce({ ...question, at: at('2024-02-01T00:00:00Z') })).toBeUndefined()
  })

  test('is none for an unknown model or provider', () => {
    expect(list.inForce({ modelName: 'gpt-9', at: 0 })).toBeUndefined()
    expect(list.inForce({ ...question, provider: 'azure', at: 0 })).toBeUndefined()
  })

  test('prefers the price of exactly this version', () => {
    const versioned = priceOf(row({}, { id: 'versioned', model_version: '2024-07-18' }))
    const both = new PriceList([first, versioned])
    expect(both.inForce({ ...question, modelVersion: '2024-07-18', at: 0 })?.id).toBe('versioned')
    expect(both.inForce({ ...question, modelVersion: '2024-08-06', at: 0 })?.id).toBe('first')
    expect(both.inForce({ ...question, at: 0 })?.id).toBe('first')
  })

  test('is none when several providers sell the model and the event names none', () => {
    const both = new PriceList([first, priceOf(row({}, { id: 'azure', provider: 'azure' }))])
    expect(both.inForce({ modelName: 'gpt-4o-mini', at: 0 })).toBeUndefined()
    expect(both.inForce({ modelName: 'gpt-4o-mini', provider: 'azure', at: 0 })?.id).toBe('azure')
  })
})
