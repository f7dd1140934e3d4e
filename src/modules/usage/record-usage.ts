import { sql } from 'kysely'
import { arrayLiteral } from '../../database/bulk-insert.js'
import type { Microseconds } from '../../database/timestamp.js'
import { writeEvents } from '../../events/outbox.js'
import { statements, type Session } from '../../tenancy/session.js'
import { loadListPrices, PriceList } from '../catalog/price-list.js'
import { loadPriceOverrides } from './price-overrides.js'
import { addToDailyRollup, addToHourlyRollup } from './usage-rollups.js'
import {
  checkUsageEvent,
  isFlaw,
  type SoundUsageEvent,
  type UsageEventInput,
  type UsageFlaw,
  type UsageSource,
} from './usage-event-input.js'
import { loadUsageReferences, missingReference } from './usage-references.js'
import { usageAddedEvent } from './usage-added-event.js'
import { contentHash, recordOf, type UsageRecord } from './usage-record.js'
import { claimKeys, hasPayload, insertEvents, insertPayloads, type IngestKey } from './usage-rows.js'

/** What became of one event; results stand in the order of the events. */
export type UsageResult = AcceptedUsage | DuplicateUsage | RejectedUsage

/** Recorded. The amount is an exact string of digits, and null when no price is known. */
export interface AcceptedUsage {
  readonly status: 'accepted'
  readonly id: string
  readonly occurredAt: string
  readonly totalCost: string | null
  readonly currency: string
  readonly costSource: UsageRecord['costSource']
}

/** Recorded before, with the same content. Nothing was added; the ids are those of the recorded event. */
export interface DuplicateUsage {
  readonly status: 'duplicate'
  readonly id: string
  readonly occurredAt: string
}

/** Not recorded. `conflict` means that its event id is taken by an event that says something else. */
export interface RejectedUsage {
  readonly status: 'rejected'
  readonly code: 'invalid' | 'conflict'
  readonly field: string
  /** A sentence that reads on from the field's name. */
  readonly reason: string
}

export interface RecordUsageOptions {
  /** By which way the events came in; an event that names its own keeps it. */
  readonly source: UsageSource
  /** The API key they were sent with. */
  readonly apiKeyId?: string | undefined
  readonly now?: Microseconds | undefined
}

/**
 * Records usage in the session's transaction: the one way into `usage_events`. Every event gets a result; a bad
 * one does not stop the others. Prices, keys, events, payloads and rollups each take one statement for the whole
 * batch, whatever its size.
 */
export async function recordUsage(
  session: Session,
  events: readonly UsageEventInput[],
  options: RecordUsageOptions,
): Promise<{ results: UsageResult[] }> {
  const now = options.now ?? Date.now() * 1000
  return recordCheckedUsage(
    session,
    events.map((event) => checkUsageEvent(event, now)),
    options,
  )
}

/** Like {@link recordUsage}, for events that were checked already. */
export async function recordCheckedUsage(
  session: Session,
  events: readonly (SoundUsageEvent | UsageFlaw)[],
  options: RecordUsageOptions,
): Promise<{ results: UsageResult[] }> {
  const { batch, results } = await resolveBatch(session, events, options)
  const fresh = await claim(session, batch, results)
  await write(session, fresh)
  for (const { index, record } of fresh) results[index] = acceptedOf(record)
  return { results }
}

/** What {@link recordCheckedUsage} would answer, without writing anything; a read session will do. */
export async function previewUsage(
  session: Session,
  events: readonly (SoundUsageEvent | UsageFlaw)[],
  options: RecordUsageOptions,
): Promise<{ results: UsageResult[] }> {
  const { batch, results } = await resolveBatch(session, events, options)
  const keys = keysOf(batch)
  const known = await loadKnown(session, [...keys.values()])
  for (const { index, record } of settleRepeats(batch, keys, known, results)) {
    results[index] = acceptedOf(record)
  }
  return { results }
}

/** Resolves and prices events; those that cannot be recorded get their result, the others form the batch. */
async function resolveBatch(
  session: Session,
  events: readonly (SoundUsageEvent | UsageFlaw)[],
  { source, apiKeyId }: RecordUsageOptions,
): Promise<{ batch: readonly Candidate[]; results: UsageResult[] }> {
  const sound = events.filter((event): event is SoundUsageEvent => !isFlaw(event))
  const results = new Array<UsageResult>(events.length)
  const batch: Candidate[] = []
  const resolve = sound.length === 0 ? undefined : await resolverOf(session, sound, source, apiKeyId ?? null)
  events.forEach((event, index) => {
    const outcome = isFlaw(event) ? event : (resolve as Resolver)(event)
    if ('reason' in outcome) results[index] = { status: 'rejected', code: 'invalid', ...outcome }
    else batch.push({ index, event: event as SoundUsageEvent, record: outcome })
  })
  return { batch, results }
}

interface Candidate {
  readonly index: number
  readonly event: SoundUsageEvent
  readonly record: UsageRecord
}

type Resolver = (event: SoundUsageEvent) => UsageRecord | UsageFlaw

/** Loads what the events name and the prices of their models, in one round trip. */
async function resolverOf(
  session: Session,
  events: readonly SoundUsageEvent[],
  source: UsageSource,
  apiKeyId: string | null,
): Promise<Resolver> {
  const references = await loadUsageReferences(session, events)
  const models = [...references.models.values()].map(({ model_name }) => model_name)
  const modelNames = [...new Set([...models, ...events.flatMap(({ modelName }) => modelName ?? [])])]
  const [overrides, listPrices] =
    modelNames.length === 0
      ? [[], []]
      : await Promise.all([loadPriceOverrides(session, modelNames), loadListPrices(session, modelNames)])
  const context = {
    references,
    overrides: new PriceList(overrides),
    listPrices: new PriceList(listPrices),
    source,
    apiKeyId,
  }
  return (event) => missingReference(event, references) ?? recordOf(event, context)
}

/** Writes rollups last and sorted: their rows are shared, and held only until the commit that follows. */
async function write(session: Session, fresh: readonly Candidate[]): Promise<void> {
  if (fresh.length === 0) return
  const records = fresh.map(({ record }) => record)
  const payloads = records.filter(hasPayload)
  const all = [
    insertEvents(records),
    ...(payloads.length === 0 ? [] : [insertPayloads(payloads)]),
    addToHourlyRollup(records),
    addToDailyRollup(records),
  ]
  // Sent at once, answered in order: one round trip.
  await Promise.all([
    ...all.map((statement) => session.run(statement.compile(statements))),
    writeEvents(session, [usageAddedEvent(records)]),
  ])
}

interface KeyRow {
  readonly source: string
  readonly event_id: string
}
interface KnownKey extends KeyRow {
  readonly content_hash: string
  readonly usage_event_id: string
  readonly occurred_at: string
}

/** Keys by source and event id; of several events with one id, the first has it. */
type Keys = ReadonlyMap<string, IngestKey>

function keysOf(batch: readonly Candidate[]): Keys {
  const keys = new Map<string, IngestKey>()
  for (const { event, record } of batch) {
    if (event.eventId == null) continue
    const name = nameOf(record.source, event.eventId)
    if (!keys.has(name)) keys.set(name, { record, eventId: event.eventId, event })
  }
  return keys
}

/**
 * Claims the event ids of a batch and returns the candidates that are new; the others get their result. Keys are
 * claimed in sorted order, so that two senders of the same events wait for each other instead of deadlocking.
 */
async function claim(
  session: Session,
  batch: readonly Candidate[],
  results: UsageResult[],
): Promise<readonly Candidate[]> {
  const keys = keysOf(batch)
  if (keys.size === 0) return batch
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key)
  const [row] = await session.run(claimKeys(sorted).compile(statements))
  const known = row?.claimed === keys.size ? new Map<string, KnownKey>() : await loadKnown(session, sorted)
  return settleRepeats(batch, keys, known, results)
}

/** The candidates that are first with their id; the others get their result. `known` holds claimed keys and ours. */
function settleRepeats(
  batch: readonly Candidate[],
  keys: Keys,
  known: ReadonlyMap<string, KnownKey>,
  results: UsageResult[],
): Candidate[] {
  return batch.filter(({ index, event, record }) => {
    if (event.eventId == null) return true
    const name = nameOf(record.source, event.eventId)
    const first = keys.get(name) as IngestKey
    const seen = known.get(name)
    const isOurs = seen === undefined || seen.usage_event_id === first.record.id
    if (isOurs && first.record === record) return true
    results[index] = repeatOf(event, seen ?? keyOf(first))
    return false
  })
}

type Seen = Omit<KnownKey, keyof KeyRow>

/** What the database would say of a key claimed by an earlier event of the same batch. */
function keyOf({ record, event }: IngestKey): Seen {
  return {
    content_hash: contentHash(event),
    usage_event_id: record.id,
    occurred_at: record.occurredAt,
  }
}

function repeatOf(event: SoundUsageEvent, seen: Seen): DuplicateUsage | RejectedUsage {
  if (seen.content_hash === contentHash(event)) {
    return { status: 'duplicate', id: seen.usage_event_id, occurredAt: seen.occurred_at }
  }
  return {
    status: 'rejected',
    code: 'conflict',
    field: 'eventId',
    reason: 'is taken by an event with other content; an event, once recorded, does not change',
  }
}

async function loadKnown(session: Session, keys: readonly IngestKey[]): Promise<Map<string, KnownKey>> {
  if (keys.length === 0) return new Map()
  const sources = arrayLiteral(
    keys.map(({ record }) => record.source),
    'text',
  )
  const eventIds = arrayLiteral(
    keys.map(({ eventId }) => eventId),
    'text',
  )
  const query = sql<KnownKey>`
    /* usage.ingest_keys.known */
    select k.source, k.event_id, encode(k.content_hash, 'hex') as content_hash, k.usage_event_id, k.occurred_at
    from unnest(${sources}::text[], ${eventIds}::text[]) as asked (source, event_id)
    join usage_ingest_keys k on k.source = asked.source and k.event_id = asked.event_id`
  const rows = await session.run(query.compile(statements))
  return new Map(rows.map((row) => [nameOf(row.source, row.event_id), row]))
}

/** Sources are words of ours without a space. */
function nameOf(source: string, eventId: string): string {
  return `${source} ${eventId}`
}

function acceptedOf(record: UsageRecord): AcceptedUsage {
  return {
    status: 'accepted',
    id: record.id,
    occurredAt: record.occurredAt,
    totalCost: record.totalCost?.toFixed() ?? null,
    currency: record.currency,
    costSource: record.costSource,
  }
}
