import { AppError } from '../../errors.js'
import type { Quota, RequestCounts, UsedUp } from '../../tenancy/request-counts.js'
import type { LimitedParty } from '../api.js'
import type { Limits } from './limits.js'

/** Counts a request against the month's quotas of its key and of its organization. Throws QUOTA_EXCEEDED. */
export async function takeFromQuotas(
  counts: RequestCounts,
  party: LimitedParty,
  limits: Limits,
): Promise<void> {
  const quotas = quotasOf(party, limits)
  const usedUp = quotas.length === 0 ? undefined : await counts.take(quotas)
  if (usedUp !== undefined) throw exceeded(usedUp)
}

/** The organization's own quota wins over that of its plan; who has none is not counted. */
function quotasOf({ organizationId, requestsPerMonth, apiKey }: LimitedParty, limits: Limits): Quota[] {
  const allowed = requestsPerMonth ?? (limits.requestsPerMonth === 0 ? undefined : limits.requestsPerMonth)
  return [
    ...(apiKey === undefined
      ? []
      : [{ kind: 'key', id: apiKey.id, allowed: apiKey.requestsPerMonth } as const]),
    ...(allowed === undefined ? [] : [{ kind: 'organization', id: organizationId, allowed } as const]),
  ]
}

function exceeded({ quota: { kind, allowed }, retryAfter }: UsedUp): AppError {
  const whose = kind === 'key' ? 'The API key' : 'The organization'
  return new AppError(
    'QUOTA_EXCEEDED',
    `${whose} has used its ${allowed} requests of this calendar month (UTC). The next month begins in ${retryAfter} s.`,
    { limit: kind === 'key' ? 'apiKey.monthlyQuota' : 'requestsPerMonth', allowed, retryAfter },
    { retryAfter },
  )
}
