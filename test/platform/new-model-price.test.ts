import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  completeRates,
  succeed,
  type PricePeriod,
  type RateRequest,
} from '../../src/platform/new-model-price.js'

describe('rates', () => {
  test('what is left out is completed: the unit by the component, the tier from the first token on', () => {
    const rates: RateRequest[] = [
      { component: 'input', amount: '0.15' },
      { component: 'image', amount: '0.002' },
      { component: 'request', amount: '0.01' },
      { component: 'input', amount: '0.30', minContextTokens: 200_000 },
    ]
    expect(completeRates(rates)).toEqual([
      { component: 'input', amount: '0.15', unit: 'per_1m_tokens', minContextTokens: 0 },
      { component: 'image', amount: '0.002', unit: 'per_image', minContextTokens: 0 },
      { component: 'request', amount: '0.01', unit: 'per_request', minContextTokens: 0 },
      { component: 'input', amount: '0.30', unit: 'per_1m_tokens', minContextTokens: 200_000 },
    ])
  })

  test.each<[string, RateRequest[], string]>([
    ['none at all', [], 'rates'],
    ['a negative amount', [{ component: 'input', amount: '-0.1' }], 'rates[0].amount'],
    [
      'more digits than can be computed with',
      [{ component: 'input', amount: '1'.repeat(41) }],
      'rates[0].amount',
    ],
    [
      'a unit that is not the component’s',
      [{ component: 'image', amount: '1', unit: 'per_1m_tokens' }],
      'rates[0].unit',
    ],
    [
      'a tier below zero',
      [{ component: 'input', amount: '1', minContextTokens: -1 }],
      'rates[0].minContextTokens',
    ],
    [
      'the same tier twice',
      [
        { component: 'input', amount: '1' },
        { component: 'input', amount: '2', minContextTokens: 0 },
      ],
      'rates[1].component',
    ],
    [
      'no rate for short requests',
      [
        { component: 'output', amount: '1' },
        { component: 'input', amount: '1', minContextTokens: 5 },
      ],
      'rates[1].minContextTokens',
    ],
  ])('refused: %s', (_, rates, field) => {
    expect(completeRates(rates)).toMatchObject({ field, reason: expect.any(String) as string })
  })

  test('an amount of zero is free of charge, however it is written', () => {
    for (const amount of ['0', '0.000', '-0']) {
      expect(completeRates([{ component: 'output', amount }])).toHaveLength(1)
    }
  })
})

describe('succession', () => {
  const moment = fc.integer({ min: 0, max: 50 })

  /** Adds prices one after another as the service does, leaving out those refused. */
  function build(moments: readonly number[]): PricePeriod[] {
    const periods: PricePeriod[] = []
    for (const [index, from] of moments.entries()) {
      const succession = succeed(periods, from)
      if ('overlaps' in succession) continue
      const { replaces } = succession
      if (replaces !== undefined) periods[periods.indexOf(replaces)] = { ...replaces, to: from }
      periods.push({ id: String(index), from, to: Infinity })
    }
    return periods
  }

  test('whatever is added, at every moment at most one price holds, and none is empty', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(moment, fc.constant(-Infinity))), moment, (moments, at) => {
        const periods = build(moments)
        expect(periods.filter(({ from, to }) => from <= at && at < to).length).toBeLessThanOrEqual(1)
        expect(periods.every(({ from, to }) => from < to)).toBe(true)
      }),
    )
  })

  test('prices added in the order of time are all taken and leave no gap', () => {
    fc.assert(
      fc.property(fc.uniqueArray(moment, { minLength: 1 }), (moments) => {
        const sorted = [...moments].sort((a, b) => a - b)
        const periods = build(sorted)
        expect(periods.map(({ from }) => from)).toEqual(sorted)
        expect(periods.map(({ to }) => to)).toEqual([...sorted.slice(1), Infinity])
      }),
    )
  })

  test('a price without a lower bound can only be the first', () => {
    expect(succeed([], -Infinity)).toEqual({ replaces: undefined })
    const known = { id: '1', from: 5, to: Infinity }
    expect(succeed([known], -Infinity)).toEqual({ overlaps: known })
    expect(succeed([{ ...known, from: -Infinity }], -Infinity)).toHaveProperty('overlaps')
  })

  test('a price that was given an end keeps it', () => {
    const ended = { id: '1', from: 5, to: 10 }
    expect(succeed([ended], 7)).toEqual({ overlaps: ended })
    expect(succeed([ended], 10)).toEqual({ replaces: undefined })
    expect(succeed([ended], 12)).toEqual({ replaces: undefined })
  })
})
