import { LRUCache } from 'lru-cache'

/** What is left of an allowance after a request. */
export interface Allowance {
  readonly granted: boolean
  /** Requests a minute. */
  readonly limit: number
  /** Requests that would be granted right now. */
  readonly remaining: number
  /** Seconds until the allowance is whole again. */
  readonly reset: number
  /** Seconds until the next request is granted; 0 when it would be now. */
  readonly retryAfter: number
}

interface Bucket {
  tokens: number
  /** When `tokens` was right (ms). */
  since: number
}

const MINUTE = 60_000
/** A bucket nobody drew from for a minute is full, which is what a forgotten one is taken to be. */
const CAPACITY = 100_000

/**
 * Token buckets by name: each holds a minute's requests and fills steadily, so that a burst is served and the mean is
 * kept (https://en.wikipedia.org/wiki/Token_bucket). They live in this process: several gateways grant as much each.
 */
export class TokenBuckets {
  readonly #buckets = new LRUCache<string, Bucket>({ max: CAPACITY })

  /**
   * Takes one token, if there is one.
   *
   * @param limit - requests a minute
   * @param now - milliseconds; never less than in the call before
   */
  take(name: string, limit: number, now: number = performance.now()): Allowance {
    const bucket = this.#buckets.get(name) ?? { tokens: limit, since: now }
    const tokens = Math.min(limit, bucket.tokens + ((now - bucket.since) / MINUTE) * limit)
    const granted = tokens >= 1
    bucket.tokens = granted ? tokens - 1 : tokens
    bucket.since = now
    this.#buckets.set(name, bucket)
    const secondsFor = (missing: number): number => Math.ceil((missing / limit) * 60)
    return {
      granted,
      limit,
      remaining: Math.floor(bucket.tokens),
      reset: secondsFor(limit - bucket.tokens),
      retryAfter: bucket.tokens >= 1 ? 0 : Math.max(1, secondsFor(1 - bucket.tokens)),
    }
  }
}
