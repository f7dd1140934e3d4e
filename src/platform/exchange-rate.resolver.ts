import { Arg, Ctx, Mutation, Resolver } from 'type-graphql'
import { ExchangeRateInput, SetExchangeRatesPayload } from './exchange-rate.types.js'
import type { PlatformContext } from './platform-context.js'
import { setExchangeRates } from './set-exchange-rates.js'

@Resolver()
export class ExchangeRateResolver {
  @Mutation(() => SetExchangeRatesPayload, {
    nullable: true,
    description:
      'Sets exchange rates, by which aggregates bring amounts into one currency. All of them are stored, or none.',
  })
  setExchangeRates(
    @Arg('rates', () => [ExchangeRateInput], { description: 'The rates, at most 1000.' })
    rates: readonly ExchangeRateInput[],
    @Ctx() context: PlatformContext,
  ): Promise<SetExchangeRatesPayload> {
    return setExchangeRates(context, rates)
  }
}
