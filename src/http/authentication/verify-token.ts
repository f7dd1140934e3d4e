import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { AppError } from '../../errors.js'
import type { TrustedIssuer } from './trusted-issuer.js'

/** Seconds by which our clock and the issuer's may differ. */
export const CLOCK_TOLERANCE = 5

/** Seconds after which a client may try again when an issuer's keys cannot be fetched. */
const RETRY_AFTER = 5

export interface VerifiedToken {
  readonly issuer: TrustedIssuer
  readonly subject: string
  readonly claims: JWTPayload
}

/**
 * Checks signature, issuer, audience and times of a JWT (RFC 7519, RFC 8725).
 *
 * @throws {AppError} UNAUTHENTICATED with the reason; SERVICE_UNAVAILABLE when the issuer's keys cannot be fetched
 */
export async function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
): Promise<VerifiedToken> {
  const issuer = issuers.get(claimedIssuer(token) ?? '')
  if (issuer === undefined) throw refused('The token is not signed by an issuer that this gateway trusts.')
  try {
    const { payload } = await jwtVerify(token, issuer.keys, {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE,
    })
    if (typeof payload.sub === 'string' && payload.sub !== '') {
      return { issuer, subject: payload.sub, claims: payload }
    }
  } catch (error) {
    throw explain(error)
  }
  throw refused('The token names nobody (claim sub).')
}

/** The issuer a token claims to come from; nothing of it is believed before the signature is checked. */
function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === 'string' ? iss : undefined
  } catch {
    throw refused('The bearer token is not a signed JSON Web Token.')
  }
}

function explain(error: unknown): AppError {
  if (error instanceof errors.JWTExpired) return refused('The token has expired.')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(explainClaim(error))
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return refused('The token is signed with an algorithm that is not accepted from its issuer.')
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return refused('The token is signed with a key that its issuer does not publish.')
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused("The token's signature is not valid.")
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return refused('The bearer token is not a signed JSON Web Token.')
  }
  // Everything else went wrong while the keys were fetched: nothing the caller did.
  return new AppError(
    'SERVICE_UNAVAILABLE',
    "The token cannot be checked right now: its issuer's keys cannot be fetched. Try again.",
    {},
    { retryAfter: RETRY_AFTER, cause: error },
  )
}

function explainClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') {
    return claim === 'exp'
      ? 'The token never expires (claim exp is missing); such tokens are not accepted.'
      : `The token lacks the claim ${claim}.`
  }
  switch (claim) {
    case 'aud':
      return 'The token is meant for another audience (claim aud).'
    case 'nbf':
      return 'The token is not valid yet (claim nbf).'
    default:
      return `The token's claim ${claim} is not acceptable.`
  }
}

function refused(message: string): AppError {
  return new AppError('UNAUTHENTICATED', message)
}
