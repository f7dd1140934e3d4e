import { ID, Int } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, Decimal } from '../../entity/scalars.js'
import { Provider } from './provider.entity.js'

@Entity({ description: 'A model of a provider, with what it can do.' })
export class Model {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => ID, { references: () => Provider, description: 'Who serves it.' })
  readonly providerId!: string

  @Column(() => String, { description: 'Name by which it is called, unique for its provider.' })
  readonly modelName!: string

  @Column(() => String, { nullable: true, description: 'Name to show.' })
  readonly displayName!: string | null

  @Column(() => String, { nullable: true, description: 'What it is good for.' })
  readonly description!: string | null

  @Column(() => Int, { nullable: true, description: 'Length of its context in tokens.' })
  readonly maxTokens!: number | null

  @Column(() => Boolean, { description: 'True when it can call functions.' })
  readonly supportsFunctions!: boolean

  @Column(() => Boolean, { description: 'True when it reads pictures.' })
  readonly supportsVision!: boolean

  @Column(() => Boolean, { description: 'True when it answers piece by piece.' })
  readonly supportsStreaming!: boolean

  @Column(() => Int, { nullable: true, description: 'Average time to an answer in milliseconds.' })
  readonly averageLatencyMs!: number | null

  @Column(() => Decimal, { nullable: true, description: 'Quality from 0 to 5, as the operator rates it.' })
  readonly qualityScore!: string | null

  @Column(() => Boolean, { description: 'False for models that are no longer used.' })
  readonly isActive!: boolean

  @Column(() => DateTime, { nullable: true, description: 'When the provider gave it up.' })
  readonly deprecatedAt!: string | null

  @Column(() => DateTime, { description: 'When the entry was made.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When the entry last changed.' })
  readonly updatedAt!: string
}

export const models = defineEntity(Model, {
  table: 'llm_models',
  module: 'core',
  singular: 'model',
  plural: 'models',
  permission: 'tool',
  filter: ['id', 'providerId', 'modelName', 'maxTokens', 'supportsFunctions', 'supportsVision', 'isActive'],
  orderBy: ['modelName', 'displayName', 'maxTokens', 'createdAt'],
  search: ['modelName', 'displayName', 'description'],
  alternateKey: ['providerId', 'modelName'],
  defaultOrder: [{ field: 'modelName', direction: SortDirection.ASC }],
})
