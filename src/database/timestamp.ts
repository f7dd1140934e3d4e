/**
 * Moments as Postgres holds them: whole microseconds since 1970-01-01T00:00:00Z, as a number (exact until the
 * year 2255), because a Date would cut them to milliseconds.
 */
export type Microseconds = number

export const SECOND: Microseconds = 1_000_000
export const HOUR: Microseconds = 3600 * SECOND
export const DAY: Microseconds = 24 * HOUR

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/

/** The moment a text names by RFC 3339, cut to the microsecond; undefined when it is none (also 30 February). */
export function parseTimestamp(text: string): Microseconds | undefined {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [, date, time, fraction = '', zone] = match as unknown as [string, string, string, string?, string?]
  const offset = zone === 'z' || zone === 'Z' ? 0 : offsetOf(zone as string)
  const moment = parseUtc(date, time, fraction)
  return moment === undefined || offset === undefined ? undefined : moment - offset
}

/**
 * The moment of a date and a time of day in UTC.
 *
 * @param fraction - decimals of the second; those behind the sixth are cut
 */
export function parseUtc(date: string, time: string, fraction: string): Microseconds | undefined {
  const iso = `${date}T${time}.000Z`
  const milliseconds = Date.parse(iso)
  // Date accepts 30 February and 24:00:00 and moves them on; what comes back then differs from what went in.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== iso) return undefined
  return milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

/** RFC 3339 in UTC with as many decimals of a second as there are, exactly as the driver reads timestamptz. */
export function formatTimestamp(moment: Microseconds): string {
  const seconds = Math.floor(moment / SECOND)
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  const fraction = moment - seconds * SECOND
  return fraction === 0 ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`
}

/** A bound of a period as the driver reads timestamptz: the infinities stay what they are, null is open. */
export function parseBound(text: string | null, open: Microseconds): Microseconds {
  if (text === null || text === 'infinity') return text === null ? open : Infinity
  if (text === '-infinity') return -Infinity
  const moment = parseTimestamp(text)
  if (moment === undefined) throw new RangeError(`not a timestamp: ${text}`)
  return moment
}

function offsetOf(zone: string): Microseconds | undefined {
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * HOUR + minutes * 60 * SECOND)
}
