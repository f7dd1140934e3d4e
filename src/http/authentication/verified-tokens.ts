import { LRUCache } from 'lru-cache'
import type { TrustedIssuer } from './trusted-issuer.js'
import { CLOCK_TOLERANCE, verifyToken, type VerifiedToken } from './verify-token.js'

/** A client sends the same token with every request; checking its signature is most of the work of a small one. */
const CAPACITY = 10_000
/** How long a key that its issuer withdrew goes on being believed for tokens seen before (ms). */
const TIME_TO_LIVE = 60_000

/** Checks tokens as `verifyToken` does, and remembers for a minute those that were good. */
export function rememberingVerifier(
  issuers: ReadonlyMap<string, TrustedIssuer>,
): (token: string) => Promise<VerifiedToken> {
  const good = new LRUCache<string, VerifiedToken>({ max: CAPACITY, ttl: TIME_TO_LIVE })
  return async (token) => {
    const known = good.get(token)
    if (known !== undefined && !hasExpired(known)) return known
    const verified = await verifyToken(token, issuers)
    good.set(token, verified)
    return verified
  }
}

function hasExpired({ claims: { exp } }: VerifiedToken): boolean {
  return exp === undefined || (exp + CLOCK_TOLERANCE) * 1_000 <= Date.now()
}
