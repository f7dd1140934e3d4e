import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTimestamp, parseBound, parseTimestamp } from '../../src/database/timestamp.js'
import { uuidV7 } from '../../src/database/uuid-v7.js'

const moment = fc.integer({ min: 0, max: Date.parse('2199-12-31T23:59:59Z') * 1000 })

test('a moment written and read again is the same moment', () => {
  fc.assert(fc.property(moment, (at) => parseTimestamp(formatTimestamp(at)) === at))
})

test('a moment is the same in every offset', () => {
  expect(parseTimestamp('2024-03-05T11:20:30.123456+01:00')).toBe(
    parseTimestamp('2024-03-05T10:20:30.123456Z'),
  )
  expect(parseTimestamp('2024-03-04T23:50:30-10:30')).toBe(parseTimestamp('2024-03-05T10:20:30Z'))
})

test('decimals behind the sixth are cut, not rounded', () => {
  expect(parseTimestamp('2023-12-31T23:59:59.9999999Z')).toBe(Date.parse('2024-01-01T00:00:00Z') * 1000 - 1)
})

test.each([
  '2024-02-30T00:00:00Z',
  '2023-02-29T00:00:00Z',
  '2024-01-01T24:00:00Z',
  '2024-01-01T00:60:00Z',
  '2024-01-01T00:00:00',
  '2024-01-01',
  '2024-01-01T00:00:00+25:00',
  'yesterday',
  '',
])('%j is no moment', (text) => {
  expect(parseTimestamp(text)).toBeUndefined()
})

test('the infinities of Postgres are bounds', () => {
  expect(parseBound('-infinity', 0)).toBe(-Infinity)
  expect(parseBound('infinity', 0)).toBe(Infinity)
  expect(parseBound(null, 7)).toBe(7)
})

test('ids made here are of version 7, unique, and in the order of their making', () => {
  const ids = Array.from({ length: 20_000 }, uuidV7)
  expect(
    ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
  ).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
  const milliseconds = parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)
  expect(Math.abs(Date.now() - milliseconds)).toBeLessThan(60_000)
})
