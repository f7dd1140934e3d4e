import { hash } from 'node:crypto'
import type { Exact } from '../catalog/exact-decimal.js'
import { formatTimestamp } from '../../database/timestamp.js'
import type { Price, PriceList } from '../catalog/price-list.js'
import { uuidV7 } from '../../database/uuid-v7.js'
import { priceOfEvent } from './price-of-event.js'
import { usageEventFields, type SoundUsageEvent, type UsageSource } from './usage-event-input.js'
import type { UsageReferences } from './usage-references.js'

/** An event as it is stored: everything it names resolved, and priced. */
export interface UsageRecord {
  readonly id: string
  /** What the sender said, as far as it may be kept. */
  readonly said: SoundUsageEvent
  /** `said.at` as text. */
  readonly occurredAt: string
  readonly source: UsageSource
  readonly actionType: string
  readonly apiKeyId: string | null
  readonly userId: string | null
  readonly teamId: string | null
  readonly department: string | null
  readonly toolId: string | null
  readonly toolName: string | null
  readonly modelId: string | null
  readonly provider: string | null
  readonly modelName: string | null
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
  const said = event.anonymized === true ? { ...event, ...NO_PERSON } : event
  const user = event.userId == null ? undefined : users.get(event.userId)
  const tool =
    event.toolId == null ? toolsByName.get(event.toolName?.toLowerCase() ?? '') : toolsById.get(event.toolId)
  const model = event.modelId == null ? undefined : models.get(event.modelId)
  const modelName = event.modelName ?? model?.model_name ?? null
  const cost = costOf(event, modelName, event.provider ?? model?.provider, context)
  return {
    id: uuidV7(),
    said,
    occurredAt: formatTimestamp(event.at),
    source: event.source ?? context.source,
    actionType: event.actionType ?? 'api_call',
    apiKeyId: event.anonymized === true ? null : context.apiKeyId,
    userId: said.userId ?? null,
    // Team and department as of the event, so that history stays when a person moves.
    teamId: event.teamId ?? user?.team_id ?? null,
    department: event.department ?? user?.department ?? null,
    toolId: tool?.id ?? null,
    toolName: event.toolName ?? tool?.name ?? null,
    modelId: event.modelId ?? cost.modelId,
    provider: cost.provider,
    modelName,
    inputCost: cost.inputCost,
    outputCost: cost.outputCost,
    totalCost: cost.totalCost,
    currency: cost.currency,
    priceId: cost.priceId,
    costSource: cost.costSource,
  }
}

/** What an anonymized event must not hold. */
const NO_PERSON = {
  userId: null,
  username: null,
  sessionId: null,
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

function costOf(
  event: SoundUsageEvent,
  modelName: string | null,
  provider: string | undefined,
  { overrides, listPrices }: RecordContext,
): Cost {
  if (modelName === null) return unpriced(provider, undefined)
  const question = { provider, modelName, modelVersion: event.modelVersion ?? undefined, at: event.at }
  const override = overrides.inForce(question)
  const price = override ?? listPrices.inForce(question)
  const cost = priceOfEvent(event, price)
  if (!cost.priced || price === undefined) return unpriced(provider, price)
  return {
    provider: price.provider,
    modelId: price.modelId,
    inputCost: cost.inputCost,
    outputCost: cost.outputCost,
    totalCost: cost.totalCost,
    currency: cost.currency,
    priceId: cost.priceId,
    costSource: override === undefined ? 'priced' : 'override',
  }
}

function unpriced(provider: string | undefined, price: Price | undefined): Cost {
  return {
    provider: provider ?? price?.provider ?? null,
    modelId: price?.modelId ?? null,
    inputCost: null,
    outputCost: null,
    totalCost: null,
    currency: 'USD',
    priceId: null,
    costSource: 'unpriced',
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
