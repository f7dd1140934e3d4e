import { AppError } from '../errors.js'
import type { AccessLevel } from './module-access.js'
import type { TenantModule } from './tenant-modules.js'

/** Access as it is asked for. */
export interface AccessRequest {
  /** What the plan gives when left out, or the rest of a trial. */
  readonly access?: Exclude<AccessLevel, 'none'> | undefined
  /** RFC 3339 moment at which it ends; for a trial the length of the offer when left out, otherwise never. */
  readonly expiresAt?: string | undefined
}

/** Access as it is written down. */
export interface DecidedAccess {
  readonly access: Exclude<AccessLevel, 'none'>
  readonly expiresAt: string | null
  readonly trialId: string | null
}

const DAY = 86_400_000

/**
 * What access to a module becomes. A plan is only left by saying so: without `access` the module has to be in the
 * plan. A module has one trial. Throws BAD_USER_INPUT and CONFLICT saying what would be right.
 *
 * @param now - milliseconds since the epoch
 */
export function decideAccess(
  of: TenantModule,
  plan: string,
  request: AccessRequest,
  now: number,
): DecidedAccess {
  const { trialId } = of
  const expiresAt = futureMoment(request.expiresAt, now)
  const access = request.access ?? defaultAccess(of, plan, now)
  if (access !== 'trial') return { access, expiresAt, trialId }
  if (expiresAt !== null) return { access, expiresAt, trialId: trialId ?? of.offeredTrialId }
  if (hasRest(of, now)) return { access, expiresAt: of.expiresAt, trialId }
  return startTrial(of, now)
}

function defaultAccess(of: TenantModule, plan: string, now: number): 'full' | 'trial' {
  if (of.inPlan) return 'full'
  if (hasRest(of, now)) return 'trial'
  const included = of.plans.length === 0 ? 'no plan does' : `${of.plans.join(' and ')} would`
  throw new AppError(
    'BAD_USER_INPUT',
    `The plan ${plan} does not include the module ${of.module}; ${included}. Change the plan, or say which access it ` +
      'shall have nonetheless: full, trial or read_only.',
    { field: 'access', module: of.module, plan, plans: of.plans },
  )
}

/** A trial that was interrupted goes on. */
function hasRest({ trialId, expiresAt }: TenantModule, now: number): boolean {
  return trialId !== null && expiresAt !== null && Date.parse(expiresAt) > now
}

function startTrial(of: TenantModule, now: number): DecidedAccess {
  const { module, trialId, offeredTrialId, offeredTrialDays } = of
  if (trialId !== null) {
    const until = of.expiresAt === null ? '' : ` until ${of.expiresAt}`
    throw new AppError(
      'CONFLICT',
      `The tenant has had its trial of the module ${module}${until}. Give the moment at which another one ends.`,
      { module, trialEndedAt: of.expiresAt },
    )
  }
  if (offeredTrialId === null || offeredTrialDays === null) {
    throw new AppError(
      'BAD_USER_INPUT',
      `There is no trial of the module ${module} on offer. Give the moment at which it ends.`,
      { field: 'expiresAt', module },
    )
  }
  const expiresAt = new Date(now + offeredTrialDays * DAY).toISOString()
  return { access: 'trial', expiresAt, trialId: offeredTrialId }
}

function futureMoment(text: string | undefined, now: number): string | null {
  if (text === undefined) return null
  const moment = Date.parse(text)
  if (moment > now) return new Date(moment).toISOString()
  const reason = Number.isNaN(moment) ? 'is not a moment such as 2027-01-31T00:00:00Z' : 'is in the past'
  throw new AppError('BAD_USER_INPUT', `expiresAt ${reason}.`, { field: 'expiresAt' })
}
