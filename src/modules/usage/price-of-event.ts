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

/** What is billed as one, with the parts of it that may have rates of their own. */
interface Whole {
  readonly component: PriceComponentName
  readonly quantity: keyof MeteredUse
  readonly parts: readonly { readonly component: PriceComponentName; readonly quantity: keyof MeteredUse }[]
}

const INPUT: Whole = {
  component: 'input',
  quantity: 'inputTokens',
  parts: [
    { component: 'cached_input', quantity: 'cachedInputTokens' },
    { component: 'cache_write', quantity: 'cacheWriteTokens' },
    { component: 'audio_input', quantity: 'audioInputTokens' },
  ],
}
const OUTPUT: Whole = {
  component: 'output',
  quantity: 'outputTokens',
  parts: [
    { component: 'reasoning', quantity: 'reasoningTokens' },
    { component: 'audio_output', quantity: 'audioOutputTokens' },
  ],
}
const IMAGES: Whole = { component: 'image', quantity: 'images', parts: [] }

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
  if (price === undefined) return unpriced('no price is known for this model at this time')
  const inputCost = costOf(INPUT, use, price)
  if (typeof inputCost === 'string') return unpriced(inputCost)
  const outputCost = costOf(OUTPUT, use, price)
  if (typeof outputCost === 'string') return unpriced(outputCost)
  const imageCost = costOf(IMAGES, use, price)
  if (typeof imageCost === 'string') return unpriced(imageCost)
  const requestCost = rateAt(price, 'request', use.inputTokens)
  let totalCost = inputCost.plus(outputCost)
  if (imageCost !== ZERO) totalCost = totalCost.plus(imageCost)
  if (requestCost !== undefined) totalCost = totalCost.plus(requestCost)
  return { priced: true, inputCost, outputCost, totalCost, currency: price.currency, priceId: price.id }
}

function unpriced(reason: string): Unpriced {
  return { priced: false, reason }
}

/** The cost of a whole, or the reason why it is not known. */
function costOf({ component, quantity, parts }: Whole, use: MeteredUse, price: Price): Exact | string {
  const all = use[quantity] ?? 0
  if (all === 0 && parts.every((part) => (use[part.quantity] ?? 0) === 0)) return ZERO
  let rest = all
  let own = 0
  let cost: Exact | undefined
  for (const part of parts) {
    const amount = use[part.quantity] ?? 0
    if (amount === 0) continue
    own += amount
    const rate = rateAt(price, part.component, use.inputTokens)
    if (rate === undefined) continue
    rest -= amount
    cost = cost === undefined ? rate.times(amount) : cost.plus(rate.times(amount))
  }
  if (own > all) return `the parts of ${quantity} are more than the whole`
  if (rest === 0) return cost ?? ZERO
  const rate = rateAt(price, component, use.inputTokens)
  if (rate === undefined) return `the price has no rate for ${component}`
  return cost === undefined ? rate.times(rest) : cost.plus(rate.times(rest))
}

function rateAt(price: Price, component: PriceComponentName, context: number): Exact | undefined {
  // Sorted by falling `minContextTokens`: the first that fits is the tier.
  return price.rates.get(component)?.find(({ minContextTokens }) => minContextTokens <= context)?.rate
}
