import { sql } from 'kysely'
import { statements, type Session } from '../tenancy/session.js'
import type { EntityDefinition } from './entity.js'
import type { OperationContext, TenantOperation } from './operation-context.js'
import type { EntityRow } from './rows.js'

/** One change, as the audit trail keeps it. */
export interface Change {
  /** What was done: `create`, `update`, `delete`, or a module's own word. */
  readonly eventType: string
  readonly resourceType: string
  readonly resourceId: string
  readonly oldValues?: Readonly<Record<string, unknown>> | undefined
  readonly newValues?: Readonly<Record<string, unknown>> | undefined
}

/** Stands in the trail for a value that must not be copied out of its row. */
const MASK = '***'

/** Writes a change into the audit trail, in the transaction of the change itself. */
export function recordChange(session: Session, context: OperationContext, change: Change): Promise<void> {
  return context.record(session, change)
}

/** The audit trail of one organization: `audit_logs` in its schema. */
export async function recordInOrganization(
  session: Session,
  context: TenantOperation,
  change: Change,
): Promise<void> {
  const { actor, tenant, requestId, ipAddress, userAgent } = context
  const changed = change.newValues === undefined ? [] : Object.keys(change.newValues)
  const query = sql`/* audit.record */
    insert into audit_logs (event_type, event_category, user_id, actor_kind, actor_role_level, api_key_id,
      ip_address, user_agent, resource_type, resource_id, old_values, new_values, changed_fields, request_id)
    values (${change.eventType}, 'data_change', ${actor.kind === 'person' ? actor.identityId : null},
      ${actor.kind === 'person' ? 'user' : 'api_key'}, ${tenant.role},
      ${actor.kind === 'api_key' ? actor.apiKeyId : null}, ${addressOf(ipAddress)}, ${userAgent ?? null},
      ${change.resourceType}, ${change.resourceId}, ${json(change.oldValues)}, ${json(change.newValues)},
      ${changed}, ${requestId})`
  await session.run(query.compile(statements))
}

/** A link-local address names its interface behind a percent sign, which is none of Postgres' inet. */
function addressOf(ipAddress: string | undefined): string | null {
  return ipAddress?.replace(/%.*$/, '') ?? null
}

function json(values: Readonly<Record<string, unknown>> | undefined): string | null {
  return values === undefined ? null : JSON.stringify(values)
}

/** The given fields of a row as the trail may keep them: restricted values are masked. */
export function auditable(
  entity: EntityDefinition,
  row: EntityRow,
  fields: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => {
      const value = row[field]
      const masked = entity.columns.get(field)?.sensitivity === 'restricted' && value !== null
      return [field, masked ? MASK : value]
    }),
  )
}
