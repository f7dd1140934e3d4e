import { randomBytes } from 'node:crypto'

declare const brand: unique symbol

/**
 * A validated name of a spare schema and of the role that keeps its grants. Like a tenant's it may stand in SQL text as
 * it is; no tenant's schema has such a name.
 */
export type SpareName = string & { readonly [brand]: 'SpareName' }

const PATTERN = /^spare_[0-9a-f]{16}$/

export function isSpareName(value: string): value is SpareName {
  return PATTERN.test(value)
}

/** Throws TypeError: such names are made here and nowhere else. */
export function parseSpareName(value: string): SpareName {
  if (isSpareName(value)) return value
  throw new TypeError(`not the name of a spare schema: ${JSON.stringify(value)}`)
}

/** A name no other spare has, in any database of the cluster. */
export function newSpareName(): SpareName {
  return parseSpareName(`spare_${randomBytes(8).toString('hex')}`)
}
