import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvHeading, csvLine, csvRow } from '../../../src/http/tabular/csv.js'
import { rowStream } from '../../../src/http/tabular/open-table.js'
import { tableFormatOf } from '../../../src/http/tabular/table-format.js'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', '=', '-', '+', '@', '\t', 'ä', ' ', "'") }),
)

/** Any reader of RFC 4180. */
const read = (csv: string): string[][] => parse(csv, { record_delimiter: '\r\n', relax_column_count: true })

test('any table is read back by another program, cell by cell', () => {
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((width) =>
      fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
    )
  fc.assert(
    fc.property(table, (rows) => {
      const csv = rows.map((row) => csvLine(row.map((value) => ({ value, isText: false })))).join('')
      expect(read(csv)).toEqual(rows)
    }),
  )
})

test('no text begins like a formula, and every other text is as it was', () => {
  fc.assert(
    fc.property(text, (value) => {
      const [[cell]] = read(csvLine([{ value, isText: true }])) as [[string]]
      expect(cell).toMatch(/^($|[^=+\-@\t\r\n])/)
      expect([value, `'${value}`]).toContain(cell)
      if (!/^[=+\-@\t\r\n]/.test(value)) expect(cell).toBe(value)
    }),
  )
})

test.each([
  [null, true, ''],
  [undefined, true, ''],
  ['', true, '""'],
  ['=1+1', true, "'=1+1"],
  ['-12.5', false, '-12.5'],
  [-3, false, '-3'],
  [false, false, 'false'],
  [['a', 'b"'], true, '"[""a"",""b\\""""]"'],
  [{ a: 1 }, true, '"{""a"":1}"'],
])('%j is written as it has to be', (value, isText, cell) => {
  expect(csvLine([{ value, isText }])).toBe(`${cell}\r\n`)
})

test('a row is read along its columns, and nothing below nothing is nothing', () => {
  const columns = [
    { path: ['id'], isText: true },
    { path: ['user', 'team', 'name'], isText: true },
  ]
  expect(csvHeading(columns)).toBe('id,user.team.name\r\n')
  expect(csvRow(columns, { id: 'a', user: { team: { name: 'Legal' } } })).toBe('a,Legal\r\n')
  expect(csvRow(columns, { id: 'b', user: null })).toBe('b,\r\n')
})

describe('a client gets a table', () => {
  test.each([
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8', 'csv'],
    ['text/csv, application/json;q=0.9', 'csv'],
    ['application/json;q=0.5, application/x-ndjson', 'ndjson'],
    ['application/json, text/csv;q=0.9', undefined],
    ['application/json, text/csv', undefined],
    ['text/csv;q=0', undefined],
    ['*/*', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('for accept: %s as %s', (accept, format) => {
    expect(tableFormatOf(accept)).toBe(format)
  })
})

describe('a stream of rows', () => {
  const texts = async function* (closed: { yes: boolean }, ...parts: string[]) {
    try {
      yield* parts
    } finally {
      closed.yes = true
    }
  }

  test('holds all texts, also past empty ones', async () => {
    const closed = { yes: false }
    const chunks: string[] = []
    for await (const chunk of rowStream(texts(closed, '', 'a', '', '', 'b', ''), 1_000))
      chunks.push(String(chunk))
    expect([chunks.join(''), closed.yes]).toEqual(['ab', true])
  })

  test('breaks off when nobody reads on, and lets go of what it reads from', async () => {
    const closed = { yes: false }
    const stream = rowStream(texts(closed, 'a', 'b', 'c'), 5)
    stream.read(0)
    const error = await new Promise<Error>((resolve) => stream.once('error', resolve))
    expect(error.message).toBe('the client does not read on')
    await new Promise((resolve) => (stream.closed ? resolve(null) : stream.once('close', resolve)))
    expect(closed.yes).toBe(true)
  })
})
