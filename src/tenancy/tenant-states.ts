/** Where a tenant is in its life; stored in `public.tenant_schemas.state`. Only active ones are served. */
export type TenantState =
  'requested' | 'provisioning' | 'active' | 'suspended' | 'archived' | 'deprovisioning' | 'deleted' | 'failed'

/**
 * Every move there is, besides: any of them may fail, and a failed tenant goes back to where it was (retry). One that
 * never became active may be deleted as well, or a request that cannot be met would stay for ever.
 */
const MOVES: Readonly<Record<Exclude<TenantState, 'failed'>, readonly TenantState[]>> = {
  requested: ['provisioning', 'deprovisioning'],
  // Back again when the archive it was to be restored from could not be brought in.
  provisioning: ['active', 'archived'],
  active: ['suspended', 'deprovisioning'],
  suspended: ['active', 'archived', 'deprovisioning'],
  archived: ['provisioning', 'deprovisioning'],
  // Or back to where it was, during the days of grace.
  deprovisioning: ['deleted', 'active', 'suspended', 'archived'],
  deleted: [],
}

/**
 * Whether a tenant may go from one state to another.
 *
 * @param previous - for a failed tenant: the state in which it failed
 */
export function mayMove(from: TenantState, to: TenantState, previous?: TenantState): boolean {
  if (from === 'failed') return to === previous || to === 'deprovisioning'
  if (to === 'failed') return from !== 'deleted'
  return MOVES[from].includes(to)
}

/** `organizations.status` that goes with a state. */
export function organizationStatus(state: TenantState): 'pending' | 'active' | 'suspended' | 'deleted' {
  switch (state) {
    case 'active':
      return 'active'
    case 'suspended':
    case 'archived':
      return 'suspended'
    case 'deprovisioning':
    case 'deleted':
      return 'deleted'
    default:
      return 'pending'
  }
}
