import fc from 'fast-check'
import { parse } from 'graphql'
import { describe, expect, test } from 'vitest'
import { shapeOf } from '../../../src/graphql/limits/document-shape.js'

const shape = (text: string) => shapeOf(parse(text))

describe('the shape of a document', () => {
  test('counts levels, names given, fields at the top, directives and fields', () => {
    expect(shape('{ a b: c { d @skip(if: true) { e: f } } ... @include(if: true) { g } }')).toEqual({
      queryDepth: 3,
      queryAliases: 2,
      rootFields: 3,
      queryDirectives: 2,
      queryFields: 5,
    })
  })

  test('counts a field that is selected again like one that is renamed', () => {
    expect(shape(`{ ${'a '.repeat(500)} }`).queryAliases).toBe(499)
  })

  test('counts what a fragment holds wherever it is spread', () => {
    const { queryFields, queryAliases, rootFields, queryDepth } = shape(
      '{ ...F ...F x { ...F } } fragment F on Q { a: b { c } d }',
    )
    expect({ queryFields, queryAliases, rootFields, queryDepth }).toEqual({
      queryFields: 10,
      queryAliases: 3,
      rootFields: 5,
      queryDepth: 3,
    })
  })

  test('takes the most of each of several operations', () => {
    expect(shape('query A { a { b { c } } } query B { d e f }')).toMatchObject({
      queryDepth: 3,
      rootFields: 3,
    })
  })

  test('does not count the levels of introspection, which has a rule of its own', () => {
    expect(shape('{ __schema { types { fields { type { name } } } } }').queryDepth).toBe(1)
  })

  test('is found at once for fragments that double forty times, and for circles', () => {
    const doubling = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Q { ...F${n + 1} ...F${n + 1} }`)
    expect(shape(`{ ...F0 } ${doubling.join(' ')} fragment F40 on Q { a }`).queryFields).toBe(1e9)
    expect(shape('{ ...A } fragment A on Q { a ...B } fragment B on Q { b ...A }').queryFields).toBe(2)
  })

  test('is found for documents of hundreds of levels', () => {
    const levels = 1_000
    expect(shape(`${'{ a '.repeat(levels)}${'}'.repeat(levels)}`).queryDepth).toBe(levels)
  })

  test('is that of the same document without fragments', () => {
    fc.assert(
      fc.property(selections, (fields) => {
        const inline = write(fields, (text) => text)
        const fragments: string[] = []
        const spread = write(fields, (text) => {
          fragments.push(`fragment F${fragments.length} on Q { ${text} }`)
          return `...F${fragments.length - 1}`
        })
        expect(shape(`{ ${spread} } ${fragments.join(' ')}`)).toEqual(shape(`{ ${inline} }`))
      }),
    )
  })
})

interface Field {
  readonly name: string
  readonly below: readonly Field[]
}

/** Fields with different names, so that none is repeated. */
const { selections } = fc.letrec<{ selections: Field[] }>((tie) => ({
  selections: fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z]{1,3}(: [a-z])?$/),
      below: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.constant([]), tie('selections')),
    }),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name.split(':')[0] },
  ),
}))

function write(fields: readonly Field[], wrap: (text: string) => string): string {
  const texts = fields.map(({ name, below }) =>
    below.length === 0 ? name : `${name} { ${wrap(write(below, wrap))} }`,
  )
  return texts.join(' ')
}
