import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLSchema,
} from 'graphql'

interface Described {
  readonly path: string
  readonly description: string | null | undefined
}

/** Everything in a schema that a client can name: types, fields, arguments, enum values. */
function* namedThings(schema: GraphQLSchema): Generator<Described> {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue
    const { name } = type
    if (!roots.some((root) => root === type)) yield { path: name, description: type.description }
    if (isEnumType(type)) {
      for (const value of type.getValues())
        yield { path: `${name}.${value.name}`, description: value.description }
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        yield { path: `${name}.${field.name}`, description: field.description }
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        yield { path: `${name}.${field.name}`, description: field.description }
        for (const argument of field.args)
          yield { path: `${name}.${field.name}(${argument.name})`, description: argument.description }
      }
    }
  }
}

/** What a schema does not describe. */
export function undescribed(schema: GraphQLSchema): string[] {
  return [...namedThings(schema)]
    .filter(({ description }) => (description ?? '').trim() === '')
    .map(({ path }) => path)
}

/** Types and fields whose names match. */
export function namesLike(schema: GraphQLSchema, pattern: RegExp): string[] {
  return [...namedThings(schema)].map(({ path }) => path).filter((path) => pattern.test(path))
}

/** `Query.me`, `Mutation.createTool`, …: every root field. */
export function rootFields(schema: GraphQLSchema): string[] {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
  )
}

/** Parts of the names of columns that hold a secret, its hash, or what leads to one. */
export const SECRET =
  /hash|secret|password(?!ChangedAt)|token(?!s)|encrypted|backup|totp|credential|certificate/i
