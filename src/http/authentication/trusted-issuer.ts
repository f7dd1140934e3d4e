import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose'
import type { IssuerConfig } from '../../config-values.js'

/** Whose tokens are believed, and what they must look like. */
export interface TrustedIssuer {
  /** The token's `iss`. */
  readonly issuer: string
  /** The token's `aud` must name one of these. */
  readonly audience: readonly string[]
  /** Pinned here, never taken from the token: otherwise a public key could be used as an HMAC secret. */
  readonly algorithms: readonly string[]
  readonly keys: JWTVerifyGetKey
  /** The local issuer names identities by their id; others by a subject that is linked to one. */
  readonly isLocal: boolean
}

/** How long a fetch of an issuer's keys may take (ms). */
const FETCH_TIMEOUT = 5_000
/** A token with an unknown key id makes us fetch again, at most this often (ms). */
const COOLDOWN = 30_000
/** Keys are fetched again after this time (ms), so that a withdrawn one stops working. */
const KEYS_MAX_AGE = 600_000

/** An issuer whose keys are fetched when first needed, and remembered. */
export function remoteIssuer({ issuer, jwksUrl, audience, algorithms }: IssuerConfig): TrustedIssuer {
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: FETCH_TIMEOUT,
    cooldownDuration: COOLDOWN,
    cacheMaxAge: KEYS_MAX_AGE,
  })
  return { issuer, audience, algorithms, keys, isLocal: false }
}
