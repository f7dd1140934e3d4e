import { AppError } from '../errors.js'

/** A duration by ISO 8601, without signs: nothing lasts less than no time. Weeks may stand beside other parts. */
const DURATION =
  /^P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d{1,6})?S)?)?$/

/** Days in a year, a month, a week, a day, an hour, a minute, a second: no less than there can be. */
const LONGEST_DAYS = [366, 31, 7, 1, 1 / 24, 1 / 1440, 1 / 86400]

/** Far from the ends of what Postgres can count. */
const LONGEST_YEARS = 1_000

/**
 * A duration as Postgres reads it too. Throws BAD_USER_INPUT for signs, fractions of anything but seconds, and more
 * than a thousand years.
 */
export function checkedDuration(duration: string, path: string): string {
  const parts = DURATION.exec(duration)
  const days = LONGEST_DAYS.reduce((sum, length, index) => sum + length * Number(parts?.[index + 1] ?? 0), 0)
  if (parts !== null && days <= LONGEST_YEARS * 366) return duration
  throw new AppError(
    'BAD_USER_INPUT',
    `${path} must be a duration by ISO 8601 without signs, such as "P30D", "P1M" or "PT12H", and at most ${LONGEST_YEARS} years.`,
    { field: path },
  )
}
