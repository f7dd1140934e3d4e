import type { Microseconds } from '../database/timestamp.js'
import { Exact, MAX_PRICE_DIGITS } from '../modules/catalog/exact-decimal.js'
import type { PriceComponentName, PriceUnit } from '../modules/catalog/price-list.js'

/** A rate as it is asked for. */
export interface RateRequest {
  readonly component: PriceComponentName
  /** In the price's currency, per unit. */
  readonly amount: string
  readonly unit?: PriceUnit | null | undefined
  readonly minContextTokens?: number | null | undefined
}

/** A rate as it is stored. */
export interface NewRate {
  readonly component: PriceComponentName
  readonly amount: string
  readonly unit: PriceUnit
  readonly minContextTokens: number
}

/** Why a rate cannot be taken, and which one by its place. */
export interface RateFlaw {
  readonly field: string
  readonly reason: string
}

/**
 * Completes rates, or says what is wrong with them. Every component counted in a price needs a rate from the first
 * token on, or short requests would have no price.
 */
export function completeRates(rates: readonly RateRequest[]): readonly NewRate[] | RateFlaw {
  if (rates.length === 0) return { field: 'rates', reason: 'needs at least one rate' }
  const complete: NewRate[] = []
  for (const [index, { component, amount, unit, minContextTokens }] of rates.entries()) {
    const rate: NewRate = {
      component,
      amount,
      unit: unit ?? unitOf(component),
      minContextTokens: minContextTokens ?? 0,
    }
    const flaw = flawOf(rate, complete)
    if (flaw !== undefined) return { field: `rates[${index}].${flaw.field}`, reason: flaw.reason }
    complete.push(rate)
  }
  const tiered = rates.findIndex(
    ({ component }) => !complete.some((rate) => rate.component === component && rate.minContextTokens === 0),
  )
  if (tiered < 0) return complete
  return {
    field: `rates[${tiered}].minContextTokens`,
    reason: 'needs another rate of its component from 0 on',
  }
}

function flawOf(
  { component, amount, unit, minContextTokens }: NewRate,
  others: readonly NewRate[],
): RateFlaw | undefined {
  const exact = new Exact(amount)
  if (exact.isNegative() && !exact.isZero()) return { field: 'amount', reason: 'must not be negative' }
  if (exact.precision() > MAX_PRICE_DIGITS) {
    return { field: 'amount', reason: `has more than ${MAX_PRICE_DIGITS} significant digits` }
  }
  if (unit !== unitOf(component)) {
    return {
      field: 'unit',
      reason: `must be ${unitOf(component).toUpperCase()} for ${component.toUpperCase()}`,
    }
  }
  if (minContextTokens < 0) return { field: 'minContextTokens', reason: 'must not be negative' }
  const isTaken = others.some(
    (other) => other.component === component && other.minContextTokens === minContextTokens,
  )
  return isTaken ? { field: 'component', reason: 'has a rate already for these tokens' } : undefined
}

/** In what a component is counted. */
function unitOf(component: PriceComponentName): PriceUnit {
  if (component === 'image') return 'per_image'
  return component === 'request' ? 'per_request' : 'per_1m_tokens'
}

/** When a known price holds: from its first moment to the first one after it. */
export interface PricePeriod {
  readonly id: string
  readonly from: Microseconds
  readonly to: Microseconds
}

/** What a new price does to those known: it may end one, and may overlap none. */
export type Succession = { readonly replaces: PricePeriod | undefined } | { readonly overlaps: PricePeriod }

/** Places a price that holds from `from` on, without an end, behind all known ones. */
export function succeed(known: readonly PricePeriod[], from: Microseconds): Succession {
  // What begins then or later, and what was given an end behind that moment, is not ours to change.
  const overlapped = known.find(
    (period) => period.from >= from || (period.to > from && period.to !== Infinity),
  )
  if (overlapped !== undefined) return { overlaps: overlapped }
  return { replaces: known.find((period) => period.to > from) }
}
