import DataLoader from 'dataloader'
import { sql } from 'kysely'
import { Ctx, Field, FieldResolver, ObjectType, Resolver, Root } from 'type-graphql'
import { defineEnum } from '../../entity/enums.js'
import type { OperationContext } from '../../entity/operation-context.js'
import type { EntityRow } from '../../entity/rows.js'
import { Decimal, SafeInt } from '../../entity/scalars.js'
import { statements } from '../../tenancy/session.js'
import { ModelPrice } from './model-price.entity.js'

export enum PriceComponent {
  INPUT = 'input',
  CACHED_INPUT = 'cached_input',
  CACHE_WRITE = 'cache_write',
  OUTPUT = 'output',
  REASONING = 'reasoning',
  AUDIO_INPUT = 'audio_input',
  AUDIO_OUTPUT = 'audio_output',
  IMAGE = 'image',
  REQUEST = 'request',
}
defineEnum('PriceComponent', PriceComponent, 'What a rate is charged for.', {
  INPUT: 'Tokens sent.',
  CACHED_INPUT: 'Tokens sent that the provider had in its cache.',
  CACHE_WRITE: 'Tokens the provider put into its cache.',
  OUTPUT: 'Tokens answered.',
  REASONING: 'Tokens of hidden reasoning.',
  AUDIO_INPUT: 'Tokens of sound sent.',
  AUDIO_OUTPUT: 'Tokens of sound answered.',
  IMAGE: 'Pictures.',
  REQUEST: 'Each request.',
})

export enum PriceUnit {
  PER_1M_TOKENS = 'per_1m_tokens',
  PER_IMAGE = 'per_image',
  PER_REQUEST = 'per_request',
}
defineEnum('PriceUnit', PriceUnit, 'What a rate’s amount is for.', {
  PER_1M_TOKENS: 'For 1,000,000 tokens.',
  PER_IMAGE: 'For one picture.',
  PER_REQUEST: 'For one request.',
})

@ObjectType({ description: 'One rate of a price, in the price’s currency.', simpleResolvers: true })
export class PriceRate {
  @Field(() => PriceComponent, { description: 'What is charged.' })
  readonly component!: PriceComponent

  @Field(() => Decimal, { description: 'The rate, for one unit.' })
  readonly amount!: string

  @Field(() => PriceUnit, { description: 'What the amount is for.' })
  readonly unit!: PriceUnit

  @Field(() => SafeInt, { description: 'Number of input tokens from which the rate applies.' })
  readonly minContextTokens!: number
}

type Rate = PriceRate & { pricingId: string }

@Resolver(() => ModelPrice)
export class PriceRatesResolver {
  @FieldResolver(() => [PriceRate], { nullable: true, description: 'The rates, component by component.' })
  rates(@Root() price: EntityRow, @Ctx() context: OperationContext): Promise<unknown> {
    return ratesLoader(context).load(String(price.id))
  }
}

function ratesLoader(context: OperationContext): DataLoader<string, unknown> {
  const known = context.loaders.get('ModelPrice.rates')
  if (known !== undefined) return known
  const made = new DataLoader<string, unknown>(async (prices) => {
    const query = sql<Rate>`/* model_prices.rates */
      select pricing_id as "pricingId", component, amount, unit, min_context_tokens as "minContextTokens"
      from public.llm_price_components where pricing_id = any(${prices})
      order by pricing_id, component, min_context_tokens`
    const rates = await context.read().run(query.compile(statements))
    return prices.map((price) => rates.filter(({ pricingId }) => pricingId === price))
  })
  context.loaders.set('ModelPrice.rates', made)
  return made
}
