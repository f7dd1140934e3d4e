import { sql } from 'kysely'
import { statements, type Session } from '../tenancy/session.js'
import type { EventPosition } from './event-position.js'
import { parseSnapshot, type Snapshot } from './snapshot.js'

/** What happened, as it is written beside the change it announces. */
export interface NewEvent {
  /** Who may care: `entity`, `usage`, … */
  readonly topic: string
  /** What happened: `create`, `update`, … */
  readonly eventType: string
  /** To what: the name of a type, and the key of one object where it is one. */
  readonly aggregateType?: string | undefined
  readonly aggregateId?: string | undefined
  /** Ids and words, never personal data. */
  readonly payload?: Readonly<Record<string, unknown>>
}

/** An event as it is read. */
export interface OutboxEvent {
  readonly position: EventPosition
  readonly topic: string
  readonly eventType: string
  readonly aggregateType: string | null
  readonly aggregateId: string | null
  readonly payload: Readonly<Record<string, unknown>>
  /** RFC 3339: when the transaction that wrote it began. */
  readonly createdAt: string
}

/** Events in the order of their positions. */
export interface EventPage {
  readonly events: readonly OutboxEvent[]
  /** There may be more to read right away. */
  readonly isFull: boolean
  /** There are events whose place is not certain yet, because an older transaction is still running. */
  readonly isHeldBack: boolean
  /** False when the event read on from is gone, and others behind it may be. */
  readonly isAnchored: boolean
}

const writers = new WeakSet<Session>()

/**
 * Writes events into the outbox of the session's organization and its wake-up into `public`, in the transaction of
 * the change. Nothing is notified here: notifying transactions commit one after the other, so the gateway does it
 * afterwards, and polling finds the wake-up where it did not.
 */
export async function writeEvents(session: Session, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const insert = sql`/* outbox.insert */
    insert into outbox_events (topic, event_type, aggregate_type, aggregate_id, payload)
    select e.topic, e.event_type, e.aggregate_type, e.aggregate_id, e.payload
    from jsonb_to_recordset(${JSON.stringify(events.map(rowOf))}::jsonb) as e (topic text, event_type text,
      aggregate_type text, aggregate_id text, payload jsonb)`
  const isFirst = !hasWrittenEvents(session)
  writers.add(session)
  await Promise.all([
    session.run(insert.compile(statements)),
    ...(isFirst ? [session.run(wakeUp.compile(statements))] : []),
  ])
}

function rowOf({ topic, eventType, aggregateType, aggregateId, payload }: NewEvent): object {
  return {
    topic,
    event_type: eventType,
    aggregate_type: aggregateType,
    aggregate_id: aggregateId,
    payload: payload ?? {},
  }
}

const wakeUp = sql`/* wakeups.insert */
  insert into public.tenant_wakeups (organization_id)
  values (current_setting('orgscope.organization_id')::uuid)`

/** Whether a session's transaction announces anything. */
export function hasWrittenEvents(session: Session): boolean {
  return writers.has(session)
}

interface EventRow {
  readonly transaction_id: string
  readonly id: string
  readonly topic: string
  readonly event_type: string
  readonly aggregate_type: string | null
  readonly aggregate_id: string | null
  readonly payload: Record<string, unknown>
  readonly created_at: string
}

const COLUMNS = sql.raw(
  'e.transaction_id::text as transaction_id, e.id, e.topic, e.event_type, e.aggregate_type, e.aggregate_id, e.payload, e.created_at',
)

/**
 * The events behind a position, in commit order as far as it is certain: below the oldest transaction still running,
 * since a transaction may commit after one that began later. Visibility and that limit come from one snapshot, which
 * a reading session has for all its statements.
 */
export async function readEvents(session: Session, after: EventPosition, limit: number): Promise<EventPage> {
  const { transactionId, id } = after
  const position = sql`(${String(transactionId)}::xid8, ${id}::uuid)`
  const read = sql<EventRow & { settled: boolean }>`/* outbox.read */
    select ${COLUMNS}, e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) as settled
    from outbox_events e where (e.transaction_id, e.id) > ${position}
    order by e.transaction_id, e.id limit ${limit}`
  const anchor = sql`/* outbox.anchor */
    select from outbox_events e where (e.transaction_id, e.id) = ${position}`
  const [rows, anchors] = await Promise.all([
    session.run(read.compile(statements)),
    session.run(anchor.compile(statements)),
  ])
  const settled = rows.filter((row) => row.settled)
  return {
    events: settled.map(eventOf),
    isFull: settled.length === limit,
    isHeldBack: settled.length < rows.length,
    isAnchored: anchors.length > 0,
  }
}

/** The event at a position, or undefined when it is not there or not any more. */
export async function findEvent(
  session: Session,
  { transactionId, id }: EventPosition,
): Promise<OutboxEvent | undefined> {
  const query = sql<EventRow>`/* outbox.find */
    select ${COLUMNS} from outbox_events e
    where e.id = ${id}::uuid and e.transaction_id = ${String(transactionId)}::xid8`
  const [row] = await session.run(query.compile(statements))
  return row === undefined ? undefined : eventOf(row)
}

/** What the session sees. */
export async function currentSnapshot(session: Session): Promise<Snapshot> {
  const query = sql<{
    snapshot: string
  }>`/* outbox.snapshot */ select pg_current_snapshot()::text as snapshot`
  const [row] = await session.run(query.compile(statements))
  return parseSnapshot((row as { snapshot: string }).snapshot)
}

function eventOf(row: EventRow): OutboxEvent {
  return {
    position: { transactionId: BigInt(row.transaction_id), id: row.id },
    topic: row.topic,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    payload: row.payload,
    createdAt: row.created_at,
  }
}

/**
 * Removes up to `limit` events older than `days`, oldest first and without gaps, and returns how many it removed. The
 * newest event always stays. So an event that is still there proves that none behind it is missing, and a client
 * that saw the last one can resume after any silence.
 */
export async function removeExpiredEvents(session: Session, days: number, limit: number): Promise<number> {
  // By transaction and not by time: times are those of the transactions' beginnings, which are not in order.
  const query = sql`/* outbox.expire */
    delete from outbox_events where id in (
      select e.id from outbox_events e
      where e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) and e.transaction_id < coalesce(
        (select young.transaction_id from outbox_events young
         where young.created_at >= now() - make_interval(secs => ${days * 86_400})
         order by young.transaction_id limit 1),
        (select last.transaction_id from outbox_events last order by last.transaction_id desc limit 1))
      order by e.transaction_id, e.id limit ${limit})
    returning id`
  return (await session.run(query.compile(statements))).length
}
