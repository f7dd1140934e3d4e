import { sql } from 'kysely'
import type { Change } from '../entity/audit-trail.js'
import { statements, type Session } from '../tenancy/session.js'
import type { PlatformContext } from './platform-context.js'

/** The control plane's audit trail, `public.platform_audit_logs`. It names who acted by identity id, nothing else. */
export async function recordOnPlatform(
  session: Session,
  { actor, requestId }: PlatformContext,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return
  const query = sql`/* audit.platform.record */
    insert into public.platform_audit_logs (event_type, event_category, actor_identity_id, target_type, target_id,
      request_id, details)
    select c.event_type, 'configuration', ${actor.identityId}::uuid, c.target_type, c.target_id, ${requestId},
      c.details
    from jsonb_to_recordset(${JSON.stringify(changes.map(entryOf))}::jsonb)
      as c (event_type text, target_type text, target_id text, details jsonb)`
  await session.run(query.compile(statements))
}

function entryOf({ eventType, resourceType, resourceId, oldValues, newValues }: Change): object {
  return {
    event_type: `${resourceType}.${eventType}`,
    target_type: resourceType,
    target_id: resourceId,
    details: { old: oldValues, new: newValues },
  }
}
