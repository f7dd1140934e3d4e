import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePositions, decodePosition, encodePosition } from '../../src/events/event-position.js'
import { isVisible, parseSnapshot } from '../../src/events/snapshot.js'

const transactionId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const uuid = fc.uuid().map((id) => id.toLowerCase())
const position = fc.record(
  { transactionId, id: uuid, within: uuid },
  { requiredKeys: ['transactionId', 'id'] },
)

test('a position is read as it was written', () => {
  fc.assert(
    fc.property(position, (given) => {
      expect(decodePosition(encodePosition(given))).toEqual(given)
    }),
  )
})

test('text that is no position is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      expect(() => decodePosition(text)).toThrow('after must be the cursor of an event')
    }),
  )
})

test('positions are in order of transactions, then of ids', () => {
  fc.assert(
    fc.property(position, position, (a, b) => {
      const order = comparePositions(a, b)
      expect(comparePositions(b, a)).toBe(order === 0 ? 0 : -order)
      if (a.transactionId < b.transactionId) expect(order).toBe(-1)
      if (a.transactionId === b.transactionId && a.id < b.id) expect(order).toBe(-1)
    }),
  )
})

test('a snapshot sees what had ended, and nothing of what was running or had not begun', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.bigInt({ min: 3n, max: 60n }), { maxLength: 10 }),
      fc.bigInt({ min: 60n, max: 70n }),
      fc.bigInt({ min: 0n, max: 80n }),
      (unsorted, xmax, asked) => {
        const running = unsorted.filter((id) => id < xmax).sort((a, b) => (a < b ? -1 : 1))
        const xmin = running[0] ?? xmax
        const snapshot = parseSnapshot(`${xmin}:${xmax}:${running.join()}`)
        expect(isVisible(snapshot, asked)).toBe(asked < xmax && !running.includes(asked))
      },
    ),
  )
})
