import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../errors.js'
import type { Actor } from '../../tenancy/actor.js'
import { hashApiKey, isApiKeyForm } from '../../tenancy/api-key.js'
import type { TenantDirectory } from '../../tenancy/tenant-directory.js'
import { isTenantId } from '../../tenancy/tenant-id.js'
import type { TrustedIssuer } from './trusted-issuer.js'
import { rememberingVerifier } from './verified-tokens.js'
import type { VerifiedToken } from './verify-token.js'

/**
 * Turns a request's credential into an actor; undefined without a credential.
 * Rejects with UNAUTHENTICATED when the credential is not good.
 */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Actor | undefined>

/** What the directory knows of credentials. */
export type CredentialDirectory = Pick<TenantDirectory, 'apiKey' | 'identityBySubject'>

export interface AuthenticatorOptions {
  readonly directory: CredentialDirectory
  readonly issuers: readonly TrustedIssuer[]
}

/** Builds the check of `authorization: Bearer <jwt>` and `x-api-key: <key>`. */
export function createAuthenticator({ directory, issuers }: AuthenticatorOptions): Authenticate {
  const verify = rememberingVerifier(new Map(issuers.map((issuer) => [issuer.issuer, issuer])))
  return async (headers) => {
    const { authorization } = headers
    const apiKey = headers['x-api-key']
    if (authorization === undefined && apiKey === undefined) return undefined
    if (authorization !== undefined && apiKey !== undefined) {
      throw refused('The request carries two credentials. Send authorization or x-api-key, not both.')
    }
    if (apiKey !== undefined) return actorOfKey(directory, String(apiKey))
    return actorOfToken(directory, await verify(bearerToken(authorization ?? '')))
  }
}

/** RFC 6750, section 2.1: the scheme's name is case-insensitive. */
function bearerToken(authorization: string): string {
  const token = /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization)?.[1]
  if (token === undefined) throw refused('The header authorization must read: Bearer <token>.')
  return token
}

async function actorOfKey(directory: CredentialDirectory, key: string): Promise<Actor> {
  const entry = isApiKeyForm(key) ? await directory.apiKey(hashApiKey(key)) : undefined
  if (entry === undefined) throw refused('The API key is unknown or was revoked.')
  if (entry.expiresAt !== null && entry.expiresAt <= Date.now()) throw refused('The API key has expired.')
  return entry.actor
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function actorOfToken(directory: CredentialDirectory, token: VerifiedToken): Promise<Actor> {
  const { issuer, subject, claims } = token
  if (!issuer.isLocal) {
    const identityId = await directory.identityBySubject(issuer.issuer, subject)
    if (identityId === undefined) throw refused('The token is valid, but its subject has no account here.')
    return { kind: 'person', identityId }
  }
  if (!UUID.test(subject)) throw refused('The token does not name a person of this gateway (claim sub).')
  if (claims['org'] === undefined) return { kind: 'person', identityId: subject }
  const { org } = claims
  if (typeof org === 'string' && isTenantId(org)) {
    return { kind: 'person', identityId: subject, boundTo: org }
  }
  throw refused('The token is bound to something that is not an organization (claim org).')
}

function refused(message: string): AppError {
  return new AppError('UNAUTHENTICATED', message)
}
