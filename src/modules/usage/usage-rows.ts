import { sql, type RawBuilder } from 'kysely'
import { bulkInsert, type BulkColumn } from '../../database/bulk-insert.js'
import type { SoundUsageEvent } from './usage-event-input.js'
import { contentHash, type UsageRecord } from './usage-record.js'

const json = (value: unknown): string | null => (value == null ? null : JSON.stringify(value))

const EVENT_COLUMNS: readonly BulkColumn<UsageRecord>[] = [
  { name: 'id', type: 'uuid', value: ({ id }) => id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ occurredAt }) => occurredAt },
  { name: 'user_id', type: 'uuid', value: ({ userId }) => userId },
  { name: 'username', type: 'text', value: ({ said }) => said.username ?? null },
  { name: 'team_id', type: 'uuid', value: ({ teamId }) => teamId },
  { name: 'department', type: 'text', value: ({ department }) => department },
  { name: 'tool_id', type: 'uuid', value: ({ toolId }) => toolId },
  { name: 'tool_name', type: 'text', value: ({ toolName }) => toolName },
  { name: 'model_id', type: 'uuid', value: ({ modelId }) => modelId },
  { name: 'provider', type: 'text', value: ({ provider }) => provider },
  { name: 'model_name', type: 'text', value: ({ modelName }) => modelName },
  { name: 'model_version', type: 'text', value: ({ said }) => said.modelVersion ?? null },
  { name: 'service', type: 'text', value: ({ said }) => said.service ?? 'other' },
  { name: 'action_type', type: 'text', value: ({ actionType }) => actionType },
  { name: 'operation_type', type: 'text', value: ({ said }) => said.operationType ?? null },
  { name: 'source', type: 'text', value: ({ source }) => source },
  { name: 'session_id', type: 'text', value: ({ said }) => said.sessionId ?? null },
  { name: 'conversation_id', type: 'uuid', value: ({ said }) => said.conversationId ?? null },
  { name: 'engagement_id', type: 'uuid', value: ({ said }) => said.engagementId ?? null },
  { name: 'project_id', type: 'uuid', value: ({ said }) => said.projectId ?? null },
  { name: 'cost_center_id', type: 'uuid', value: ({ said }) => said.costCenterId ?? null },
  { name: 'api_key_id', type: 'uuid', value: ({ apiKeyId }) => apiKeyId },
  { name: 'request_id', type: 'text', value: ({ said }) => said.requestId ?? null },
  { name: 'endpoint', type: 'text', value: ({ said }) => said.endpoint ?? null },
  { name: 'page_context', type: 'text', value: ({ said }) => said.pageContext ?? null },
  { name: 'feature_context', type: 'text', value: ({ said }) => said.featureContext ?? null },
  { name: 'input_tokens', type: 'bigint', value: ({ said }) => said.inputTokens },
  { name: 'output_tokens', type: 'bigint', value: ({ said }) => said.outputTokens },
  { name: 'cached_input_tokens', type: 'bigint', value: ({ said }) => said.cachedInputTokens },
  {
    name: 'total_tokens',
    type: 'bigint',
    value: ({ said }) => said.inputTokens + said.outputTokens,
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
  { name: 'reported_cost', type: 'numeric', value: ({ said }) => said.reportedCost?.amount ?? null },
  { name: 'reported_currency', type: 'char(3)', value: ({ said }) => said.reportedCost?.currency ?? null },
  { name: 'response_time_ms', type: 'integer', value: ({ said }) => said.responseTimeMs ?? null },
  { name: 'success', type: 'boolean', value: ({ said }) => said.success ?? true },
  { name: 'error_type', type: 'text', value: ({ said }) => said.errorType ?? null },
  { name: 'metadata', type: 'jsonb', value: ({ said }) => json(said.metadata ?? {}) },
  { name: 'ip_address', type: 'inet', value: ({ said }) => said.ipAddress ?? null },
  { name: 'user_agent', type: 'text', value: ({ said }) => said.userAgent ?? null },
  { name: 'anonymized', type: 'boolean', value: ({ said }) => said.anonymized ?? false },
  { name: 'raw_log_id', type: 'text', value: ({ said }) => said.rawLogId ?? null },
]

export function insertEvents(records: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert('usage.events.insert', 'usage_events', EVENT_COLUMNS, records)
}

const PAYLOAD_COLUMNS: readonly BulkColumn<UsageRecord>[] = [
  { name: 'usage_event_id', type: 'uuid', value: ({ id }) => id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ occurredAt }) => occurredAt },
  { name: 'request_data', type: 'jsonb', value: ({ said }) => json(said.requestData) },
  { name: 'response_data', type: 'jsonb', value: ({ said }) => json(said.responseData) },
  { name: 'error_message', type: 'text', value: ({ said }) => said.errorMessage ?? null },
]

/** True when an event says what was sent, answered or went wrong, which is kept apart from the event. */
export function hasPayload({ said }: UsageRecord): boolean {
  return said.requestData != null || said.responseData != null || said.errorMessage != null
}

export function insertPayloads(records: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert('usage.payloads.insert', 'usage_payloads', PAYLOAD_COLUMNS, records)
}

/** The key under which an event is known: who sent it by which way, under which id, saying what. */
export interface IngestKey {
  readonly record: UsageRecord
  readonly eventId: string
  /** As it was sent, which is what a repetition is compared with. */
  readonly event: SoundUsageEvent
}

const KEY_COLUMNS: readonly BulkColumn<IngestKey>[] = [
  { name: 'event_id', type: 'text', value: ({ eventId }) => eventId },
  { name: 'source', type: 'text', value: ({ record }) => record.source },
  { name: 'content_hash', type: 'bytea', value: ({ event }) => `\\x${contentHash(event)}` },
  { name: 'usage_event_id', type: 'uuid', value: ({ record }) => record.id },
  { name: 'occurred_at', type: 'timestamptz', value: ({ record }) => record.occurredAt },
]

/** Claims the keys that nobody claimed yet and answers with their number. */
export function claimKeys(keys: readonly IngestKey[]): RawBuilder<{ claimed: number }> {
  const insert = bulkInsert(
    'usage.ingest_keys.insert',
    'usage_ingest_keys',
    KEY_COLUMNS,
    keys,
    sql`on conflict (source, event_id) do nothing returning 1`,
  )
  return sql`/* usage.ingest_keys.claim */ with claimed as (${insert}) select count(*) as claimed from claimed`
}
