import { Arg, Ctx, Mutation, Resolver } from 'type-graphql'
import { addModelPrice } from './add-model-price.js'
import { AddModelPriceInput, AddModelPricePayload } from './model-price.inputs.js'
import type { PlatformContext } from './platform-context.js'

@Resolver()
export class ModelPriceResolver {
  @Mutation(() => AddModelPricePayload, {
    nullable: true,
    description:
      'Adds a list price of a model and ends the one before it. Prices never overlap, and are never changed or deleted.',
  })
  addModelPrice(
    @Arg('input', () => AddModelPriceInput, { description: 'The price.' }) input: AddModelPriceInput,
    @Ctx() context: PlatformContext,
  ): Promise<AddModelPricePayload> {
    return addModelPrice(context, input)
  }
}
