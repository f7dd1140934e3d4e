import { hash } from 'node:crypto'
import type { Exact } from '../catalog/exact-decimal.js'
import type { PriceList } from '../catalog/price-list.js'
import { uuidV7 } from '../../database/uuid-v7.js'
import { priceOfEvent } from './price-of-event.js'
import { usageEventFields, type SoundUsageEvent, type UsageSource } from './usage-event-input.js'
import type { UsageReferences } from './usage-references.js'

/** An event as it is stored: everything it names resolved, and priced. */
export interface UsageRecord extends SoundUsageEvent {
  readonly id: string
  readonly source: UsageSource
  readonly actionType: string
  readonly apiKeyId: string | null
  readonly inputCost: Exact | null
  readonly outputCost: Exact | null
  /** Null when unpriced, which is not free. */
  readonly totalCost: Exact | null
  readonly currency: string
  readonly priceId: string | null
  readonly costSource: 'priced' | 'override' | 'unpriced'
}

export interface RecordContext {
  readonly references: UsageReferences
  /** Negotiated prices; one in force wins over the list price. */
  readonly overrides: PriceList
  readonly listPrices: PriceList
  /** Source of events that name none. */
  readonly source: UsageSource
  readonly apiKeyId: string | null
}

/** Fills in what the organization's directory and the catalogue know of an event, and prices it. */
export function recordOf(event: SoundUsageEvent, context: RecordContext): UsageRecord {
  const { users, toolsById, toolsByName, models } = context.references
  const user = event.userId == null ? undefined : users.get(event.userId)
  const tool =
    event.toolId == null ? toolsByName.get(event.toolName?.toLowerCase() ?? '') : toolsById.get(event.toolId)
  const model = event.modelId == null ? undefined : models.get(event.modelId)
  const named = {
    ...event,
    // Team and department as of the event, so that history stays when a person moves.
    teamId: event.teamId ?? user?.team_id ?? null,
    department: event.department ?? user?.department ?? null,
    toolId: tool?.id ?? null,
    toolName: event.toolName ?? tool?.name ?? null,
    provider: event.provider ?? model?.provider ?? null,
    modelName: event.modelName ?? model?.model_name ?? null,
  }
  const record = {
    ...named,
    ...costOf(named, context),
    id: uuidV7(),
    source: event.source ?? context.source,
    actionType: event.actionType ?? 'api_call',
    apiKeyId: context.apiKeyId,
  }
  return event.anonymized === true ? { ...record, ...NO_PERSON } : record
}

/** What an anonymized event must not hold. */
const NO_PERSON = {
  userId: null,
  username: null,
  sessionId: null,
  apiKeyId: null,
  rawLogId: null,
  ipAddress: null,
  userAgent: null,
  metadata: null,
  requestData: null,
  responseData: null,
  errorMessage: null,
} as const

type Cost = Pick<
  UsageRecord,
  'provider' | 'modelId' | 'inputCost' | 'outputCost' | 'totalCost' | 'currency' | 'priceId' | 'costSource'
>

function costOf(event: SoundUsageEvent, { overrides, listPrices }: RecordContext): Cost {
  const { provider = null, modelName, modelVersion, modelId = null, at } = event
  const unpriced: Cost = {
    provider,
    modelId,
    inputCost: null,
    outputCost: null,
    totalCost: null,
    currency: 'USD',
    priceId: null,
    costSource: 'unpriced',
  }
  if (modelName == null) return unpriced
  const question = {
    provider: provider ?? undefined,
    modelName,
    modelVersion: modelVersion ?? undefined,
    at,
  }
  const override = overrides.inForce(question)
  const price = override ?? listPrices.inForce(question)
  const cost = priceOfEvent(event, price)
  if (!cost.priced || price === undefined) return { ...unpriced, modelId: modelId ?? price?.modelId ?? null }
  return {
    provider: price.provider,
    modelId: modelId ?? price.modelId,
    inputCost: cost.inputCost,
    outputCost: cost.outputCost,
    totalCost: cost.totalCost,
    currency: cost.currency,
    priceId: cost.priceId,
    costSource: override === undefined ? 'priced' : 'override',
  }
}

/** Everything a sender can say of an event but its id and, because it is compared as a moment, its time. */
const SAID = usageEventFields.filter(
  (field): field is Exclude<typeof field, 'eventId' | 'occurredAt'> =>
    field !== 'eventId' && field !== 'occurredAt',
)

/**
 * What an event says, as 32 hexadecimal digits (half of a SHA-256): equal for an event sent again, different
 * when a sender uses one event id for two events. Absent and null fields are the same, and so are all orders of
 * keys; what we add ourselves (price, team, id) is left out.
 */
export function contentHash(event: SoundUsageEvent): string {
  const said: unknown[] = [event.at]
  for (const field of SAID) {
    const value = event[field]
    if (value != null) said.push(field, typeof value === 'object' ? sorted(value) : value)
  }
  return hash('sha256', JSON.stringify(said)).slice(0, 32)
}

/** The same JSON with the keys of all its objects in order. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}
