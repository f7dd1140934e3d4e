import { InvalidArgumentError } from 'commander'
import { isTenantId, parseTenantId, type TenantId } from '../tenancy/tenant-id.js'

/** Readers of option values; commander names the option in front of their message. */

export function tenantOption(value: string): TenantId {
  if (isTenantId(value)) return value
  try {
    return parseTenantId(value)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

/** `a,b` and repeated options add up. */
export function tenantsOption(value: string, before: readonly TenantId[] = []): readonly TenantId[] {
  return [...before, ...listOption(value).map(tenantOption)]
}

export function listOption(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export function wholeNumber(min: number, max: number) {
  return (value: string): number => {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** `90s`, `15m`, `8h`, `30d` as seconds. */
export function durationOption(value: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? []
  const seconds = Number(digits) * (SECONDS[unit ?? ''] ?? Number.NaN)
  if (seconds > 0) return seconds
  throw new InvalidArgumentError('It must be a time such as 90s, 15m, 8h or 30d.')
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `500ms`, `2s`, `5m`, `1h` as milliseconds. */
export function millisecondsOption(value: string): number {
  const [, digits, unit] = /^(\d{1,6})(ms|s|m|h)$/.exec(value) ?? []
  const milliseconds = Number(digits) * (MILLISECONDS[unit ?? ''] ?? Number.NaN)
  if (milliseconds > 0 && milliseconds <= 86_400_000) return milliseconds
  throw new InvalidArgumentError('It must be a time such as 500ms, 2s or 5m, at most a day.')
}

/** A list of words out of a few. */
export function choicesOption<Choice extends string>(choices: readonly Choice[]) {
  return (value: string): readonly Choice[] =>
    listOption(value).map((word) => {
      const choice = choices.find((known) => known === word)
      if (choice !== undefined) return choice
      throw new InvalidArgumentError(`${word} is none of ${choices.join(', ')}.`)
    })
}
