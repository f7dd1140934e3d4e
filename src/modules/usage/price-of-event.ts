import { ZERO, type Exact } from '../catalog/exact-decimal.js'
import type { Price, PriceComponentName } from '../catalog/price-list.js'

/**
 * What one event consumed. As providers report them, cached, cache-write and audio input tokens are part of
 * `inputTokens`, reasoning and audio output tokens part of `outputTokens`.
 */
export interface MeteredUse {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens?: number
  readonly cacheWriteTokens?: number
  readonly audioInputTokens?: number
  readonly reasoningTokens?: number
  readonly audioOutputTokens?: number
  readonly images?: number
}

/** An exact amount of money, with the price row it was computed from. */
export interface Priced {
  readonly priced: true
  readonly inputCost: Exact
  readonly outputCost: Exact
  /** Input, output, and what is charged per image and per request. */
  readonly totalCost: Exact
  readonly currency: string
  readonly priceId: string
}

/** No amount, which is not the same as an amount of zero. */
export interface Unpriced {
  readonly priced: false
  readonly reason: string
}

type Part = readonly [component: PriceComponentName, quantity: number]

/**
 * The cost of one event: quantity × rate of each component, exact, never rounded; unit prices are per token,
 * image or request (see `ratePerUnit`), the result is in the price's currency.
 *
 * A part of the input or output that has a rate of its own (cached, cache write, audio, reasoning) is billed at
 * that rate instead of the general one, never at both; a part without a rate is billed as ordinary input or
 * output. Parts are included in the whole as the OpenTelemetry conventions for `gen_ai.usage.input_tokens`
 * define it. A component may have several rates by length of context: the one with the greatest
 * `minContextTokens` not above the event's input tokens holds for the whole event, which is how providers
 * charge long prompts. Something consumed that no rate covers, and parts that are more than their whole, leave
 * the event unpriced.
 */
export function priceOfEvent(use: MeteredUse, price: Price | undefined): Priced | Unpriced {
  if (price === undefined) return { priced: false, reason: 'no price is known for this model at this time' }
  const context = use.inputTokens
  const rateOf = (component: PriceComponentName): Exact | undefined => rateAt(price, component, context)

  const inputCost = costOfWhole(rateOf, 'input', use.inputTokens, [
    ['cached_input', use.cachedInputTokens ?? 0],
    ['cache_write', use.cacheWriteTokens ?? 0],
    ['audio_input', use.audioInputTokens ?? 0],
  ])
  const outputCost = costOfWhole(rateOf, 'output', use.outputTokens, [
    ['reasoning', use.reasoningTokens ?? 0],
    ['audio_output', use.audioOutputTokens ?? 0],
  ])
  const imageCost = costOfWhole(rateOf, 'image', use.images ?? 0, [])
  for (const cost of [inputCost, outputCost, imageCost]) {
    if (typeof cost === 'string') return { priced: false, reason: `the price has no rate for ${cost}` }
  }
  return {
    priced: true,
    inputCost: inputCost as Exact,
    outputCost: outputCost as Exact,
    totalCost: (inputCost as Exact)
      .plus(outputCost as Exact)
      .plus(imageCost as Exact)
      .plus(rateOf('request') ?? ZERO),
    currency: price.currency,
    priceId: price.id,
  }
}

/** Cost of a whole of which some parts may have their own rate, or what it is that no rate covers. */
function costOfWhole(
  rateOf: (component: PriceComponentName) => Exact | undefined,
  whole: PriceComponentName,
  quantity: number,
  parts: readonly Part[],
): Exact | string {
  if (parts.reduce((sum, [, part]) => sum + part, 0) > quantity) return `more than all of ${whole}`
  let cost = ZERO
  let rest = quantity
  for (const [component, part] of parts) {
    if (part === 0) continue
    const rate = rateOf(component)
    if (rate === undefined) continue
    cost = cost.plus(rate.times(part))
    rest -= part
  }
  if (rest === 0) return cost
  const rate = rateOf(whole)
  return rate === undefined ? whole : cost.plus(rate.times(rest))
}

function rateAt(price: Price, component: PriceComponentName, context: number): Exact | undefined {
  // Sorted by falling `minContextTokens`: the first that fits is the tier.
  return price.rates.get(component)?.find(({ minContextTokens }) => minContextTokens <= context)?.rate
}
