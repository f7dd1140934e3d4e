import {
  Arg,
  Ctx,
  Field,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  registerEnumType,
  Resolver,
} from 'type-graphql'
import { AppError } from '../../errors.js'
import { recordChange } from '../../entity/audit-trail.js'
import { encodeId } from '../../entity/global-id.js'
import type { OperationContext } from '../../entity/operation-context.js'
import { DateTime, Decimal, JSONObject, SafeInt } from '../../entity/scalars.js'
import { keyFromId } from '../../entity/store.js'
import { models } from '../catalog/model.entity.js'
import { tools } from '../catalog/tool.entity.js'
import { users } from '../organization/user.entity.js'
import { recordUsage, type UsageResult } from './record-usage.js'
import { UsageService, UsageSource } from './usage-enums.js'
import type { UsageEventInput } from './usage-event-input.js'
import { UsageEvent } from './usage-event.entity.js'

const MOST_EVENTS = 1_000

@InputType({
  description: 'What the sender says a use cost. It is kept beside our own figure and never replaces it.',
})
export class ReportedCostInput {
  @Field(() => Decimal, { description: 'The amount.' })
  readonly amount!: string

  @Field(() => String, { description: 'Currency by ISO 4217.' })
  readonly currency!: string
}

@InputType({ description: 'One use of an AI tool or model, as its sender reports it.' })
export class RecordUsageInput {
  @Field(() => String, {
    nullable: true,
    description: 'The sender’s own id of the event. Sent again, it changes nothing.',
  })
  readonly eventId?: string | null

  @Field(() => DateTime, { description: 'When it happened; at most one hour ahead of now.' })
  readonly occurredAt!: string

  @Field(() => ID, { nullable: true, description: 'Who used the tool.' })
  readonly userId?: string | null

  @Field(() => ID, { nullable: true, description: 'The tool of the catalogue.' })
  readonly toolId?: string | null

  @Field(() => String, { nullable: true, description: 'Name of the tool, when its id is not known.' })
  readonly toolName?: string | null

  @Field(() => ID, { nullable: true, description: 'The model of the catalogue.' })
  readonly modelId?: string | null

  @Field(() => String, { nullable: true, description: 'Name of the provider.' })
  readonly provider?: string | null

  @Field(() => String, { nullable: true, description: 'Name of the model, when its id is not known.' })
  readonly modelName?: string | null

  @Field(() => UsageService, { nullable: true, description: 'What kind of work it was.' })
  readonly service?: UsageService | null

  @Field(() => String, { nullable: true, description: 'What was done; `api_call` when left out.' })
  readonly actionType?: string | null

  @Field(() => String, { nullable: true, description: 'The operation, for example `summarize`.' })
  readonly operationType?: string | null

  @Field(() => UsageSource, { nullable: true, description: 'By which way it was seen; `API` when left out.' })
  readonly source?: UsageSource | null

  @Field(() => String, { nullable: true, description: 'Session the use belongs to.' })
  readonly sessionId?: string | null

  @Field(() => String, { nullable: true, description: 'The caller’s id of the request.' })
  readonly requestId?: string | null

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Tokens sent, cached ones included. Required with a model.',
  })
  readonly inputTokens?: number | null

  @Field(() => SafeInt, { nullable: true, description: 'Tokens answered. Required with a model.' })
  readonly outputTokens?: number | null

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Of the tokens sent, those the provider had in its cache.',
  })
  readonly cachedInputTokens?: number | null

  @Field(() => ReportedCostInput, { nullable: true, description: 'What the sender says it cost.' })
  readonly reportedCost?: ReportedCostInput | null

  @Field(() => Int, { nullable: true, description: 'Time to the answer in milliseconds.' })
  readonly responseTimeMs?: number | null

  @Field(() => Boolean, { nullable: true, description: 'False when the call failed; true when left out.' })
  readonly success?: boolean | null

  @Field(() => String, { nullable: true, description: 'What kind of failure it was.' })
  readonly errorType?: string | null

  @Field(() => JSONObject, { nullable: true, description: 'Further facts.' })
  readonly metadata?: Record<string, unknown> | null
}

export enum RecordStatus {
  ACCEPTED = 'accepted',
  DUPLICATE = 'duplicate',
  REJECTED = 'rejected',
}
registerEnumType(RecordStatus, {
  name: 'RecordStatus',
  description: 'What became of a reported event.',
  valuesConfig: {
    ACCEPTED: { description: 'Recorded.' },
    DUPLICATE: { description: 'Recorded before; nothing was added.' },
    REJECTED: { description: 'Not recorded; `field` and `reason` say why.' },
  },
})

@ObjectType({ description: 'What became of one reported event.', simpleResolvers: true })
export class RecordUsageResult {
  @Field(() => RecordStatus, { description: 'What became of it.' })
  readonly status!: RecordStatus

  @Field(() => ID, { nullable: true, description: 'Id of the `UsageEvent`; null when rejected.' })
  readonly id!: string | null

  @Field(() => String, { nullable: true, description: 'When rejected: the field at fault.' })
  readonly field!: string | null

  @Field(() => String, { nullable: true, description: 'When rejected: what is wrong with it.' })
  readonly reason!: string | null
}

@ObjectType({ description: 'What `recordUsage` did.', simpleResolvers: true })
export class RecordUsagePayload {
  @Field(() => [RecordUsageResult], { description: 'One result for each event, in the order sent.' })
  readonly results!: RecordUsageResult[]

  @Field(() => Int, { description: 'How many events were recorded.' })
  readonly accepted!: number

  @Field(() => Int, { description: 'How many had been recorded before.' })
  readonly duplicates!: number

  @Field(() => Int, { description: 'How many were refused.' })
  readonly rejected!: number
}

@Resolver()
export class RecordUsageResolver {
  @Mutation(() => RecordUsagePayload, {
    nullable: true,
    description:
      'Records uses of AI tools and models. A bad event is rejected by itself; the others are recorded.',
  })
  async recordUsage(
    @Arg('events', () => [RecordUsageInput], { description: `The events, at most ${MOST_EVENTS}.` })
    events: RecordUsageInput[],
    @Ctx() context: OperationContext,
  ): Promise<RecordUsagePayload> {
    if (events.length > MOST_EVENTS) {
      throw new AppError(
        'LIMIT_EXCEEDED',
        `There are ${events.length} events; one call takes at most ${MOST_EVENTS}.`,
        {
          limit: 'events',
          allowed: MOST_EVENTS,
          asked: events.length,
        },
      )
    }
    const inputs = events.map((event, index) => withRawIds(event, `events[${index}]`))
    const results = await context.write(async (session) => {
      const apiKeyId = context.actor.kind === 'api_key' ? context.actor.apiKeyId : undefined
      const recorded = await recordUsage(session, inputs, { source: 'api', apiKeyId })
      const accepted = recorded.results.filter(({ status }) => status === 'accepted').length
      if (accepted > 0) {
        await recordChange(session, context, {
          eventType: 'create',
          resourceType: 'usage',
          resourceId: context.requestId,
          newValues: { events: accepted },
        })
      }
      return recorded.results
    })
    return payloadOf(results)
  }
}

/** The event with the raw keys that recording works with. */
function withRawIds(event: RecordUsageInput, path: string): UsageEventInput {
  const raw = (
    entity: Parameters<typeof keyFromId>[0],
    id: string | null | undefined,
    field: string,
  ): string | null =>
    id === null || id === undefined ? null : (keyFromId(entity, id, `${path}.${field}`)[0] as string)
  return {
    ...event,
    userId: raw(users, event.userId, 'userId'),
    toolId: raw(tools, event.toolId, 'toolId'),
    modelId: raw(models, event.modelId, 'modelId'),
  } as UsageEventInput
}

function payloadOf(results: readonly UsageResult[]): RecordUsagePayload {
  const count = (status: UsageResult['status']): number =>
    results.filter((result) => result.status === status).length
  return {
    results: results.map((result) => ({
      status: result.status as RecordStatus,
      id: result.status === 'rejected' ? null : encodeId(UsageEvent.name, [result.id, result.occurredAt]),
      field: result.status === 'rejected' ? result.field : null,
      reason: result.status === 'rejected' ? result.reason : null,
    })),
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    rejected: count('rejected'),
  }
}
