import { sql } from 'kysely'
import type { Change } from '../entity/audit-trail.js'
import { statements, type Session } from '../tenancy/session.js'
import type { PlatformContext } from './platform-context.js'

/** The control plane's audit trail, `public.platform_audit_logs`. It names who acted by identity id, nothing else. */
export async function recordOnPlatform(
  session: Session,
  { actor, requestId }: PlatformContext,
  { eventType, resourceType, resourceId, oldValues, newValues }: Change,
): Promise<void> {
  const query = sql`/* audit.platform.record */
    insert into public.platform_audit_logs (event_type, event_category, actor_identity_id, target_type, target_id,
      request_id, details)
    values (${`${resourceType}.${eventType}`}, 'configuration', ${actor.identityId}, ${resourceType}, ${resourceId},
      ${requestId}, ${JSON.stringify({ old: oldValues, new: newValues })})`
  await session.run(query.compile(statements))
}
