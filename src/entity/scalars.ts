// Decorators ask for it when they run; whatever declares a type imports this file first.
import 'reflect-metadata'
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'
import {
  GraphQLDateTime,
  GraphQLDuration,
  GraphQLJSONObject,
  GraphQLSafeInt,
  GraphQLUUID,
} from 'graphql-scalars'

/** Up to 131,072 digits before and 16,383 after the point fit Postgres; a client's input is held far below that. */
const DECIMAL = /^-?\d{1,100}(\.\d{1,100})?$/

function parseDecimal(value: unknown): string {
  if (typeof value === 'string' && DECIMAL.test(value)) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  throw new GraphQLError(
    `Decimal must be a string of digits such as "12.50", at most 100 on either side of the point; got ${JSON.stringify(value)}.`,
  )
}

/** An exact decimal number as a string of digits. Postgres' trailing zeros are not significant and are cut. */
export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'An exact decimal number, written as a string of digits: `"0.0000015"`. It is never rounded.',
  serialize: (value) => trimDecimal(String(value)),
  parseValue: parseDecimal,
  parseLiteral(node) {
    if (node.kind === Kind.STRING) return parseDecimal(node.value)
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) {
      if (DECIMAL.test(node.value)) return node.value
    }
    throw new GraphQLError('Decimal must be a string of digits such as "12.50".', { nodes: node })
  },
})

/** `1.500` → `1.5`, `2.000` → `2`. */
export function trimDecimal(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

function parseDateTime(value: unknown): string {
  // It throws with its own words when it is not RFC 3339.
  const year = GraphQLDateTime.parseValue(value).getUTCFullYear()
  if (year >= 1 && year <= 9999) return String(value)
  throw new GraphQLError(`DateTime must lie in the years 0001 to 9999 of UTC; got ${String(value)}.`)
}

/**
 * RFC 3339 with the database's six decimals of a second. graphql-scalars' own DateTime goes through a Date and
 * would cut them to three, so that a time read back would not find its own row.
 */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description: 'A moment in UTC by RFC 3339, to the microsecond: `2026-01-31T08:15:00.123456Z`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize: String,
  parseValue: parseDateTime,
  parseLiteral(node) {
    if (node.kind === Kind.STRING) return parseDateTime(node.value)
    throw new GraphQLError('DateTime must be a string such as "2026-01-31T08:15:00Z".', { nodes: node })
  },
})

/** ISO 8601; graphql-scalars' own description is a page on the notation. */
export const Duration = new GraphQLScalarType({
  ...GraphQLDuration.toConfig(),
  description: 'A length of time by ISO 8601: `P30D` is 30 days, `P1M` a month, `PT12H` twelve hours.',
  specifiedByURL: 'https://www.iso.org/iso-8601-date-and-time-format.html',
})

/** Addresses without blanks and with one @: what else is valid, only the receiving server knows. */
const EMAIL_ADDRESS = /^[^\s@]{1,64}@[^\s@]{1,255}$/u

/** What is stored is shown as it is: it may be older than the rule for what is accepted. */
export const EmailAddress = textScalar(
  'EmailAddress',
  'An e-mail address: `jane@acme.example`.',
  'https://www.rfc-editor.org/rfc/rfc5322',
  (text) => EMAIL_ADDRESS.test(text),
)

/** Only what a browser may be sent to: not `javascript:`, which would run in the page that shows it. */
export const WebAddress = textScalar(
  'URL',
  'An address in the web, with `https` or `http`: `https://acme.example/about`.',
  'https://url.spec.whatwg.org',
  (text) => URL.canParse(text) && ['https:', 'http:'].includes(new URL(text).protocol),
)

/** A day of the calendar, without a time zone; what February has not is refused. */
export const CalendarDate = textScalar(
  'Date',
  'A day by RFC 3339, without a time: `2026-01-31`.',
  'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  (text) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !text.startsWith('0000') &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text),
)

/** What ISO 4217 lists changes; which of the codes are in use is not for us to say. */
export const Currency = textScalar(
  'Currency',
  'A currency by ISO 4217, three capital letters: `USD`.',
  'https://www.iso.org/iso-4217-currency-codes.html',
  (text) => /^[A-Z]{3}$/.test(text),
)

/** A scalar of texts that are accepted by a rule, and answered as they are stored. */
function textScalar(
  name: string,
  description: string,
  specifiedByURL: string,
  accepts: (text: string) => boolean,
): GraphQLScalarType<string, string> {
  const parse = (value: unknown): string => {
    if (typeof value === 'string' && accepts(value)) return value
    throw new GraphQLError(`${description.split(': ')[0]} is needed; got ${JSON.stringify(value)}.`)
  }
  return new GraphQLScalarType<string, string>({
    name,
    description,
    specifiedByURL,
    serialize: String,
    parseValue: parse,
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
  })
}

export const SafeInt = GraphQLSafeInt

/** How deep objects and lists may stand in each other in a client's JSON. */
export const DEEPEST_JSON = 32

/** Checks what graphql-scalars accepts, without recursion: what a client nests deeply enough would overflow it. */
function checkedJson(value: object): object {
  const open: (readonly [unknown, number])[] = [[value, 1]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, depth] = next
    if (typeof part === 'number' && Number.isInteger(part) && !Number.isSafeInteger(part)) {
      throw new GraphQLError(
        `JSONObject holds the number ${part}, whose digits are not certain beyond 2^53; send it as a string.`,
      )
    }
    if (typeof part !== 'object' || part === null) continue
    if (depth > DEEPEST_JSON) {
      throw new GraphQLError(`JSONObject may be nested ${DEEPEST_JSON} deep; this one is deeper.`)
    }
    for (const below of Object.values(part)) open.push([below, depth + 1])
  }
  return value
}

/** An object of any JSON values, up to {@link DEEPEST_JSON} deep, whose numbers were not rounded on their way. */
export const JSONObject = new GraphQLScalarType<object, object>({
  ...GraphQLJSONObject.toConfig(),
  description: `A JSON object with any values, nested at most ${DEEPEST_JSON} deep. Numbers beyond 2^53 are sent as strings.`,
  parseValue: (value) => checkedJson(GraphQLJSONObject.parseValue(value)),
  parseLiteral: (node, variables) => checkedJson(GraphQLJSONObject.parseLiteral(node, variables)),
})
export const UUID = GraphQLUUID
