import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { AppError } from '../../errors.js'
import { boundedCache } from './bounded-cache.js'
import type { BoundedStore } from './document-store.js'

/** Documents by their hash, which a front end's build writes and the gateway trusts. */
export type Manifest = ReadonlyMap<string, string>

export interface PersistedDocumentsOptions {
  readonly manifest?: Manifest | undefined
  /** Whether nothing but the manifest is served. */
  readonly only?: boolean
  /** Documents that clients registered themselves and that are remembered. */
  readonly capacity: number
}

/** How a client names a document: https://www.apollographql.com/docs/apollo-server/performance/apq */
export interface DocumentName {
  readonly query: string | undefined
  /** `extensions.persistedQuery.sha256Hash`. */
  readonly hash: string | undefined
}

/** Apollo Server puts it before the hashes it asks a store for. */
const STORE_PREFIX = 'apq:'

const manifestSchema = z.record(z.string().regex(/^[0-9a-f]{64}$/), z.string())

/** SHA-256 of a document's text in hexadecimal. */
export function hashOfDocument(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/**
 * Reads a manifest, and checks every hash.
 *
 * @throws {Error} naming the file and what is wrong with it
 */
export async function readManifest(file: string): Promise<Manifest> {
  const parsed = manifestSchema.safeParse(await readJson(file))
  if (!parsed.success) throw new Error(`${file} is not a JSON object of documents by their SHA-256 hash.`)
  const manifest = new Map(Object.entries(parsed.data))
  for (const [hash, text] of manifest) {
    if (hashOfDocument(text) !== hash) {
      throw new Error(`${file} is not right: ${hash} is not the SHA-256 hash of its document.`)
    }
  }
  return manifest
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON.`, { cause })
  }
}

/** The documents that clients may name by their hash: those of the manifest, and those they registered themselves. */
export class PersistedDocuments {
  readonly #manifest: Manifest
  readonly #only: boolean
  readonly #registered: LRUCache<string, string>

  constructor({ manifest = new Map(), only = false, capacity }: PersistedDocumentsOptions) {
    this.#manifest = manifest
    this.#only = only
    this.#registered = boundedCache(capacity, (text) => text.length)
  }

  /** The store behind Apollo Server's automatic persisted queries. */
  get store(): BoundedStore<string> {
    return {
      get: async (key) => this.#text(key.slice(STORE_PREFIX.length)),
      set: async (key, text) => {
        if (!this.#only) this.#registered.set(key.slice(STORE_PREFIX.length), text)
      },
      delete: async (key) => this.#registered.delete(key.slice(STORE_PREFIX.length)),
    }
  }

  /**
   * The text of the document that is meant; undefined when it is not known yet.
   *
   * @throws {AppError} PERSISTED_QUERY_ONLY when it is none of the manifest and nothing else is served
   */
  textOf({ query, hash }: DocumentName): string | undefined {
    if (!this.#only) return query ?? (hash === undefined ? undefined : this.#text(hash))
    const trusted = this.#manifest.get(query === undefined ? (hash ?? '') : hashOfDocument(query))
    if (trusted !== undefined) return trusted
    throw new AppError(
      'PERSISTED_QUERY_ONLY',
      'Only documents that were registered when the gateway was set up are served. Name one of them by its SHA-256 hash.',
    )
  }

  /**
   * The same where no protocol asks for the document once more: a hash that is not known is refused.
   *
   * @throws {AppError} PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_ONLY
   */
  requireText(name: DocumentName): string | undefined {
    const text = this.textOf(name)
    if (text !== undefined || name.hash === undefined) return text
    throw new AppError('PERSISTED_QUERY_NOT_FOUND', 'No document has this hash. Send it as text in query.')
  }

  #text(hash: string): string | undefined {
    return this.#manifest.get(hash) ?? this.#registered.get(hash)
  }
}
