import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TokenBuckets } from '../../../src/graphql/limits/token-bucket.js'

describe('a token bucket', () => {
  test('grants a minute’s requests at once, then says when the next is granted', () => {
    const buckets = new TokenBuckets()
    for (let left = 59; left >= 0; left -= 1) {
      expect(buckets.take('a', 60, 0)).toMatchObject({ granted: true, remaining: left })
    }
    expect(buckets.take('a', 60, 0)).toEqual({
      granted: false,
      limit: 60,
      remaining: 0,
      reset: 60,
      retryAfter: 1,
    })
    expect(buckets.take('a', 60, 999).granted).toBe(false)
    expect(buckets.take('a', 60, 1_000).granted).toBe(true)
  })

  test('fills up while nobody draws from it, and not further', () => {
    const buckets = new TokenBuckets()
    buckets.take('a', 6, 0)
    expect(buckets.take('a', 6, 600_000)).toMatchObject({ granted: true, remaining: 5, reset: 10 })
  })

  test('is one of many that do not share', () => {
    const buckets = new TokenBuckets()
    expect(buckets.take('a', 1, 0).granted).toBe(true)
    expect(buckets.take('a', 1, 0).granted).toBe(false)
    expect(buckets.take('b', 1, 0).granted).toBe(true)
  })

  test('never grants more than a minute’s requests beyond the rate, and grants after the wait it names', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 }),
        (limit, pauses) => {
          const buckets = new TokenBuckets()
          let now = 0
          let granted = 0
          for (const pause of pauses) {
            now += pause
            const answer = buckets.take('a', limit, now)
            if (answer.granted) granted += 1
            else {
              now += answer.retryAfter * 1_000
              expect(buckets.take('a', limit, now).granted).toBe(true)
              granted += 1
            }
            expect(granted).toBeLessThanOrEqual(limit + (now / 60_000) * limit + 1e-6)
          }
        },
      ),
    )
  })
})
