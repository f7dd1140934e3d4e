import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignWaves, parseShare, passedLimit, sizeOf, type Share } from '../../src/fleet/waves.js'

const share: fc.Arbitrary<Share> = fc.oneof(
  fc.integer({ min: 1, max: 2_000 }).map((count) => ({ count })),
  fc.integer({ min: 1, max: 10_000 }).map((hundredths) => ({ percent: hundredths / 100 })),
)
const plan = fc.record({
  canary: fc.option(share, { nil: undefined }),
  waveSize: fc.option(share, { nil: undefined }),
})

describe('waves', () => {
  test('take every tenant once, in order, without a gap, and no wave is larger than asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_500 }), plan, (total, { canary, waveSize }) => {
        const waves = assignWaves(total, { canary, waveSize })
        expect(waves).toHaveLength(total)
        const sizes = waves.reduce<number[]>((counts, wave) => {
          counts[wave] = (counts[wave] ?? 0) + 1
          return counts
        }, [])
        expect(waves).toEqual([...waves].sort((a, b) => a - b))
        expect(sizes.every((size) => size > 0)).toBe(true)
        if (canary !== undefined) expect(sizes[0]).toBe(sizeOf(canary, total))
        const later = canary === undefined ? sizes : sizes.slice(1)
        const largest = waveSize === undefined ? total : sizeOf(waveSize, total)
        expect(later.every((size) => size <= largest)).toBe(true)
      }),
    )
  })

  test('a canary of 5% of 40 tenants is two, of one tenant is that one', () => {
    expect(assignWaves(40, { canary: { percent: 5 } }).filter((wave) => wave === 0)).toHaveLength(2)
    expect(assignWaves(1, { canary: { percent: 5 } })).toEqual([0])
    expect(assignWaves(5, { canary: { count: 1 }, waveSize: { count: 2 } })).toEqual([0, 1, 1, 2, 2])
    expect(assignWaves(3, {})).toEqual([0, 0, 0])
  })

  test.each(['', '0', '0%', '101%', '5 %', '-1', '1.5', 'all'])('%j is no share', (text) => {
    expect(() => parseShare(text)).toThrow('Not a number of tenants like 20 or a share like 5%')
  })

  test('what is written is read', () => {
    expect([parseShare('20'), parseShare(' 2.5% ')]).toEqual([{ count: 20 }, { percent: 2.5 }])
  })
})

describe('a run stops', () => {
  const none = { maxFailures: null, maxFailureRate: null }
  test('never without limits', () => {
    fc.assert(
      fc.property(fc.nat(), (failed) => {
        const counts = { failed, wave: 0, failedInWave: failed, inWave: failed }
        expect(passedLimit(none, counts)).toBeUndefined()
      }),
    )
  })

  test('exactly when more failed than allowed, in all or of its wave', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.nat(500),
        fc.nat(100),
        fc.nat(20),
        (inWave, some, maxFailureRate, maxFailures) => {
          const failedInWave = Math.min(some, inWave)
          const counts = { failed: failedInWave, wave: 2, failedInWave, inWave }
          expect(passedLimit({ maxFailures: null, maxFailureRate }, counts) !== undefined).toBe(
            failedInWave / inWave > maxFailureRate / 100 + 1e-12,
          )
          expect(passedLimit({ maxFailures, maxFailureRate: null }, counts) !== undefined).toBe(
            failedInWave > maxFailures,
          )
        },
      ),
    )
  })

  test('with words that say why', () => {
    expect(
      passedLimit(
        { maxFailures: 0, maxFailureRate: null },
        { failed: 1, wave: 0, failedInWave: 1, inWave: 9 },
      ),
    ).toBe('1 tenant failed, more than the 0 allowed')
    expect(
      passedLimit(
        { maxFailures: null, maxFailureRate: 10 },
        { failed: 3, wave: 1, failedInWave: 2, inWave: 9 },
      ),
    ).toBe('wave 1: 2 of 9 tenants failed, more than the 10% allowed')
  })
})
