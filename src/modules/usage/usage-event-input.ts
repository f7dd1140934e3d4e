import { isIP } from 'node:net'
import { z } from 'zod'
import { HOUR, parseTimestamp, type Microseconds } from '../../database/timestamp.js'

/** Values of `usage_events.service`. */
export const usageServices = [
  'chat',
  'completion',
  'embedding',
  'image',
  'audio',
  'document',
  'search',
  'agent',
  'other',
] as const

/** Values of `usage_events.source`: by which way an event reached us. */
export const usageSources = [
  'web_interface',
  'api',
  'sdk',
  'import',
  'proxy',
  'browser_extension',
  'system',
] as const
export type UsageSource = (typeof usageSources)[number]

/** How far the sender's clock may be ahead of ours. */
export const CLOCK_TOLERANCE: Microseconds = HOUR

/** NUL and lone halves of surrogate pairs. */
const UNSTORABLE_CHARACTER = /\0|\p{Surrogate}/u

/** A text that Postgres can hold. */
function text(longest: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(longest, `must have at most ${longest} characters`)
    .refine((value) => !UNSTORABLE_CHARACTER.test(value), 'contains a character that cannot be stored')
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const uuid = z.string().regex(UUID, 'must be a uuid').toLowerCase()
/** No real call comes near; a few calls beyond it would overflow the totals of everybody's events. */
const MOST_TOKENS = 1_000_000_000_000
const count = z.int('must be a whole number').min(0, 'must not be negative').max(MOST_TOKENS, 'is too large')
const milliseconds = z
  .int('must be a whole number of milliseconds')
  .min(0, 'must not be negative')
  .max(2 ** 31 - 1, 'is too large')
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be a currency code of three capital letters, such as USD')
const amount = z
  .string()
  .regex(/^\d{1,20}(\.\d{1,40})?$/, 'must be a decimal number that is not negative, as a string of digits')

/** Escapes that jsonb refuses: NUL and lone surrogates. */
const UNSTORABLE_ESCAPE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i
const storable = (value: unknown): boolean => !UNSTORABLE_ESCAPE.test(JSON.stringify(value))
const json = z.json().refine(storable, 'contains a character that cannot be stored')
const jsonObject = z
  .record(z.string(), z.json())
  .refine(storable, 'contains a character that cannot be stored')

const usageEventSchema = z.strictObject({
  /** The sender's own id of the event; sending it again changes nothing. */
  eventId: text(200).nullish(),
  occurredAt: z.string(),
  userId: uuid.nullish(),
  username: text(200).nullish(),
  teamId: uuid.nullish(),
  department: text(200).nullish(),
  costCenterId: uuid.nullish(),
  toolId: uuid.nullish(),
  toolName: text(200).nullish(),
  modelId: uuid.nullish(),
  provider: text(200).nullish(),
  modelName: text(200).nullish(),
  modelVersion: text(200).nullish(),
  service: z.enum(usageServices).nullish(),
  actionType: text(100).nullish(),
  operationType: text(100).nullish(),
  source: z.enum(usageSources).nullish(),
  sessionId: text(200).nullish(),
  conversationId: uuid.nullish(),
  engagementId: uuid.nullish(),
  projectId: uuid.nullish(),
  requestId: text(200).nullish(),
  endpoint: text(2000).nullish(),
  pageContext: text(2000).nullish(),
  featureContext: text(2000).nullish(),
  inputTokens: count.nullish(),
  outputTokens: count.nullish(),
  cachedInputTokens: count.nullish(),
  reportedCost: z.strictObject({ amount, currency }).nullish(),
  responseTimeMs: milliseconds.nullish(),
  success: z.boolean().nullish(),
  errorType: text(200).nullish(),
  errorMessage: text(10_000).nullish(),
  requestData: json.nullish(),
  responseData: json.nullish(),
  metadata: jsonObject.nullish(),
  ipAddress: z
    .string()
    .refine((value) => isIP(value) !== 0, 'must be an IP address')
    .nullish(),
  userAgent: text(1000).nullish(),
  anonymized: z.boolean().nullish(),
  rawLogId: text(200).nullish(),
})

/**
 * One use of a tool or model as a sender reports it. Tokens are counts; cached input tokens are part of the
 * input tokens; `occurredAt` is RFC 3339; `reportedCost` is kept beside our own computation and never replaces
 * it; an `anonymized` event is stored without whatever it says of a person.
 */
export type UsageEventInput = z.input<typeof usageEventSchema>

/** An input that kept every rule an event can break by itself. */
export interface SoundUsageEvent extends Omit<UsageEventInput, 'occurredAt' | TokenField> {
  readonly at: Microseconds
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
}

type TokenField = 'inputTokens' | 'outputTokens' | 'cachedInputTokens'

/** Which rule an input breaks: the field (a path with dots), and a sentence that reads on from its name. */
export interface UsageFlaw {
  readonly field: string
  readonly reason: string
}

/** Checks what can be known without the database. */
export function checkUsageEvent(input: unknown, now: Microseconds): SoundUsageEvent | UsageFlaw {
  const parsed = usageEventSchema.safeParse(input)
  if (!parsed.success) return flawOf(parsed.error, input)
  const { occurredAt, ...event } = parsed.data
  const at = parseTimestamp(occurredAt)
  if (at === undefined) {
    return {
      field: 'occurredAt',
      reason: 'must be a moment by RFC 3339, such as 2026-01-31T08:15:00.123456Z',
    }
  }
  if (at < 0) return { field: 'occurredAt', reason: 'must not be before 1970' }
  if (at > now + CLOCK_TOLERANCE) {
    return { field: 'occurredAt', reason: 'is more than one hour in the future' }
  }
  return checkTokens(event, at)
}

function checkTokens(
  event: Omit<UsageEventInput, 'occurredAt'>,
  at: Microseconds,
): SoundUsageEvent | UsageFlaw {
  const namesModel = event.modelName != null || event.modelId != null
  for (const field of ['inputTokens', 'outputTokens'] as const) {
    if (namesModel && event[field] == null) {
      return { field, reason: 'is missing; an event that names a model says how many tokens it took' }
    }
  }
  const { inputTokens, outputTokens, cachedInputTokens } = event
  const sound = {
    ...event,
    at,
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens: cachedInputTokens ?? 0,
  }
  if (sound.cachedInputTokens > sound.inputTokens) {
    return { field: 'cachedInputTokens', reason: 'is part of inputTokens and cannot be more' }
  }
  if (!Number.isSafeInteger(sound.inputTokens + sound.outputTokens)) {
    return { field: 'outputTokens', reason: 'makes the total too large' }
  }
  return sound
}

/** Fields a usage event can have, in alphabetical order. */
export const usageEventFields = Object.keys(
  usageEventSchema.shape,
).sort() as readonly (keyof UsageEventInput)[]

export function isFlaw(checked: SoundUsageEvent | UsageFlaw): checked is UsageFlaw {
  return 'reason' in checked
}

function flawOf(error: z.ZodError, input: unknown): UsageFlaw {
  const issue = error.issues[0] as z.core.$ZodIssue
  const field = issue.path.map(String).join('.') || 'event'
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0] as string
      return { field: [...issue.path.map(String), key].join('.'), reason: 'is not a field of a usage event' }
    }
    case 'invalid_type': {
      const missing = valueAt(input, issue.path) === undefined
      return { field, reason: missing ? 'is missing' : `must be of type ${issue.expected}` }
    }
    case 'invalid_value':
      return { field, reason: `must be one of ${issue.values.map(String).join(', ')}` }
    case 'invalid_union':
      return { field, reason: 'must be JSON' }
    default:
      return { field, reason: issue.message }
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], input)
}
