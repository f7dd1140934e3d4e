import { Exact, ZERO } from '../../catalog/exact-decimal.js'
import type { UsageResult } from '../record-usage.js'

/** What an import did, or in a dry run would do. Rows are those below the header; blank lines do not count. */
export interface ImportReport {
  readonly dryRun: boolean
  readonly rows: number
  readonly added: number
  /** Recorded by an earlier import, or twice under the same key. */
  readonly duplicates: number
  readonly rejected: number
  /** Added without a cost, because no price is known for their time. */
  readonly unpriced: number
  /** Of the added rows. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the added rows, exact, one entry per currency. */
  readonly cost: readonly { readonly amount: string; readonly currency: string }[]
}

/** Counts as it goes. */
export class ImportTally {
  rows = 0
  rejected = 0
  #added = 0
  #duplicates = 0
  #unpriced = 0
  #inputTokens = 0
  #outputTokens = 0
  readonly #cost = new Map<string, Exact>()

  count(result: UsageResult, row: { readonly inputTokens: number; readonly outputTokens: number }): void {
    if (result.status === 'rejected') this.rejected++
    else if (result.status === 'duplicate') this.#duplicates++
    else {
      this.#added++
      this.#inputTokens += row.inputTokens
      this.#outputTokens += row.outputTokens
      if (result.totalCost === null) this.#unpriced++
      else
        this.#cost.set(
          result.currency,
          (this.#cost.get(result.currency) ?? ZERO).plus(new Exact(result.totalCost)),
        )
    }
  }

  report(dryRun: boolean): ImportReport {
    return {
      dryRun,
      rows: this.rows,
      added: this.#added,
      duplicates: this.#duplicates,
      rejected: this.rejected,
      unpriced: this.#unpriced,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cost: [...this.#cost].map(([currency, amount]) => ({ amount: amount.toFixed(), currency })),
    }
  }
}
