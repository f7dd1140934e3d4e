import type { Queryable } from '../database/advisory-lock.js'

/** Who acts on the control plane: a person of the operator, or nobody known (the command line, a start-up). */
export interface PlatformActor {
  readonly identityId?: string | undefined
  readonly requestId?: string | undefined
}

export interface PlatformAuditEntry {
  readonly eventType: string
  readonly category: 'authorization' | 'provisioning' | 'migration' | 'configuration' | 'system'
  readonly organizationId: string
  /** The tenant id. */
  readonly target: string
  readonly result?: 'success' | 'failure'
  readonly reason?: string | undefined
  readonly details?: Readonly<Record<string, unknown>>
}

/** Appends to `public.platform_audit_logs`; belongs into the transaction of what it tells of. */
export async function writePlatformAudit(
  db: Queryable,
  {
    eventType,
    category,
    organizationId,
    target,
    result = 'success',
    reason,
    details = {},
  }: PlatformAuditEntry,
  by: PlatformActor = {},
): Promise<void> {
  await db.query(
    `/* audit.platform.insert */
     insert into public.platform_audit_logs (event_type, event_category, actor_identity_id, organization_id,
       target_type, target_id, result, reason, request_id, details)
     values ($1, $2, $3, $4, 'tenant', $5, $6, $7, $8, $9)`,
    [
      eventType,
      category,
      by.identityId ?? null,
      organizationId,
      target,
      result,
      reason ?? null,
      by.requestId ?? null,
      JSON.stringify(details),
    ],
  )
}
