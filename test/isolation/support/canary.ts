import { createHash } from 'node:crypto'
import type { TenantId } from '../../../src/tenancy/tenant-id.js'

/** What makes one tenant's data recognizable wherever it turns up. */
export interface Canary {
  readonly tenant: TenantId
  readonly organizationId: string
  /** Written into everything that holds text. Contains the tenant's id. */
  readonly marker: string
  /** The last twelve digits of every uuid made for the tenant: rows without a text are recognized by it. */
  readonly tag: string
  /** Small number that differs between tenants, for amounts and counters. */
  readonly number: number
}

export function canaryOf({ id, organizationId }: { id: TenantId; organizationId: string }): Canary {
  const digest = createHash('sha256').update(id).digest('hex')
  return {
    tenant: id,
    organizationId,
    marker: `canary_${id}`,
    tag: digest.slice(0, 12),
    number: 1_000 + (parseInt(digest.slice(0, 6), 16) % 9_000),
  }
}

/** Texts that stand in an answer only because a tenant's data does. */
export function secretsOf({ tenant, organizationId, tag }: Canary): readonly string[] {
  // The id is part of the marker, of the people's addresses and of the schema's name.
  return [tenant, organizationId, tag]
}

/** Which of the given tenants show in an answer: in its text or in what its opaque ids and cursors stand for. */
export function leaksIn(answer: string, others: readonly Canary[]): string[] {
  const searched = `${answer}\n${decodedTokens(answer)}`
  return others.flatMap((other) =>
    secretsOf(other)
      .filter((secret) => searched.includes(secret))
      .map((secret) => `${other.tenant}: ${secret}`),
  )
}

/** Whether an answer shows a row of the tenant: by its marker, or by an id. */
export function shows(answer: string, { marker, tag }: Canary): boolean {
  return answer.includes(marker) || decodedTokens(answer).includes(tag) || answer.includes(tag)
}

function decodedTokens(answer: string): string {
  const tokens = answer.match(/[A-Za-z0-9_-]{12,}/g) ?? []
  return [...new Set(tokens)].map((token) => Buffer.from(token, 'base64url').toString('latin1')).join('\n')
}
