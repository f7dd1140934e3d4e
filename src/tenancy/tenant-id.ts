import { AppError } from '../errors.js'

declare const brand: unique symbol

/**
 * A validated tenant id (`organizations.org_key`). Identifiers of schemas and roles are built from this type
 * only, so a string that was never checked cannot become part of SQL text.
 */
export type TenantId = string & { readonly [brand]: 'TenantId' }

const PATTERN = /^[a-z0-9][a-z0-9_]{0,54}$/

/** Postgres identifiers are cut at 63 bytes: `org_` and 55 characters stay below that. */
const RULE =
  'lower-case letters, digits and underscores, starting with a letter or digit, at most 55 characters'

export function isTenantId(value: string): value is TenantId {
  return PATTERN.test(value)
}

/** Throws TENANT_INVALID, naming the rule. */
export function parseTenantId(value: string): TenantId {
  if (isTenantId(value)) return value
  throw new AppError('TENANT_INVALID', `Not a tenant id: ${quote(value)}. A tenant id is ${RULE}.`)
}

/** Name of the tenant's Postgres schema; safe to put into SQL text as it is. */
export function schemaOf(tenant: TenantId): string {
  return `org_${tenant}`
}

/** Name of the tenant's database role; safe to put into SQL text as it is. */
export function roleOf(tenant: TenantId): string {
  return `org_${tenant}`
}

/** A client's text in a message: printable ASCII, cut at 80 characters. */
function quote(value: string): string {
  const printable = value.replace(/[^\x20-\x7e]/g, '?')
  return JSON.stringify(printable.length > 80 ? `${printable.slice(0, 77)}…` : printable)
}
