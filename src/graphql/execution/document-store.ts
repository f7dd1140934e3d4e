import type { DocumentNode } from 'graphql'
import { boundedCache } from './bounded-cache.js'

/** What Apollo Server asks of a store, here in memory. */
export interface BoundedStore<Value> {
  get(key: string): Promise<Value | undefined>
  set(key: string, value: Value): Promise<void>
  delete(key: string): Promise<boolean>
}

/** Keeps the documents asked for last, parsed and validated. */
export function documentStore(capacity: number): BoundedStore<DocumentNode> {
  const cache = boundedCache<DocumentNode>(capacity, lengthOfDocument)
  return {
    get: async (key) => cache.get(key),
    set: async (key, document) => void cache.set(key, document),
    delete: async (key) => cache.delete(key),
  }
}

/** Characters of the text a document was parsed from. */
export function lengthOfDocument({ loc }: DocumentNode): number {
  return loc?.end ?? 0
}
