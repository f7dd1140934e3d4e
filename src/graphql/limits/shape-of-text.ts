import { parse } from 'graphql'
import type { LRUCache } from 'lru-cache'
import { boundedCache } from '../execution/bounded-cache.js'
import { shapeOf, type DocumentShape } from './document-shape.js'

/** Measures documents by their text and remembers what it found. */
export class ShapeOfText {
  readonly #known: LRUCache<string, DocumentShape>
  readonly #maxTokens: number

  constructor(capacity: number, maxTokens: number) {
    this.#known = boundedCache(capacity, (_shape, text) => text.length)
    this.#maxTokens = maxTokens
  }

  /** The shape of a document; undefined when it cannot be parsed, which is for others to tell. */
  of(text: string): DocumentShape | undefined {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const shape = this.#measure(text)
    if (shape !== undefined) this.#known.set(text, shape)
    return shape
  }

  #measure(text: string): DocumentShape | undefined {
    try {
      return shapeOf(parse(text, { maxTokens: this.#maxTokens, noLocation: true }))
    } catch {
      return undefined
    }
  }
}
