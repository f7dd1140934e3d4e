import { sql } from 'kysely'
import { writeEvent } from '../events/outbox.js'
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
  return context.record(session, change)
}

/** The audit trail of one organization, `audit_logs` in its schema, and the event that announces the change. */
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
  await Promise.all([
    session.run(query.compile(statements)),
    ...(change.object === undefined ? [] : [announceChange(session, change, change.object)]),
  ])
}

function announceChange(
  session: Session,
  change: Change,
  { type, key, owner }: ChangedObject,
): Promise<void> {
  return writeEvent(session, {
    topic: ENTITY_TOPIC,
    eventType: change.eventType,
    aggregateType: type,
    aggregateId: key.join(' '),
    payload: { fields: Object.keys(change.newValues ?? {}), ...(owner === null ? {} : { owner }) },
  })
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
