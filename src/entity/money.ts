import { Field, ObjectType } from 'type-graphql'
import { Decimal } from './scalars.js'

/** An exact amount and its currency. */
@ObjectType({ description: 'An exact amount of money.', simpleResolvers: true })
export class Money {
  @Field(() => Decimal, {
    description: 'The amount, in units of the currency (not in cents). Never rounded.',
  })
  readonly amount!: string

  @Field(() => String, { description: 'Three-letter currency code by ISO 4217, for example `USD`.' })
  readonly currency!: string
}
