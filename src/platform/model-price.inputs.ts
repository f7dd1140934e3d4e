import { Field, InputType, ObjectType } from 'type-graphql'
import { DateTime, Decimal, SafeInt } from '../entity/scalars.js'
import { ModelPrice } from '../modules/catalog/model-price.entity.js'
import { PriceComponent, PriceUnit } from '../modules/catalog/price-rates.resolver.js'

@InputType({ description: 'One rate of a new price, in the price’s currency.' })
export class ModelPriceRateInput {
  @Field(() => PriceComponent, { description: 'What is charged.' })
  readonly component!: PriceComponent

  @Field(() => Decimal, {
    description: 'The rate for one unit: zero or more, at most 40 significant digits.',
  })
  readonly amount!: string

  @Field(() => PriceUnit, {
    nullable: true,
    description: 'What the amount is for; when left out, the unit in which the component is counted.',
  })
  readonly unit?: PriceUnit | null

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'Number of input tokens from which the rate applies, up to the next higher one of the same component; 0 when left out.',
  })
  readonly minContextTokens?: number | null
}

@InputType({
  description: 'A list price of a model. It holds from its first moment until the next price begins.',
})
export class AddModelPriceInput {
  @Field(() => String, { description: 'Name of the provider in the catalogue.' })
  readonly provider!: string

  @Field(() => String, { description: 'Name of the provider’s model in the catalogue.' })
  readonly modelName!: string

  @Field(() => String, {
    nullable: true,
    description:
      'Version of the model; when left out, the price is for all versions without one of their own.',
  })
  readonly modelVersion?: string | null

  @Field(() => String, { description: 'Currency of the rates by ISO 4217: three capital letters.' })
  readonly currency!: string

  @Field(() => DateTime, {
    nullable: true,
    description:
      'First moment of the price; null for a price without a lower bound, which only a first one can be.',
  })
  readonly effectiveFrom?: string | null

  @Field(() => [ModelPriceRateInput], { description: 'The rates, at least one.' })
  readonly rates!: ModelPriceRateInput[]

  @Field(() => String, { nullable: true, description: 'Where the price was read.' })
  readonly source?: string | null
}

@ObjectType({ description: 'What `addModelPrice` did.', simpleResolvers: true })
export class AddModelPricePayload {
  @Field(() => ModelPrice, { description: 'The new price.' })
  readonly modelPrice!: unknown

  @Field(() => ModelPrice, {
    nullable: true,
    description: 'The price it replaces, which ends where it begins; null for a first price or after a gap.',
  })
  readonly replacedPrice!: unknown
}
