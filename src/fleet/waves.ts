import { AppError } from '../errors.js'

/** So many tenants, or so many of a hundred. */
export type Share = { readonly count: number } | { readonly percent: number }

/** How a run goes through the fleet; by default in one wave. */
export interface WavePlan {
  /** The first wave: a few tenants that show whether it works. */
  readonly canary?: Share | undefined
  /** Each wave after the canary; all the rest by default. */
  readonly waveSize?: Share | undefined
}

/** When a run stops by itself; by default never. */
export interface FailureLimits {
  /** Failed tenants a run may have. */
  readonly maxFailures: number | null
  /** Percent of a wave that may fail. */
  readonly maxFailureRate: number | null
}

const SHARE = /^(\d{1,9})$|^(\d{1,3}(?:\.\d{1,2})?)%$/

/** `20` or `5%`. Throws BAD_USER_INPUT for anything else, for nothing, and for more than 100%. */
export function parseShare(text: string): Share {
  const [, count, percent] = SHARE.exec(text.trim()) ?? []
  if (count !== undefined && Number(count) > 0) return { count: Number(count) }
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100) {
    return { percent: Number(percent) }
  }
  throw new AppError('BAD_USER_INPUT', `Not a number of tenants like 20 or a share like 5%: ${text}`)
}

/** How many of `total` a share is: at least one, at most all. */
export function sizeOf(share: Share, total: number): number {
  const size = 'count' in share ? share.count : Math.ceil((total * share.percent) / 100)
  return Math.min(total, Math.max(1, size))
}

/** The wave of each of `total` tenants, in their order: wave 0 is the canary, or everybody. */
export function assignWaves(total: number, { canary, waveSize }: WavePlan): number[] {
  const first = canary === undefined ? 0 : sizeOf(canary, total)
  const size = waveSize === undefined ? Math.max(1, total - first) : sizeOf(waveSize, total)
  const begins = canary === undefined ? 0 : 1
  return Array.from({ length: total }, (_, index) =>
    index < first ? 0 : begins + Math.floor((index - first) / size),
  )
}

/** Why a run must stop, or undefined while it may go on. */
export function passedLimit(
  { maxFailures, maxFailureRate }: FailureLimits,
  run: {
    readonly failed: number
    readonly wave: number
    readonly failedInWave: number
    readonly inWave: number
  },
): string | undefined {
  if (maxFailures !== null && run.failed > maxFailures) {
    return `${tenants(run.failed)} failed, more than the ${maxFailures} allowed`
  }
  if (maxFailureRate !== null && run.failedInWave * 100 > maxFailureRate * run.inWave) {
    return (
      `wave ${run.wave}: ${run.failedInWave} of ${tenants(run.inWave)} failed, ` +
      `more than the ${maxFailureRate}% allowed`
    )
  }
  return undefined
}

function tenants(count: number): string {
  return count === 1 ? '1 tenant' : `${count} tenants`
}
