import { AppError } from '../../errors.js'
import type { LimitedParty } from '../api.js'
import type { Limits } from './limits.js'
import { TokenBuckets, type Allowance } from './token-bucket.js'

/** The answer to an organization that asks for another request to be served. */
export interface Admission {
  /** The allowance with the least left; undefined when nothing is counted. */
  readonly allowance: Allowance | undefined
  /** Why not; undefined when the request is let in. */
  readonly refusal: AppError | undefined
  /** Called once when the request is over. */
  release(): void
}

/** Seconds after which one of many concurrent requests will probably have ended. */
const SOON = 1

/** Lets requests in by their organization's rate and number at once, and by the rate of their API key. */
export class Admissions {
  readonly #buckets = new TokenBuckets()
  readonly #running = new Map<string, number>()

  admit({ tenant, apiKey }: LimitedParty, limits: Limits): Admission {
    const running = this.#running.get(tenant) ?? 0
    if (running >= limits.concurrentRequests) {
      return { allowance: undefined, refusal: tooManyAtOnce(limits), release() {} }
    }
    const allowances = [
      ...(apiKey === undefined ? [] : [this.#buckets.take(`key ${apiKey.id}`, apiKey.requestsPerMinute)]),
      ...(limits.requestsPerMinute === 0
        ? []
        : [this.#buckets.take(`tenant ${tenant}`, limits.requestsPerMinute)]),
    ]
    const [allowance] = allowances.sort(
      (a, b) => Number(a.granted) - Number(b.granted) || a.remaining - b.remaining,
    )
    if (allowance?.granted === false) return { allowance, refusal: tooOften(allowance), release() {} }
    this.#running.set(tenant, running + 1)
    return { allowance, refusal: undefined, release: () => this.#release(tenant) }
  }

  #release(tenant: string): void {
    const running = (this.#running.get(tenant) ?? 1) - 1
    if (running === 0) this.#running.delete(tenant)
    else this.#running.set(tenant, running)
  }
}

/**
 * What a client may know of its allowance, by the header names of
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
 */
export function rateHeaders(allowance: Allowance | undefined): readonly (readonly [string, string])[] {
  if (allowance === undefined) return []
  const { limit, remaining, reset } = allowance
  return [
    ['ratelimit-limit', String(limit)],
    ['ratelimit-remaining', String(remaining)],
    ['ratelimit-reset', String(reset)],
    ['ratelimit-policy', `${limit};w=60`],
  ]
}

function tooOften({ limit: allowed, retryAfter }: Allowance): AppError {
  return new AppError(
    'RATE_LIMITED',
    `More than ${allowed} requests a minute. Try again in ${retryAfter} s.`,
    { limit: 'requestsPerMinute', allowed, retryAfter },
    { retryAfter },
  )
}

function tooManyAtOnce({ concurrentRequests: allowed }: Limits): AppError {
  return new AppError(
    'RATE_LIMITED',
    `The organization has ${allowed} requests running, which is as many as are served at once. Try again in ${SOON} s.`,
    { limit: 'concurrentRequests', allowed, retryAfter: SOON },
    { retryAfter: SOON },
  )
}
