import type { NewEvent } from '../../events/outbox.js'
import { formatTimestamp } from '../../database/timestamp.js'
import type { UsageRecord } from './usage-record.js'

/** Topic of the outbox under which recorded usage is announced. */
export const USAGE_TOPIC = 'usage'

/**
 * One announcement for a whole batch, whatever its size: from which id to which the events go. Their ids are made
 * in order, and those of another batch that fall in between differ in `recorded_at`, which is the moment at which
 * the batch's own transaction began.
 *
 * @param records - one at least, in the order of their ids
 */
export function usageAddedEvent(records: readonly UsageRecord[]): NewEvent {
  let earliest = Infinity
  let latest = -Infinity
  for (const { said } of records) {
    earliest = Math.min(earliest, said.at)
    latest = Math.max(latest, said.at)
  }
  return {
    topic: USAGE_TOPIC,
    eventType: 'add',
    // The name of the entity, which is not imported: recording does without the GraphQL kernel in memory.
    aggregateType: 'UsageEvent',
    payload: {
      first: records[0]?.id,
      last: records.at(-1)?.id,
      earliest: formatTimestamp(earliest),
      latest: formatTimestamp(latest),
    },
  }
}
