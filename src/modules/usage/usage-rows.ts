import { sql, type RawBuilder } from 'kysely'
import { bulkInsert, type BulkColumn } from '../../database/bulk-insert.js'
import { formatTimestamp } from '../../database/timestamp.js'
import type { SoundUsageEvent } from './usage-event-input.js'
import type { UsageRecord } from './usage-record.js'

const json = (value: unknown): string | null => (value == null ? null : JSON.stringify(value))

const EVENT_COLUMNS: readonly BulkColumn<UsageRecord>[] = [
  { name: 'id', type: 'uuid', value: ({ id }) => id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ at }) => formatTimestamp(at) },
  { name: 'user_id', type: 'uuid', value: ({ userId }) => userId ?? null },
  { name: 'username', type: 'text', value: ({ username }) => username ?? null },
  { name: 'team_id', type: 'uuid', value: ({ teamId }) => teamId ?? null },
  { name: 'department', type: 'text', value: ({ department }) => department ?? null },
  { name: 'tool_id', type: 'uuid', value: ({ toolId }) => toolId ?? null },
  { name: 'tool_name', type: 'text', value: ({ toolName }) => toolName ?? null },
  { name: 'model_id', type: 'uuid', value: ({ modelId }) => modelId ?? null },
  { name: 'provider', type: 'text', value: ({ provider }) => provider ?? null },
  { name: 'model_name', type: 'text', value: ({ modelName }) => modelName ?? null },
  { name: 'model_version', type: 'text', value: ({ modelVersion }) => modelVersion ?? null },
  { name: 'service', type: 'text', value: ({ service }) => service ?? 'other' },
  { name: 'action_type', type: 'text', value: ({ actionType }) => actionType },
  { name: 'operation_type', type: 'text', value: ({ operationType }) => operationType ?? null },
  { name: 'source', type: 'text', value: ({ source }) => source },
  { name: 'session_id', type: 'text', value: ({ sessionId }) => sessionId ?? null },
  { name: 'conversation_id', type: 'uuid', value: ({ conversationId }) => conversationId ?? null },
  { name: 'engagement_id', type: 'uuid', value: ({ engagementId }) => engagementId ?? null },
  { name: 'project_id', type: 'uuid', value: ({ projectId }) => projectId ?? null },
  { name: 'cost_center_id', type: 'uuid', value: ({ costCenterId }) => costCenterId ?? null },
  { name: 'api_key_id', type: 'uuid', value: ({ apiKeyId }) => apiKeyId },
  { name: 'request_id', type: 'text', value: ({ requestId }) => requestId ?? null },
  { name: 'endpoint', type: 'text', value: ({ endpoint }) => endpoint ?? null },
  { name: 'page_context', type: 'text', value: ({ pageContext }) => pageContext ?? null },
  { name: 'feature_context', type: 'text', value: ({ featureContext }) => featureContext ?? null },
  { name: 'input_tokens', type: 'bigint', value: ({ inputTokens }) => inputTokens },
  { name: 'output_tokens', type: 'bigint', value: ({ outputTokens }) => outputTokens },
  { name: 'cached_input_tokens', type: 'bigint', value: ({ cachedInputTokens }) => cachedInputTokens },
  {
    name: 'total_tokens',
    type: 'bigint',
    value: ({ inputTokens, outputTokens }) => inputTokens + outputTokens,
  },
  { name: 'input_cost', type: 'numeric', value: ({ inputCost }) => inputCost?.toFixed() ?? null },
  { name: 'output_cost', type: 'numeric', value: ({ outputCost }) => outputCost?.toFixed() ?? null },
  // Null, not zero, while no price is known: unpriced is not free.
  {
    name: 'total_cost',
    type: 'numeric',
    value: ({ totalCost }) => totalCost?.toFixed() ?? null,
  },
  { name: 'currency', type: 'char(3)', value: ({ currency }) => currency },
  { name: 'price_id', type: 'uuid', value: ({ priceId }) => priceId },
  { name: 'cost_source', type: 'text', value: ({ costSource }) => costSource },
  { name: 'reported_cost', type: 'numeric', value: ({ reportedCost }) => reportedCost?.amount ?? null },
  { name: 'reported_currency', type: 'char(3)', value: ({ reportedCost }) => reportedCost?.currency ?? null },
  { name: 'response_time_ms', type: 'integer', value: ({ responseTimeMs }) => responseTimeMs ?? null },
  { name: 'success', type: 'boolean', value: ({ success }) => success ?? true },
  { name: 'error_type', type: 'text', value: ({ errorType }) => errorType ?? null },
  { name: 'metadata', type: 'jsonb', value: ({ metadata }) => json(metadata ?? {}) },
  { name: 'ip_address', type: 'inet', value: ({ ipAddress }) => ipAddress ?? null },
  { name: 'user_agent', type: 'text', value: ({ userAgent }) => userAgent ?? null },
  { name: 'anonymized', type: 'boolean', value: ({ anonymized }) => anonymized ?? false },
  { name: 'raw_log_id', type: 'text', value: ({ rawLogId }) => rawLogId ?? null },
]

export function insertEvents(records: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert('usage.events.insert', 'usage_events', EVENT_COLUMNS, records)
}

const PAYLOAD_COLUMNS: readonly BulkColumn<UsageRecord>[] = [
  { name: 'usage_event_id', type: 'uuid', value: ({ id }) => id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ at }) => formatTimestamp(at) },
  { name: 'request_data', type: 'jsonb', value: ({ requestData }) => json(requestData) },
  { name: 'response_data', type: 'jsonb', value: ({ responseData }) => json(responseData) },
  { name: 'error_message', type: 'text', value: ({ errorMessage }) => errorMessage ?? null },
]

/** True when an event says what was sent, answered or went wrong, which is kept apart from the event. */
export function hasPayload({ requestData, responseData, errorMessage }: SoundUsageEvent): boolean {
  return requestData != null || responseData != null || errorMessage != null
}

export function insertPayloads(records: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert('usage.payloads.insert', 'usage_payloads', PAYLOAD_COLUMNS, records)
}

/** The key under which an event is known: who sent it by which way, under which id, saying what. */
export interface IngestKey {
  readonly record: UsageRecord
  readonly eventId: string
  readonly contentHash: string
}

const KEY_COLUMNS: readonly BulkColumn<IngestKey>[] = [
  { name: 'event_id', type: 'text', value: ({ eventId }) => eventId },
  { name: 'source', type: 'text', value: ({ record }) => record.source },
  { name: 'content_hash', type: 'bytea', value: ({ contentHash }) => `\\x${contentHash}` },
  { name: 'usage_event_id', type: 'uuid', value: ({ record }) => record.id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ record }) => formatTimestamp(record.at) },
]

/** Claims the keys that nobody claimed yet and returns those. */
export function claimKeys(keys: readonly IngestKey[]): RawBuilder<unknown> {
  return bulkInsert(
    'usage.ingest_keys.claim',
    'usage_ingest_keys',
    KEY_COLUMNS,
    keys,
    sql`on conflict (source, event_id) do nothing returning source, event_id`,
  )
}
