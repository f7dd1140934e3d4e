import { ID, Int } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { Money } from '../../entity/money.js'
import { SortDirection } from '../../entity/ordering.js'
import { Currency, DateTime, JSONObject, SafeInt } from '../../entity/scalars.js'
import { Model } from '../catalog/model.entity.js'
import { Tool } from '../catalog/tool.entity.js'
import { Team } from '../organization/team.entity.js'
import { User } from '../organization/user.entity.js'
import { CostSource, UsageService, UsageSource } from './usage-enums.js'

/** Append-only, apart from anonymization and re-pricing. */
@Entity({ description: 'One metered use of an AI tool or model.' })
export class UsageEvent {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => DateTime, { description: 'When it happened.' })
  readonly occurredAt!: string

  @Column(() => DateTime, { description: 'When it was reported to us.' })
  readonly recordedAt!: string

  @Column(() => ID, { nullable: true, references: () => User, description: 'Who used the tool.' })
  readonly userId!: string | null

  @Column(() => String, {
    nullable: true,
    description: 'Name of the person as reported.',
    sensitivity: 'restricted',
  })
  readonly username!: string | null

  @Column(() => ID, {
    nullable: true,
    references: () => Team,
    description: 'The person’s team at that time.',
  })
  readonly teamId!: string | null

  @Column(() => String, { nullable: true, description: 'The person’s department at that time.' })
  readonly department!: string | null

  @Column(() => ID, {
    nullable: true,
    references: () => Tool,
    description: 'The tool, where the catalogue knows it.',
  })
  readonly toolId!: string | null

  @Column(() => String, { nullable: true, description: 'Name of the tool as reported.' })
  readonly toolName!: string | null

  @Column(() => ID, {
    nullable: true,
    references: () => Model,
    description: 'The model, where the catalogue knows it.',
  })
  readonly modelId!: string | null

  @Column(() => String, { nullable: true, description: 'Name of the provider.' })
  readonly provider!: string | null

  @Column(() => String, { nullable: true, description: 'Name of the model as reported.' })
  readonly modelName!: string | null

  @Column(() => UsageService, { description: 'What kind of work it was.' })
  readonly service!: UsageService

  @Column(() => String, { description: 'What was done, for example `api_call` or `login`.' })
  readonly actionType!: string

  @Column(() => String, { nullable: true, description: 'The operation, for example `summarize`.' })
  readonly operationType!: string | null

  @Column(() => UsageSource, { description: 'By which way the event reached us.' })
  readonly source!: UsageSource

  @Column(() => String, { nullable: true, description: 'Session the use belongs to.' })
  readonly sessionId!: string | null

  @Column(() => String, { nullable: true, description: 'The caller’s id of the request.' })
  readonly requestId!: string | null

  @Column(() => SafeInt, { description: 'Tokens sent, cached ones included.' })
  readonly inputTokens!: number

  @Column(() => SafeInt, { description: 'Tokens answered.' })
  readonly outputTokens!: number

  @Column(() => SafeInt, { description: 'Of the tokens sent, those the provider had in its cache.' })
  readonly cachedInputTokens!: number

  @Column(() => SafeInt, { description: 'Tokens sent and answered.' })
  readonly totalTokens!: number

  @Column(() => Money, { nullable: true, currency: 'currency', description: 'Cost of the tokens sent.' })
  readonly inputCost!: string | null

  @Column(() => Money, { nullable: true, currency: 'currency', description: 'Cost of the tokens answered.' })
  readonly outputCost!: string | null

  @Column(() => Money, {
    nullable: true,
    currency: 'currency',
    description:
      'Exact cost at the price in force then; null when no price is known, which is not the same as free.',
  })
  readonly totalCost!: string | null

  @Column(() => Currency, { description: 'Currency of the costs.' })
  readonly currency!: string

  @Column(() => CostSource, { description: 'Where the cost comes from.' })
  readonly costSource!: CostSource

  @Column(() => Int, { nullable: true, description: 'Time to the answer in milliseconds.' })
  readonly responseTimeMs!: number | null

  @Column(() => Boolean, { description: 'False when the call failed.' })
  readonly success!: boolean

  @Column(() => String, { nullable: true, description: 'What kind of failure it was.' })
  readonly errorType!: string | null

  @Column(() => JSONObject, { description: 'Further facts as reported.', sensitivity: 'confidential' })
  readonly metadata!: Json

  @Column(() => Boolean, { description: 'True when everything that points at a person was removed.' })
  readonly anonymized!: boolean
}

export const usageEvents = defineEntity(UsageEvent, {
  table: 'usage_events',
  module: 'usage',
  singular: 'usageEvent',
  plural: 'usageEvents',
  permission: 'usage',
  key: ['id', 'occurredAt'],
  ownedBy: 'userId',
  filter: [
    'id',
    'occurredAt',
    'recordedAt',
    'userId',
    'teamId',
    'department',
    'toolId',
    'toolName',
    'modelId',
    'provider',
    'modelName',
    'service',
    'actionType',
    'operationType',
    'source',
    'sessionId',
    'requestId',
    'inputTokens',
    'outputTokens',
    'totalTokens',
    'totalCost',
    'costSource',
    'responseTimeMs',
    'success',
    'errorType',
    'metadata',
    'anonymized',
  ],
  orderBy: [
    'occurredAt',
    'recordedAt',
    'inputTokens',
    'outputTokens',
    'totalTokens',
    'totalCost',
    'responseTimeMs',
  ],
  defaultOrder: [{ field: 'occurredAt', direction: SortDirection.DESC }],
  aggregate: {
    moneyAt: 'occurredAt',
    groupBy: [
      'occurredAt',
      'userId',
      'teamId',
      'department',
      'toolId',
      'toolName',
      'modelId',
      'provider',
      'modelName',
      'service',
      'actionType',
      'source',
      'costSource',
      'success',
      'errorType',
      'currency',
    ],
    measures: [
      'inputTokens',
      'outputTokens',
      'cachedInputTokens',
      'totalTokens',
      'inputCost',
      'outputCost',
      'totalCost',
      'responseTimeMs',
    ],
  },
})
