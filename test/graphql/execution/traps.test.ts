import {
  GraphQLEnumType,
  GraphQLError,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfig,
} from 'graphql'
import { GraphQLJSONObject } from 'graphql-scalars'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../src/errors.js'
import { Oracle } from './oracle.js'

const Loud = new GraphQLScalarType<string, string>({
  name: 'Loud',
  serialize: (value) => {
    if (value === 'broken') throw new GraphQLError('It cannot be written.')
    return String(value).toUpperCase()
  },
  parseValue: (value) => String(value).toLowerCase(),
})

const Size = new GraphQLEnumType({ name: 'Size', values: { SMALL: { value: 's' }, LARGE: { value: 'l' } } })

const Choice: GraphQLInputObjectType = new GraphQLInputObjectType({
  name: 'Choice',
  fields: () => ({
    name: { type: GraphQLString },
    size: { type: Size, defaultValue: 'l' },
    loud: { type: Loud },
    number: { type: GraphQLInt },
    or: { type: new GraphQLList(new GraphQLNonNull(Choice)) },
    required: { type: GraphQLInt },
  }),
})

const later = async <Value>(value: Value): Promise<Value> => {
  await new Promise((resolve) => setImmediate(resolve))
  return value
}
const failLater = async (error: unknown): Promise<never> => {
  await later(null)
  throw error
}
const conflict = (): AppError => new AppError('CONFLICT', 'It is in use.', { field: 'name' })

/** Shows what arrived, keys without a value included; the order of arguments means nothing. */
const echo: GraphQLFieldConfig<unknown, unknown> = {
  type: GraphQLString,
  args: {
    choice: { type: Choice },
    choices: { type: new GraphQLList(Choice) },
    size: { type: Size, defaultValue: 's' },
    text: { type: GraphQLString },
    loud: { type: Loud },
    json: { type: GraphQLJSONObject },
    count: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 7 },
  },
  resolve: (_source, args: object) =>
    JSON.stringify(Object.entries(args).sort(), (_key, value: unknown) =>
      value === undefined ? 'undefined' : value,
    ),
}

const Thing: GraphQLObjectType = new GraphQLObjectType<Record<string, unknown>>({
  name: 'Thing',
  fields: () => ({
    echo,
    name: { type: GraphQLString },
    sure: { type: new GraphQLNonNull(GraphQLString) },
    size: { type: Size },
    loud: { type: Loud },
    count: { type: GraphQLInt },
    self: { type: Thing, resolve: (thing) => later(thing) },
    parts: { type: new GraphQLList(new GraphQLNonNull(Thing)), resolve: ({ parts }) => later(parts) },
    maybes: { type: new GraphQLList(Thing) },
    throwsNow: {
      type: GraphQLString,
      resolve: () => {
        throw conflict()
      },
    },
    throwsLater: { type: GraphQLString, resolve: () => failLater(conflict()) },
    throwsText: { type: GraphQLString, resolve: () => failLater('only text') },
    returnsError: { type: GraphQLString, resolve: () => conflict() },
    returnsErrorLater: { type: GraphQLString, resolve: () => later(conflict()) },
    located: {
      type: GraphQLString,
      resolve: () => failLater(new GraphQLError('There.', { extensions: { code: 'FORBIDDEN' } })),
    },
    sureNow: {
      type: new GraphQLNonNull(GraphQLString),
      resolve: () => {
        throw conflict()
      },
    },
    sureLater: { type: new GraphQLNonNull(GraphQLString), resolve: () => failLater(conflict()) },
    sureNull: { type: new GraphQLNonNull(GraphQLString), resolve: () => later(null) },
    sureSelf: { type: new GraphQLNonNull(Thing), resolve: (thing) => later(thing) },
    place: { type: GraphQLString, resolve: (_s, _a, _c, info) => `${info.fieldName} ${info.path.key}` },
    below: {
      type: Thing,
      resolve: (thing, _a, _c, info) => ({
        ...thing,
        name: info.fieldNodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []).length,
      }),
    },
  }),
})

const Animal: GraphQLInterfaceType = new GraphQLInterfaceType({
  name: 'Animal',
  fields: { name: { type: GraphQLString } },
  resolveType: async ({ kind }: { kind: string }) => later(kind),
})
const animal = (name: string) =>
  new GraphQLObjectType({ name, interfaces: [Animal], fields: { name: { type: GraphQLString } } })

const thing = {
  name: 'one',
  size: 's',
  loud: 'quiet',
  count: 3,
  parts: [{ name: 'a', sure: 'yes' }, { name: 'b' }, { name: 'c', loud: 'broken', count: 1.5 }],
  maybes: [null, { name: 'x' }, conflict()],
}

const written: string[] = []
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      echo,
      thing: { type: Thing, resolve: () => later(thing) },
      nothing: { type: Thing, resolve: () => null },
      sureThing: { type: new GraphQLNonNull(Thing), resolve: () => later(thing) },
      broken: { type: Loud, resolve: () => 'broken' },
      wrongSize: { type: Size, resolve: () => 'xxl' },
      animals: {
        type: new GraphQLList(Animal),
        resolve: () => [
          { kind: 'Cat', name: 'Tom' },
          { kind: 'Dog', name: 'Rex' },
        ],
      },
    },
  }),
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: {
      write: {
        type: Thing,
        args: { text: { type: new GraphQLNonNull(GraphQLString), defaultValue: 'none' } },
        resolve: async (_source, { text }: { text: string }) => {
          await later(null)
          written.push(text)
          if (text === 'bad') throw conflict()
          return { ...thing, name: written.join() }
        },
      },
    },
  }),
  types: [animal('Cat'), animal('Dog')],
})

const oracle = new Oracle(schema, async (work) => {
  written.length = 0
  return work({})
})

describe('compiled code answers as graphql-js does', () => {
  const parts = [
    'name',
    'throwsNow',
    'throwsLater',
    'throwsText',
    'returnsError',
    'returnsErrorLater',
    'located',
  ]
  const nested = [
    ...parts,
    'sure',
    'sureNow',
    'sureLater',
    'sureNull',
    'loud',
    'count',
    'maybes { name loud }',
  ]

  test.each(nested)('when a field deep inside is or fails as %s', async (field) => {
    const query = `{ thing { name self { ${field} parts { name again: self { ${field} } } sureSelf { ${field} } } } echo }`
    expect(await oracle.compare({ query })).toMatchObject({ compiled: true })
  })

  test.each([
    '{ broken wrongSize }',
    '{ nothing { name } }',
    '{ sureThing { sureNull } echo }',
    '{ thing { maybes { name } } }',
  ])('when values cannot be written or are missing: %s', async (query) => {
    expect((await oracle.compare({ query })).compiled).toBe(true)
  })

  test('for fragments, aliases and fields selected several times', async () => {
    const query = `{
      thing { ...A ... { name } ... on Thing { twin: self { ...B } } self { name } below { name size } below { count } }
    } fragment A on Thing { name self { size ...B } place } fragment B on Thing { loud where: place __typename }`
    expect((await oracle.compare({ query })).compiled).toBe(true)
  })

  test.each([
    [{ a: true, b: true }],
    [{ a: true, b: false }],
    [{ a: false, b: true }],
    [{ a: false, b: false }],
  ])('for @skip and @include with %j, on fragments used in several places too', async (variables) => {
    const query = `query ($a: Boolean!, $b: Boolean!) {
        thing { ...A @include(if: $a) self { ...A name @skip(if: $b) } ... @skip(if: $a) @include(if: $b) { size } }
        echo @skip(if: true) other: echo @include(if: $b)
        nothing { name @include(if: $a) }
      } fragment A on Thing { name @include(if: $b) size parts { name @skip(if: $a) } }`
    expect((await oracle.compare({ query, variables })).compiled).toBe(true)
  })

  test('with an empty selection that a directive left over', async () => {
    const query = 'query ($a: Boolean = false) { thing { name @include(if: $a) } }'
    expect((await oracle.compare({ query })).answer).toMatchObject({ data: { thing: {} } })
    expect((await oracle.compare({ query, variables: { a: true } })).answer).toMatchObject({
      data: { thing: { name: 'one' } },
    })
  })

  test.each([
    {},
    { text: null },
    { text: 'a', number: 5, size: 'LARGE', loud: 'ABC', choice: { or: [{ name: 'n' }, { size: null }] } },
    { choice: { name: null, or: [] }, count: 9 },
  ])('for variables, given or left out, wherever they stand: %j', async (variables) => {
    const query = `query ($text: String, $number: Int, $size: Size, $loud: Loud, $choice: Choice, $json: JSONObject, $count: Int = 4) {
      a: echo(text: $text, size: $size, loud: $loud, choice: $choice, json: $json, count: $count)
      b: echo(choice: { name: $text, number: $number, size: $size, loud: $loud, or: [{ number: $number }, { name: "x" }] })
      c: echo(choices: [{ name: $text }, $choice, null], json: { deep: { text: $text, list: [1, $number, null] } })
    }`
    expect((await oracle.compare({ query, variables })).compiled).toBe(true)
  })

  test('for literals of every kind', async () => {
    const query = `{
      a: echo(text: "quote \\" slash \\\\ line \\u2028 \\u0000", count: -3, size: LARGE, loud: "SHOUT", choice: { or: { name: "one" } })
      b: echo(text: null, size: null, choice: null, choices: { name: """block""" }, json: { a: 1.5, b: [true, null], c: "d" })
    }`
    expect((await oracle.compare({ query })).compiled).toBe(true)
  })

  test('for a null that stands where none may', async () => {
    const query = 'query ($n: Int = 1) { echo(count: $n) thing { echo(count: $n) name } }'
    const { compiled, answer } = await oracle.compare({ query, variables: { n: null } })
    expect(compiled).toBe(true)
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }, {}] })
  })

  test('for several operations in one document', async () => {
    const query =
      'query A($t: String) { echo(text: $t) } query B { thing { ...F } } fragment F on Thing { name }'
    expect((await oracle.compare({ query, operationName: 'A', variables: { t: 'x' } })).compiled).toBe(true)
    expect((await oracle.compare({ query, operationName: 'B' })).compiled).toBe(true)
  })

  test('for one mutation', async () => {
    for (const text of ['good', 'bad']) {
      const query = `mutation { write(text: "${text}") { name self { throwsLater } } }`
      expect((await oracle.compare({ query })).compiled).toBe(true)
    }
  })
})

describe('graphql-js executes', () => {
  test.each([
    ['interfaces, whose type may be found out later', '{ animals { __typename name ... on Cat { name } } }'],
    ['names that JavaScript gives a meaning', '{ __proto__: echo thing { __proto__: name } }'],
    ['keys that the compiler would mix up', '{ thing { self { name } } self_thing: echo }'],
    ['introspection', '{ __schema { queryType { name } } __type(name: "Thing") { name } }'],
    [
      'several mutations, one after the other',
      'mutation { a: write(text: "1") { name } b: write(text: "bad") { name } c: write { name } }',
    ],
  ])('%s', async (_what, query) => {
    expect((await oracle.compare({ query })).compiled).toBe(false)
  })

  test('variables that cannot be coerced', async () => {
    const query = 'query ($n: Int!) { echo(count: $n) }'
    for (const variables of [{}, { n: 'five' }, { n: null }]) {
      const { compiled, answer } = await oracle.compare({ query, variables })
      expect(compiled).toBe(false)
      expect(answer).toMatchObject({ data: undefined, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    }
  })

  test('what is asked for the first time', async () => {
    const { CompiledOperations } = await import('../../../src/graphql/execution/compiled-operations.js')
    const { parse } = await import('graphql')
    const operations = new CompiledOperations(schema, 10)
    const request = {
      key: 'k',
      document: parse('{ echo }'),
      operationName: undefined,
      variables: {},
      context: {},
    }
    expect(await operations.execute(request)).toBeUndefined()
    expect(await operations.execute(request)).toBeDefined()
  })
})

test('no value of a client becomes code', async () => {
  const marker = globalThis as { intruder?: boolean }
  const attack = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74dglobalThis.intruder=true'
  const query = `query ($v: String = "${attack}") { a: echo(text: "${attack}") b: echo(json: { k: "${attack}" }) c: echo(text: $v) }`
  const { compiled, answer } = await oracle.compare({ query })
  expect(compiled).toBe(true)
  expect(JSON.stringify(answer)).toContain('globalThis.intruder')
  expect(marker.intruder).toBeUndefined()
})
