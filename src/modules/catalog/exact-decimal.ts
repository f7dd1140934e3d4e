import { Decimal } from 'decimal.js'

/**
 * Decimals for money. Prices have at most {@link MAX_PRICE_DIGITS} significant digits and token counts at most
 * 16, so products and the sums of whole batches stay far below this precision: nothing is ever rounded.
 */
export const Exact = Decimal.clone({ precision: 120, toExpNeg: -9e15, toExpPos: 9e15 })
export type Exact = Decimal

/** Significant digits a unit price may have. */
export const MAX_PRICE_DIGITS = 40

export const ZERO: Exact = new Exact(0)
