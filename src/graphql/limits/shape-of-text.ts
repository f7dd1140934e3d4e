import { parse } from 'graphql'
import type { LRUCache } from 'lru-cache'
import { boundedCache } from '../execution/bounded-cache.js'
import { AppError } from '../../errors.js'
import { requireShape, shapeOf, type DocumentShape } from './document-shape.js'
import type { Limits } from './limits.js'

/** Measures documents by their text and remembers what it found. */
export class ShapeOfText {
  readonly #known: LRUCache<string, DocumentShape>
  readonly #maxTokens: number

  constructor(capacity: number, maxTokens: number) {
    this.#known = boundedCache(capacity, (_shape, text) => text.length)
    this.#maxTokens = maxTokens
  }

  /**
   * Throws LIMIT_EXCEEDED when a document asks for too much by its form. What cannot be parsed is for others to tell.
   */
  require(text: string, limits: Limits): void {
    let shape = this.#known.get(text)
    if (shape === undefined) {
      shape = this.#measure(text, limits)
      if (shape === undefined) return
      this.#known.set(text, shape)
    }
    requireShape(shape, limits)
  }

  #measure(text: string, limits: Limits): DocumentShape | undefined {
    try {
      return shapeOf(parse(text, { maxTokens: this.#maxTokens, noLocation: true }))
    } catch (error) {
      // The parser calls itself for every level.
      if (error instanceof RangeError) throw tooDeep(limits)
      return undefined
    }
  }
}

function tooDeep({ queryDepth: allowed }: Limits): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `The query nests deeper than it can be read; at most ${allowed} levels are served.`,
    {
      limit: 'queryDepth',
      allowed,
      asked: `more than ${allowed}`,
    },
  )
}
