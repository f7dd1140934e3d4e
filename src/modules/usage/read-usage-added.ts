import { sql } from 'kysely'
import type { OutboxEvent } from '../../events/outbox.js'
import type { Condition } from '../../entity/condition.js'
import { selectList, type EntityRow } from '../../entity/rows.js'
import { statements, type Session } from '../../tenancy/session.js'
import { usageEvents } from './usage-event.entity.js'

export interface UsageAddedRequest {
  readonly fields: readonly string[]
  /** Which of the events, called `e`, are wanted. */
  readonly where: Condition
  /** Id of the last event of the first announcement that was read. */
  readonly after?: string | undefined
  readonly limit: number
}

/** A row of `usage_events`, with its key and the announcement it belongs to, counted from 0. */
export interface AddedUsage {
  readonly row: EntityRow
  readonly id: string
  readonly announcement: number
}

/** The events that announcements are about, in order. One statement, whatever the numbers of both. */
export async function readUsageAdded(
  session: Session,
  announcements: readonly OutboxEvent[],
  { fields, where, after, limit }: UsageAddedRequest,
): Promise<readonly AddedUsage[]> {
  const column = (name: string): unknown[] => announcements.map(({ payload }) => payload[name])
  const rest = after === undefined ? sql`` : sql`and (a.place > 1 or e.id > ${after}::uuid)`
  // The limit inside makes Postgres walk the primary key, announcement by announcement; the times let it leave out
  // partitions. Without them it might read the whole table.
  const query = sql<EntityRow & { $id: string; $announcement: number }>`/* usage.events.added */
    select e.*, a.place - 1 as "$announcement"
    from unnest(${column('first')}::uuid[], ${column('last')}::uuid[], ${column('earliest')}::timestamptz[],
        ${column('latest')}::timestamptz[], ${announcements.map(({ createdAt }) => createdAt)}::timestamptz[])
      with ordinality as a (first, last, earliest, latest, recorded_at, place)
    cross join lateral (
      select ${selectList(usageEvents, fields)}, e.id as "$id" from usage_events e
      where e.id between a.first and a.last and e.occurred_at between a.earliest and a.latest
        and e.recorded_at = a.recorded_at and ${where} ${rest}
      order by e.id limit ${limit}
    ) e
    order by a.place, "$id" limit ${limit}`
  const rows = await session.run(query.compile(statements))
  return rows.map((row) => ({ row, id: row.$id, announcement: row.$announcement }))
}
