import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linesOf } from '../../../src/modules/usage/import/lines.js'
import { RepeatIndex } from '../../../src/modules/usage/import/repeat-index.js'
import { RowSpool } from '../../../src/modules/usage/import/row-spool.js'

let directory: string
let files = 0
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orgscope-test-import-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const newPath = (): string => join(directory, String(++files))

/** A digest of its own for each number, spread over all bytes. */
function digestOf(value: number): string {
  return Buffer.from([value, value >> 8, value >> 16, ...Array<number>(13).fill(value * 31)]).toString(
    'latin1',
  )
}

function ordinalsOf(values: readonly number[]): number[] {
  const index = new RepeatIndex(newPath())
  const ordinals = values.map(() => 0)
  values.forEach((value, row) => index.add(digestOf(value), row))
  index.forEachRepeat((row, ordinal) => (ordinals[row] = ordinal))
  index.close()
  return ordinals
}

function countedInMemory(values: readonly number[]): number[] {
  const seen = new Map<number, number>()
  return values.map((value) => {
    const before = seen.get(value) ?? 0
    seen.set(value, before + 1)
    return before
  })
}

test('repeats found on disk are those a table in memory would find', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }), (values) => {
      expect(ordinalsOf(values)).toEqual(countedInMemory(values))
    }),
  )
})

test('repeats are found over many blocks of one partition and of all', () => {
  const one = Array.from({ length: 3_000 }, (_, row) => (row % 700) * 256)
  const all = Array.from({ length: 100_000 }, (_, row) => (row * 7919) % 60_000)
  for (const values of [one, all, Array<number>(2_000).fill(5)]) {
    expect(ordinalsOf(values)).toEqual(countedInMemory(values))
  }
})

test('rows come back from disk in their order, with the ordinals they were given', () => {
  const rows = Array.from({ length: 45_000 }, (_, row) => ({
    at: 1_700_000_000_123_456 + row,
    inputTokens: Number.MAX_SAFE_INTEGER - row,
    outputTokens: row,
    line: row + 2,
    digest: digestOf(row),
  }))
  const spool = new RowSpool(newPath())
  rows.forEach((row) => spool.append(row))
  spool.flush()
  spool.setOrdinal(7, 3)
  spool.setOrdinal(44_999, 4_000_000_000)
  const back = [...spool.batches(1_000)].flat()
  spool.close()
  expect(back).toEqual(
    rows.map((row, index) => ({ ...row, ordinal: index === 7 ? 3 : index === 44_999 ? 4_000_000_000 : 0 })),
  )
})

async function lines(
  chunks: readonly Buffer[],
  longest = 1_000,
): Promise<{ number: number; text: string }[]> {
  async function* source(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield await Promise.resolve(chunk)
  }
  const all = []
  for await (const group of linesOf(source(), longest)) all.push(...group)
  return all
}

test('lines do not depend on where the chunks end', async () => {
  const texts = fc.array(fc.constantFrom('', 'a', 'äöü', '😀x', 'long '.repeat(10), '"'), { maxLength: 12 })
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom('\n', '\r\n'), sizes, async (parts, end, cuts) => {
      const bytes = Buffer.from(parts.map((part) => part + end).join(''))
      const chunks: Buffer[] = []
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const size = cuts[cut % cuts.length]!
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(await lines(chunks)).toEqual(parts.map((text, index) => ({ number: index + 1, text })))
    }),
  )
})

test('a last line needs no line break, and a byte order mark is no part of the first', async () => {
  expect(await lines([Buffer.from('\ufeffa\nb')])).toEqual([
    { number: 1, text: 'a' },
    { number: 2, text: 'b' },
  ])
  expect(await lines([Buffer.from('\ufeffonly')])).toEqual([{ number: 1, text: 'only' }])
})

test('an endless line is cut and the line after it is whole', async () => {
  const endless = Array.from({ length: 50 }, () => Buffer.alloc(1_000, 'x'))
  const read = await lines([Buffer.from('first\n'), ...endless, Buffer.from('\nlast')], 1_000)
  expect(read.map(({ number, text }) => [number, text.length])).toEqual([
    [1, 5],
    [2, 1_000],
    [3, 4],
  ])
})
