import { parseTimestamp } from '../database/timestamp.js'
import { AppError } from '../errors.js'

/** The parts of an opaque `ID`: the type's name and the row's key columns, in the order of the table's key. */
export interface GlobalId {
  readonly type: string
  readonly key: readonly string[]
}

/** Longer than any id: a type's name, a uuid and a moment. Ids are ASCII, so that a character is a byte. */
const scratch = Buffer.alloc(256)

/** `Team` and one or more key values → an opaque `ID`. */
export function encodeId(type: string, key: readonly unknown[]): string {
  let text = type
  for (const part of key) text += `\n${String(part)}`
  if (text.length > scratch.length) return Buffer.from(text).toString('base64url')
  // A buffer of its own for each of an answer's ids would take longer than encoding them.
  return scratch.toString('base64url', 0, scratch.write(text, 'latin1'))
}

/** The parts of an `ID`, or undefined when it is none. */
export function decodeId(id: string): GlobalId | undefined {
  const [type, ...key] = Buffer.from(id, 'base64url').toString('utf8').split('\n')
  if (type === undefined || !/^[A-Z][A-Za-z0-9]{0,62}$/.test(type)) return undefined
  const [first = '', ...moments] = key
  return UUID.test(first) && moments.every(isMoment) ? { type, key } : undefined
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Partitioned tables have their time in the key. */
function isMoment(part: string): boolean {
  return part.endsWith('Z') && parseTimestamp(part) !== undefined
}

/** The key of an `ID` that must be of one type. Throws BAD_USER_INPUT that says what it was instead. */
export function keyOf(id: string, type: string, field = 'id'): readonly string[] {
  const decoded = decodeId(id)
  if (decoded?.type === type) return decoded.key
  const found = decoded === undefined ? 'not an id of this API' : `the id of a ${decoded.type}`
  throw new AppError('BAD_USER_INPUT', `${field} must be the id of a ${type}; it is ${found}.`, { field })
}
