import { Field, ObjectType } from 'type-graphql'
import { Currency, Decimal } from './scalars.js'

/** An exact amount and its currency. */
@ObjectType({ description: 'An exact amount of money.', simpleResolvers: true })
export class Money {
  @Field(() => Decimal, {
    description: 'The amount, in units of the currency (not in cents). Never rounded.',
  })
  readonly amount!: string

  @Field(() => Currency, { description: 'Its currency.' })
  readonly currency!: string
}
