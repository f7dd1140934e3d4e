import { Field, InputType, ObjectType } from 'type-graphql'
import { CalendarDate, Currency, Decimal, SafeInt } from '../entity/scalars.js'

@InputType({ description: 'What one unit of a currency is worth in another one, from a day on.' })
export class ExchangeRateInput {
  @Field(() => Currency, { description: 'The currency of which one unit is worth that much.' })
  readonly base!: string

  @Field(() => Currency, { description: 'The currency the rate is in.' })
  readonly quote!: string

  @Field(() => Decimal, { description: 'Units of `quote` for one of `base`; more than zero.' })
  readonly rate!: string

  @Field(() => CalendarDate, {
    description: 'First day (UTC) of the rate. It holds until the next one of the same currencies begins.',
  })
  readonly validOn!: string

  @Field(() => String, { nullable: true, description: 'Where the rate was read.' })
  readonly source?: string | null
}

@ObjectType({ description: 'What `setExchangeRates` did.', simpleResolvers: true })
export class SetExchangeRatesPayload {
  @Field(() => SafeInt, { description: 'How many rates were added.' })
  readonly added!: number

  @Field(() => SafeInt, {
    description: 'How many rates took the place of another one of the same currencies and day.',
  })
  readonly replaced!: number
}
