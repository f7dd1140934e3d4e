import { AppError } from '../errors.js'

/** Where an event stands in its organization's order of commits. */
export interface EventPosition {
  /** `xid8` of the transaction that wrote it. */
  readonly transactionId: bigint
  /** Orders the events of one transaction. */
  readonly id: string
  /** For an event that announces several objects: the one that was reached. */
  readonly within?: string | undefined
}

const VERSION = '1'
const LARGEST_TRANSACTION_ID = 2n ** 64n - 1n
const FIRST_ID = '00000000-0000-0000-0000-000000000000'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The position before every event of a transaction and of all that follow it. */
export function before(transactionId: bigint): EventPosition {
  return { transactionId, id: FIRST_ID }
}

/** False for a position that stands between events. */
export function isOfEvent({ id }: EventPosition): boolean {
  return id !== FIRST_ID
}

/** Negative, zero or positive, as in sorting; what lies within an event does not count. */
export function comparePositions(a: EventPosition, b: EventPosition): number {
  if (a.transactionId !== b.transactionId) return a.transactionId < b.transactionId ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

/** An opaque text from which a client resumes. */
export function encodePosition({ transactionId, id, within }: EventPosition): string {
  const parts = [VERSION, transactionId, id, ...(within === undefined ? [] : [within])]
  return Buffer.from(parts.join('\n')).toString('base64url')
}

/** Reads what {@link encodePosition} wrote. Throws BAD_USER_INPUT, naming `after`. */
export function decodePosition(text: string): EventPosition {
  const parts = Buffer.from(text, 'base64url').toString('latin1').split('\n')
  const [version, transaction = '', id = '', within, ...rest] = parts
  const isSound =
    version === VERSION &&
    /^\d{1,20}$/.test(transaction) &&
    BigInt(transaction) <= LARGEST_TRANSACTION_ID &&
    UUID.test(id) &&
    (within === undefined || UUID.test(within)) &&
    rest.length === 0
  if (isSound) return { transactionId: BigInt(transaction), id, ...(within === undefined ? {} : { within }) }
  throw new AppError('BAD_USER_INPUT', 'after must be the cursor of an event; it is none of this API.', {
    field: 'after',
  })
}
