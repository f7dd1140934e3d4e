import { sql } from 'kysely'
import { writeEvents, type NewEvent } from '../events/outbox.js'
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
  /** The changed object, for those who subscribed to it. */
  readonly object?: ChangedObject | undefined
}

/** What subscribers are told of a change: which object, never its values. */
export interface ChangedObject {
  readonly type: string
  readonly key: readonly string[]
  /** Key of the person whose object it is, where it is anybody's. */
  readonly owner: string | null
}

/** Topic of the outbox under which changed objects are announced. */
export const ENTITY_TOPIC = 'entity'

/** Stands in the trail for a value that must not be copied out of its row. */
const MASK = '***'

/** Writes a change into the audit trail, in the transaction of the change itself. */
export function recordChange(session: Session, context: OperationContext, change: Change): Promise<void> {
  return context.record(session, [change])
}

/**
 * The audit trail of one organization, `audit_logs` in its schema, and the events that announce the changes: a statement
 * each, however many changes.
 */
export async function recordInOrganization(
  session: Session,
  context: TenantOperation,
  changes: readonly Change[],
): Promise<void> {
  if (changes.length === 0) return
  const { actor, tenant, requestId, ipAddress, userAgent } = context
  const query = sql`/* audit.record */
    insert into audit_logs (event_type, event_category, user_id, actor_kind, actor_role_level, api_key_id,
      ip_address, user_agent, resource_type, resource_id, old_values, new_values, changed_fields, request_id)
    select c.event_type, 'data_change', ${actor.kind === 'person' ? actor.identityId : null}::uuid,
      ${actor.kind === 'person' ? 'user' : 'api_key'}, ${tenant.role},
      ${actor.kind === 'api_key' ? actor.apiKeyId : null}::uuid, ${addressOf(ipAddress)}::inet,
      ${userAgent ?? null}, c.resource_type, c.resource_id, c.old_values, c.new_values, c.changed_fields,
      ${requestId}
    from jsonb_to_recordset(${JSON.stringify(changes.map(entryOf))}::jsonb) as c (event_type text,
      resource_type text, resource_id text, old_values jsonb, new_values jsonb, changed_fields text[])`
  await Promise.all([
    session.run(query.compile(statements)),
    writeEvents(session, changes.flatMap(announcementOf)),
  ])
}

function announcementOf({ eventType, newValues, object }: Change): NewEvent[] {
  if (object === undefined) return []
  const { type, key, owner } = object
  const payload = { fields: Object.keys(newValues ?? {}), ...(owner === null ? {} : { owner }) }
  return [{ topic: ENTITY_TOPIC, eventType, aggregateType: type, aggregateId: key.join(' '), payload }]
}

/** A row as the object that was changed. */
export function changedObject(entity: EntityDefinition, row: EntityRow): ChangedObject {
  const owner = entity.ownedBy === undefined ? null : row[entity.ownedBy.field]
  return {
    type: entity.name,
    key: entity.key.map((field) => String(row[field])),
    owner: owner === null || owner === undefined ? null : String(owner),
  }
}

function entryOf({ eventType, resourceType, resourceId, oldValues, newValues }: Change): object {
  return {
    event_type: eventType,
    resource_type: resourceType,
    resource_id: resourceId,
    old_values: oldValues,
    new_values: newValues,
    changed_fields: newValues === undefined ? [] : Object.keys(newValues),
  }
}

/** A link-local address names its interface behind a percent sign, which is none of Postgres' inet. */
function addressOf(ipAddress: string | undefined): string | null {
  return ipAddress?.replace(/%.*$/, '') ?? null
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
