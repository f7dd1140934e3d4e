import type pg from 'pg'
import { inReadSession, type Session, type SessionOptions } from '../tenancy/session.js'
import type { SessionScope } from '../tenancy/session-scope.js'
import type { EventPosition } from './event-position.js'
import { currentSnapshot, findEvent, readEvents, type EventPage, type OutboxEvent } from './outbox.js'
import type { Slots } from './slots.js'
import type { Snapshot } from './snapshot.js'

/** One organization's outbox, read under its role. */
export interface EventSource {
  page(after: EventPosition): Promise<EventPage>
  find(position: EventPosition): Promise<OutboxEvent | undefined>
  snapshot(): Promise<Snapshot>
}

/** Events in one page. */
export const PAGE_SIZE = 500

/** @param slots - how many of the pool's connections may be busy with events at once */
export function eventSource(
  pool: pg.Pool,
  scope: SessionScope,
  options: SessionOptions,
  slots: Slots,
): EventSource {
  const read = <Result>(work: (session: Session) => Promise<Result>): Promise<Result> =>
    slots.use(() => inReadSession(pool, scope, options, work))
  return {
    page: (after) => read((session) => readEvents(session, after, PAGE_SIZE)),
    find: (position) => read((session) => findEvent(session, position)),
    snapshot: () => read(currentSnapshot),
  }
}
