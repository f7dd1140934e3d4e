import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { SortDirection } from '../../entity/ordering.js'
import { Currency, DateTime } from '../../entity/scalars.js'
import { Model } from './model.entity.js'

@Entity({ description: 'The list price of a model in a stretch of time.' })
export class ModelPrice {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => ID, { nullable: true, references: () => Model, description: 'The model.' })
  readonly modelId!: string | null

  @Column(() => String, { description: 'Name of the provider.' })
  readonly provider!: string

  @Column(() => String, { description: 'Name of the model.' })
  readonly modelName!: string

  @Column(() => String, { nullable: true, description: 'Version of the model; null for all of them.' })
  readonly modelVersion!: string | null

  @Column(() => Currency, { description: 'Currency of the rates.' })
  readonly currency!: string

  @Column(() => DateTime, {
    nullable: true,
    stored: 'required',
    description: 'First moment of the price; null when it has no lower bound, as the first known one.',
  })
  readonly effectiveFrom!: string

  @Column(() => DateTime, {
    nullable: true,
    description: 'First moment after the price; null while it holds.',
  })
  readonly effectiveTo!: string | null

  @Column(() => String, { nullable: true, description: 'Where the price was read.' })
  readonly source!: string | null
}

export const modelPrices = defineEntity(ModelPrice, {
  table: 'llm_model_pricing',
  module: 'core',
  singular: 'modelPrice',
  plural: 'modelPrices',
  permission: 'tool',
  filter: ['id', 'modelId', 'provider', 'modelName', 'currency', 'effectiveFrom', 'effectiveTo'],
  orderBy: ['modelName', 'effectiveFrom'],
  defaultOrder: [
    { field: 'modelName', direction: SortDirection.ASC },
    { field: 'effectiveFrom', direction: SortDirection.DESC },
  ],
})
