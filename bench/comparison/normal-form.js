/** Each server writes values in its own way; these bring what means the same to one form. */

/** A moment as RFC 3339 in UTC without needless zeros, to the microsecond. */
export function moment(text) {
  const found = /^(.{19})(?:\.(\d{1,6}))?(Z|[+-]\d\d:?\d\d)$/.exec(text)
  if (found === null) throw new TypeError(`not a moment: ${JSON.stringify(text)}`)
  const [, seconds, fraction = '', zone] = found
  const utc = new Date(`${seconds}${zone}`).toISOString().slice(0, 19)
  const digits = fraction.replace(/0+$/, '')
  return `${utc}${digits === '' ? '' : `.${digits}`}Z`
}

/** A whole number, which some send as text. */
export function whole(value) {
  const number = Number(value)
  if (value === null || !Number.isSafeInteger(number))
    throw new TypeError(`not a whole number: ${JSON.stringify(value)}`)
  return number
}

/**
 * Digits without needless zeros: `12.50` and `012.5` are the same amount; null where nothing is known of it. A number
 * lost digits already.
 */
export function decimal(text) {
  if (text === null) return null
  if (typeof text !== 'string' || !/^-?\d+(\.\d+)?$/.test(text)) {
    throw new TypeError(`not a decimal number in a string: ${JSON.stringify(text)}`)
  }
  const [, sign, digits, fraction = ''] = /^(-?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(text)
  const amount = fraction === '' ? digits : `${digits}.${fraction}`
  return amount === '0' ? '0' : `${sign}${amount}`
}

/** The first key column in an opaque id of the gateway, which is the row's uuid. */
export function rowId(id) {
  return Buffer.from(id, 'base64url').toString().split('\n')[1]
}

/** Groups in one order, whoever sorted them how. */
export function sortedGroups(groups) {
  const key = ({ toolId, month }) => `${toolId} ${month}`
  return [...groups].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
