import { sql } from 'kysely'
import { parseBound, type Microseconds } from '../../database/timestamp.js'
import { statements, type Session } from '../../tenancy/session.js'
import { Exact, MAX_PRICE_DIGITS } from './exact-decimal.js'

/** What can have a rate of its own; `image` and `request` are counted, everything else is tokens. */
export type PriceComponentName =
  | 'input'
  | 'cached_input'
  | 'cache_write'
  | 'output'
  | 'reasoning'
  | 'audio_input'
  | 'audio_output'
  | 'image'
  | 'request'

export type PriceUnit = 'per_1m_tokens' | 'per_image' | 'per_request'

/** One rate of a component, per single token, image or request. */
export interface Rate {
  readonly rate: Exact
  /** Input tokens of an event from which on this rate holds. */
  readonly minContextTokens: number
}

/** What one model costs in one period. */
export interface Price {
  readonly id: string
  readonly provider: string
  readonly modelName: string
  /** Null holds for every version that has no price of its own. */
  readonly modelVersion: string | null
  readonly modelId: string | null
  readonly currency: string
  /** First moment the price holds; -Infinity when it is the first known one. */
  readonly from: Microseconds
  /** First moment it no longer holds; Infinity while it is not replaced. */
  readonly to: Microseconds
  /** By component, the rate for the longest contexts first. */
  readonly rates: ReadonlyMap<PriceComponentName, readonly Rate[]>
}

export interface PriceQuestion {
  readonly provider?: string | undefined
  readonly modelName: string
  readonly modelVersion?: string | undefined
  readonly at: Microseconds
}

/** Prices of some models, answering which of them was in force at a moment. */
export class PriceList {
  readonly #byModel = new Map<string, Price[]>()

  constructor(prices: Iterable<Price>) {
    for (const price of prices) {
      const known = this.#byModel.get(price.modelName)
      if (known === undefined) this.#byModel.set(price.modelName, [price])
      else known.push(price)
    }
    for (const known of this.#byModel.values())
      known.sort((a, b) => (a.from === b.from ? 0 : b.from - a.from))
  }

  /**
   * The price of a model at a moment. A price of exactly the asked version goes before one for all versions; of
   * overlapping periods the one that began last holds. When no provider is named and several sell the model,
   * there is no price: a guess could be wrong.
   */
  inForce({ provider, modelName, modelVersion, at }: PriceQuestion): Price | undefined {
    let found: Price | undefined
    for (const price of this.#byModel.get(modelName) ?? []) {
      if (at < price.from || at >= price.to) continue
      if (provider !== undefined && price.provider !== provider) continue
      if (price.modelVersion !== null && price.modelVersion !== modelVersion) continue
      if (found === undefined) found = price
      else if (found.provider !== price.provider) return undefined
      else if (found.modelVersion === null && price.modelVersion !== null) found = price
    }
    return found
  }
}

/** A price as both `llm_model_pricing` and `price_overrides` give it. */
export interface PriceRow {
  readonly id: string
  readonly provider: string
  readonly model_name: string
  readonly model_version: string | null
  readonly model_id: string | null
  readonly currency: string
  readonly effective_from: string
  readonly effective_to: string | null
  readonly components: readonly {
    readonly component: PriceComponentName
    readonly unit: PriceUnit
    readonly amount: string
    readonly min_context_tokens: number
  }[]
}

/** The active list prices of the named models, at all times. */
export async function loadListPrices(session: Session, modelNames: readonly string[]): Promise<Price[]> {
  const query = sql<PriceRow>`
    /* price_list.load */
    select p.id, p.provider, p.model_name, p.model_version, coalesce(p.model_id, m.id) as model_id, p.currency,
      p.effective_from, p.effective_to,
      (select coalesce(json_agg(json_build_object(
          'component', c.component, 'unit', c.unit, 'amount', c.amount::text,
          'min_context_tokens', c.min_context_tokens)), '[]')
        from public.llm_price_components c where c.pricing_id = p.id) as components
    from public.llm_model_pricing p
    left join public.llm_providers v on v.name = p.provider
    left join public.llm_models m on m.provider_id = v.id and m.model_name = p.model_name
    where p.is_active and p.model_name = any(${modelNames})`
  return (await session.run(query.compile(statements))).map(priceOf)
}

/** Reads a row into a price. Throws RangeError on an amount with more digits than can be computed exactly. */
export function priceOf(row: PriceRow): Price {
  const rates = new Map<PriceComponentName, Rate[]>()
  for (const { component, unit, amount, min_context_tokens } of row.components) {
    const rate = { rate: ratePerUnit(amount, unit), minContextTokens: min_context_tokens }
    const tiers = rates.get(component)
    if (tiers === undefined) rates.set(component, [rate])
    else tiers.push(rate)
  }
  for (const tiers of rates.values()) tiers.sort((a, b) => b.minContextTokens - a.minContextTokens)
  return {
    id: row.id,
    provider: row.provider,
    modelName: row.model_name,
    modelVersion: row.model_version,
    modelId: row.model_id,
    currency: row.currency,
    from: parseBound(row.effective_from, -Infinity),
    to: parseBound(row.effective_to, Infinity),
    rates,
  }
}

/** Tokens, images or requests an amount is for, as its reciprocal: exact, which a division need not be. */
const ONE_OF: Record<PriceUnit, string> = { per_1m_tokens: '0.000001', per_image: '1', per_request: '1' }

/** The rate for a single token, image or request, from an amount in the price's currency per unit. */
export function ratePerUnit(amount: string, unit: PriceUnit): Exact {
  const exact = new Exact(amount)
  if (exact.precision() > MAX_PRICE_DIGITS) {
    throw new RangeError(`the amount ${amount} has more than ${MAX_PRICE_DIGITS} significant digits`)
  }
  return exact.times(ONE_OF[unit])
}
