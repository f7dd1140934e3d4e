import { isIP } from 'node:net'
import { z } from 'zod'

/** One environment variable as the README's table shows it. */
export interface ConfigurationVariable {
  readonly name: string
  readonly default: string
  readonly meaning: string
}

/** An issuer of tokens outside Orgscope, whose public keys are fetched from a JWKS URL. */
export interface IssuerConfig {
  /** Compared with the token's `iss`, character by character. */
  readonly issuer: string
  readonly jwksUrl: string
  /** A token must be meant for one of these (`aud`). */
  readonly audience: readonly string[]
  /** Signature algorithms accepted from this issuer; asymmetric ones only. */
  readonly algorithms: readonly string[]
}

/** Limits that one plan has of its own. */
export type PlanLimits = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Names of the limits that a plan or an organization may have of its own. */
export const limitNames = [
  'queryDepth',
  'queryAliases',
  'rootFields',
  'queryDirectives',
  'queryFields',
  'queryCost',
  'concurrentRequests',
  'requestsPerMinute',
  'requestsPerMonth',
] as const

/** Signature algorithms that prove possession of a private key (RFC 7518, RFC 8037, RFC 9864); never HS* or none. */
const asymmetricAlgorithms = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

/** Accepted from an issuer whose algorithms are not set. */
export const DEFAULT_ALGORITHMS = ['EdDSA', 'ES256', 'RS256']

/** How a variable's text becomes a value: `parse` throws an Error that says what would be right. */
export interface Variable<Value> extends ConfigurationVariable {
  /** The value is never shown, not even in the error about it. */
  readonly secret?: boolean
  parse(text: string | undefined): Value
}

/** A whole number between two bounds. */
export function integer(
  name: string,
  preset: number,
  min: number,
  max: number,
  meaning: string,
): Variable<number> {
  return {
    name,
    default: String(preset),
    meaning,
    parse(text) {
      if (text === undefined) return preset
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
      if (value >= min && value <= max) return value
      throw new Error(`a whole number from ${min} to ${max}`)
    },
  }
}

const TRUE = new Set(['1', 'true', 'on', 'yes'])
const FALSE = new Set(['0', 'false', 'off', 'no'])

/** On or off. */
export function toggle(name: string, preset: boolean, meaning: string): Variable<boolean> {
  return {
    name,
    default: preset ? 'on' : 'off',
    meaning,
    parse(text) {
      if (text === undefined) return preset
      if (TRUE.has(text.toLowerCase())) return true
      if (FALSE.has(text.toLowerCase())) return false
      throw new Error('on or off')
    },
  }
}

/** URL of a Postgres database, which may hold a password. */
export function databaseUrl(name: string, preset: string, meaning: string): Variable<string | undefined> {
  return {
    name,
    default: preset,
    meaning,
    secret: true,
    parse(text) {
      if (text === undefined) return undefined
      if (/^postgres(ql)?:$/.test(urlOf(text)?.protocol ?? '')) return text
      throw new Error('a URL like postgresql://user:password@host:5432/database')
    },
  }
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

const issuerSchema = z.strictObject({
  issuer: z.string().min(1),
  jwksUrl: z.string().refine(isSafeUrl, 'must be an https URL (http is accepted for localhost only)'),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  algorithms: z
    .array(z.enum(asymmetricAlgorithms))
    .min(1)
    .default([...DEFAULT_ALGORITHMS] as ['EdDSA']),
})

/** Keys fetched over plain http could be replaced on the way; on this machine there is no way in between. */
function isSafeUrl(text: string): boolean {
  const url = urlOf(text)
  if (url === undefined) return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
  )
}

/** What a list of issuers looks like. */
export const ISSUER_FORM =
  'a JSON list like [{"issuer":"https://id.example.com","jwksUrl":"https://id.example.com/jwks.json","audience":"orgscope"}]'

/** Issuers, each named once. */
export function parseIssuers(text: string | undefined): readonly IssuerConfig[] {
  if (text === undefined) return []
  const parsed = z.array(issuerSchema).safeParse(parseJson(text, ISSUER_FORM))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place =
      issue === undefined || issue.path.length === 0 ? '' : ` (at ${issue.path.join('.')}: ${issue.message})`
    throw new Error(
      `${ISSUER_FORM}${place || (issue?.code === 'unrecognized_keys' ? ` (${issue.message})` : '')}`,
    )
  }
  const issuers = parsed.data.map((issuer) => ({ ...issuer, audience: [issuer.audience].flat() }))
  const names = issuers.map(({ issuer }) => issuer)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`a list that names each issuer once (${twice} is there twice)`)
  if (names.includes('orgscope'))
    throw new Error('a list without the issuer "orgscope", which is the local one')
  return issuers
}

function parseJson(text: string, expected: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(expected)
  }
}

const planLimitsSchema = z.record(
  z.string(),
  z.partialRecord(z.enum(limitNames), z.number().int().nonnegative()),
)

/** Limits of plans where none are set. */
export const DEFAULT_PLAN_LIMITS = '{"free":{"concurrentRequests":20,"requestsPerMinute":6000}}'

/** Limits by plan. */
export function parsePlanLimits(text = DEFAULT_PLAN_LIMITS): PlanLimits {
  const expected = `a JSON object like ${DEFAULT_PLAN_LIMITS}, with the limits ${limitNames.join(', ')}`
  const parsed = planLimitsSchema.safeParse(parseJson(text, expected))
  if (parsed.success) return parsed.data
  throw new Error(expected)
}

/** Whether a text is an IP address, or a range of them by CIDR. */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return (
    bits > 0 &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits))
  )
}
