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
 * The moment of a date (`YYYY-MM-DD`) and a time of day (`hh:mm:ss`) in UTC.
 *
 * @param fraction - decimals of the second; those behind the sixth are cut
 */
export function parseUtc(date: string, time: string, fraction: string): Microseconds | undefined {
  const day = startOf(date)
  const hours = Number(time.slice(0, 2))
  const minutes = Number(time.slice(3, 5))
  const seconds = Number(time.slice(6, 8))
  if (day === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  const micros = fraction.length === 6 ? Number(fraction) : Number(fraction.padEnd(6, '0').slice(0, 6))
  return day + ((hours * 60 + minutes) * 60 + seconds) * SECOND + micros
}

/**
 * RFC 3339 in UTC with as many decimals of a second as there are, exactly as the driver reads timestamptz, so that
 * a moment we wrote and the same one read back are equal as texts.
 */
export function formatTimestamp(moment: Microseconds): string {
  const day = Math.floor(moment / DAY)
  const seconds = Math.floor((moment - day * DAY) / SECOND)
  const fraction = moment - day * DAY - seconds * SECOND
  const time = `${TWO[Math.floor(seconds / 3600)]}:${TWO[Math.floor(seconds / 60) % 60]}:${TWO[seconds % 60]}`
  if (fraction === 0) return `${dateOf(day)}T${time}Z`
  return `${dateOf(day)}T${time}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}Z`
}

const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

// Moments that are read or written one after the other mostly fall on one day: each direction remembers the last.
let lastDate = ''
let lastStart: Microseconds | undefined
let lastDay = Number.NaN
let lastDayText = ''

/** Start of a day; undefined for one that is not in the calendar, which Date would move on to the next month. */
function startOf(date: string): Microseconds | undefined {
  if (date !== lastDate) {
    const iso = `${date}T00:00:00.000Z`
    const milliseconds = Date.parse(iso)
    const exists = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === iso
    lastDate = date
    lastStart = exists ? milliseconds * 1000 : undefined
  }
  return lastStart
}

/** @param day - counted from 1970-01-01 */
function dateOf(day: number): string {
  if (day !== lastDay) {
    lastDay = day
    lastDayText = new Date((day * DAY) / 1000).toISOString().slice(0, 10)
  }
  return lastDayText
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
