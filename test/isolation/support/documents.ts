import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'

/** An enum's word, written without quotes. */
export class Word {
  constructor(readonly word: string) {}
}

/** A value as GraphQL text. */
export function literal(value: unknown): string {
  if (value instanceof Word) return value.word
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, of]) => of !== undefined)
    return `{${fields.map(([name, of]) => `${name}: ${literal(of)}`).join(', ')}}`
  }
  return JSON.stringify(value)
}

/** `first: 3, filter: {…}` in brackets, or nothing. */
export function argumentText(values: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return given.length === 0
    ? ''
    : `(${given.map(([name, value]) => `${name}: ${literal(value)}`).join(', ')})`
}

/** Objects on a page of a list inside another. */
const INNER_PAGE = 3

/** `first`, where a field takes it. */
export function pageOf({ args }: GraphQLField<unknown, unknown>, size = INNER_PAGE): Record<string, unknown> {
  return args.some(({ name }) => name === 'first') ? { first: size } : {}
}

/**
 * Everything there is to select in a type. A type that stands above, or beside, is not entered a second time: there
 * its plain values are selected only, so that the depth is bounded by the number of types.
 */
export function selectionOf(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  above: readonly string[] = [],
): string {
  if (isLeafType(type)) return ''
  if (isAbstractType(type)) {
    const parts = schema.getPossibleTypes(type).map((each) => `... on ${each.name} ${plainSelection(each)}`)
    return `{ __typename ${parts.join(' ')} }`
  }
  if (!isObjectType(type)) throw new TypeError(`${type.name} cannot be selected from`)
  const entered = [...above, type.name]
  const fields = Object.values(type.getFields()).flatMap((field) => {
    if (field.args.some(isRequiredArgument)) return []
    const named = getNamedType(field.type)
    const head = field.name + argumentText(pageOf(field))
    if (isLeafType(named)) return [head]
    if (entered.includes(named.name)) return [`${head} ${plainSelection(named as GraphQLObjectType)}`]
    const selection = selectionOf(schema, named, entered)
    entered.push(named.name)
    return [`${head} ${selection}`]
  })
  return `{ __typename ${fields.join(' ')} }`
}

function plainSelection(type: GraphQLObjectType): string {
  const plain = Object.values(type.getFields()).filter(
    ({ type: of, args }) => isLeafType(getNamedType(of)) && !args.some(isRequiredArgument),
  )
  return `{ __typename ${plain.map(({ name }) => name).join(' ')} }`
}

/** `Type.field` for every field that can be reached from a root type. */
export function reachableFields(schema: GraphQLSchema, root: GraphQLObjectType): ReadonlySet<string> {
  const found = new Set<string>()
  const visited = new Set<GraphQLNamedType>()
  const visit = (type: GraphQLNamedType): void => {
    if (visited.has(type)) return
    visited.add(type)
    if (isAbstractType(type)) schema.getPossibleTypes(type).forEach(visit)
    if (!isObjectType(type)) return
    for (const field of Object.values(type.getFields())) {
      found.add(`${type.name}.${field.name}`)
      visit(getNamedType(field.type))
    }
  }
  visit(root)
  return found
}

/**
 * A harmless value of a type; undefined where none is known. Texts differ from call to call.
 *
 * @param id - what stands for an id; without it, a type that needs one has no sample
 */
export function sampleOf(type: GraphQLInputType, text = `probe ${++samples}`, id?: string): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType, text, id)
  if (isListType(type)) {
    const element: unknown = sampleOf(type.ofType, text, id)
    return element === undefined ? undefined : [element]
  }
  if (isEnumType(type)) return new Word(type.getValues()[0]?.name ?? '')
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type))
    const values = required.map((field) => [field.name, sampleOf(field.type, text, id)] as const)
    return values.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(values)
  }
  return type.name === 'ID' ? id : SAMPLES[type.name]?.(text)
}

let samples = 0
const SAMPLES: Readonly<Record<string, (text: string) => unknown>> = {
  String: (text) => text,
  Int: () => 1,
  SafeInt: () => 1,
  Float: () => 1,
  Decimal: () => '1',
  Boolean: () => true,
  EmailAddress: () => 'probe@canary.example',
  URL: () => 'https://canary.example/probe',
  Duration: () => 'P1D',
  DateTime: () => new Date(Date.now() - 60_000).toISOString(),
  JSONObject: (text) => ({ probe: text }),
}

/** One document for each root field, with arguments that fit their types. */
export function everyRootField(of: GraphQLSchema): string[] {
  const roots = [of.getQueryType(), of.getMutationType()].flatMap((type) => (type ? [type] : []))
  return roots.flatMap((root) =>
    Object.values(root.getFields()).map((field) => {
      const values = Object.fromEntries(
        field.args.flatMap(({ name, type }) => {
          const value = sampleOf(type, 'probe', 'probe')
          return isNonNullType(type) ? [[name, value]] : []
        }),
      )
      return `${root.name.toLowerCase()} { ${field.name}${argumentText(values)} { __typename } }`
    }),
  )
}
