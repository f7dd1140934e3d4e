import { createHash } from 'node:crypto'
import { AppError } from '../errors.js'

declare const brand: unique symbol
/** An opaque position in one list: order and filter it belongs to, and the sort values of a row. */
export type Cursor = string & { readonly [brand]: 'Cursor' }

const VERSION = 1

/** A short name of a type, an order and a filter; a cursor carries it and is refused elsewhere. */
export function listFingerprint(type: string, order: unknown, filter: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([type, order, filter]))
    .digest('base64url')
    .slice(0, 12)
}

export function encodeCursor(fingerprint: string, values: readonly (string | null)[]): Cursor {
  return Buffer.from(JSON.stringify([VERSION, fingerprint, ...values])).toString('base64url') as Cursor
}

/** The sort values in a cursor. Throws BAD_USER_INPUT when it is garbage or belongs to another list. */
export function decodeCursor(
  cursor: string,
  fingerprint: string,
  length: number,
  argument: 'after' | 'before',
): readonly (string | null)[] {
  const [version, of, ...values] = parse(cursor, argument)
  if (version !== VERSION)
    throw refused(argument, 'is of another version of this API; start from the first page')
  if (of !== fingerprint) {
    throw refused(
      argument,
      'belongs to another list, or to one with another order or filter; send the order and filter it came from',
    )
  }
  const wellFormed = values.length === length && values.every((v) => v === null || typeof v === 'string')
  if (!wellFormed) throw refused(argument, 'is not a cursor of this API')
  return values as (string | null)[]
}

function parse(cursor: string, argument: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(parsed)) return parsed
  } catch {
    // Not base64url of JSON: refused below like any other garbage.
  }
  throw refused(argument, 'is not a cursor of this API')
}

function refused(argument: string, reason: string): AppError {
  return new AppError('BAD_USER_INPUT', `The cursor in ${argument} ${reason}.`, { field: argument })
}
