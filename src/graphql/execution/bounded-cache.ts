import { LRUCache } from 'lru-cache'

/** Characters of source text that an entry may stand for on average: what is made of it is many times as large. */
const AVERAGE_LENGTH = 1_024

/**
 * A cache of what was made from texts: bounded in entries and in characters, so that long texts leave room for fewer.
 * Those used last stay.
 */
export function boundedCache<Value extends object | string>(
  entries: number,
  lengthOf: (value: Value, key: string) => number,
): LRUCache<string, Value> {
  return new LRUCache({
    max: entries,
    maxSize: entries * AVERAGE_LENGTH,
    sizeCalculation: (value, key) => Math.max(1, lengthOf(value, key)),
  })
}
