import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql'
import { argumentText, sampleOf, selectionOf } from './documents.js'
import { wantedType, type Ask, type Reply } from './walker.js'

/** A place in a mutation's arguments where an id stands, and of which type. */
export interface IdPlace {
  /** `input.teamId`, `events.userId` */
  readonly path: string
  readonly required: boolean
  readonly type: string
}

/** Ids by the path of their place. */
export type Ids = Readonly<Record<string, string>>

const REFUSED = new Set(['NOT_FOUND', 'BAD_USER_INPUT'])
/** The id of an object of a type that no API has. */
const NONSENSE = Buffer.from('Nonsense\n00000000-0000-0000-0000-000000000000').toString('base64url')

/** One root mutation field, made usable from what the schema says of it. */
export class Mutation {
  private constructor(
    readonly schema: GraphQLSchema,
    readonly field: GraphQLField<unknown, unknown>,
    readonly places: readonly IdPlace[],
  ) {}

  /**
   * Finds out where ids stand and of which type they must be, by asking with ids of a type that does not exist. Answers
   * undefined when the API does not tell; nothing is changed by asking.
   */
  static async explore(
    schema: GraphQLSchema,
    field: GraphQLField<unknown, unknown>,
    ask: Ask,
    idOf: (type: string) => string | undefined,
  ): Promise<Mutation | undefined> {
    const paths = field.args.flatMap(({ name, type }) => idPaths(type, name))
    const attempt = new Mutation(schema, field, [])
    const types = new Map<string, string>()
    const required = paths.filter((place) => place.required)
    for (const optional of [[], ...paths.filter((place) => !place.required).map((place) => [place])]) {
      const asked = [...required, ...optional]
      for (let learned = -1; learned < types.size && asked.some(({ path }) => !types.has(path));) {
        learned = types.size
        const ids = asked.map(({ path }) => [path, idOf(types.get(path) ?? '') ?? NONSENSE] as const)
        const { errors, data } = await attempt.run(ask, Object.fromEntries(ids))
        for (const error of [...errors, ...refusedItems(data)]) {
          const wanted = wantedType(error)
          const place = asked.find(({ path }) => lastName(path) === lastName(error.extensions.field ?? ''))
          if (wanted !== undefined && place !== undefined) types.set(place.path, wanted)
        }
      }
    }
    const places = paths.flatMap((place) => {
      const type = types.get(place.path)
      return type === undefined ? [] : [{ ...place, type }]
    })
    return places.length === paths.length ? new Mutation(schema, field, places) : undefined
  }

  get name(): string {
    return this.field.name
  }

  /** Whether it takes several objects, each of which may be refused by itself. */
  get isBatch(): boolean {
    return this.field.args.some(({ name }) => name === 'inputs')
  }

  /**
   * Sends the mutation with these ids, and nothing else that could be left out.
   *
   * @param text - what stands where a text is required
   */
  run(ask: Ask, ids: Ids, text?: string): Promise<Reply> {
    const values = this.field.args.flatMap((argument) => {
      const hasId = Object.keys(ids).some((path) => path.split('.')[0] === argument.name)
      return isRequiredArgument(argument) || hasId
        ? [[argument.name, filled(argument.type, argument.name, ids, text)] as const]
        : []
    })
    const selection = selectionOf(this.schema, getNamedType(this.field.type))
    return ask(`mutation { ${this.name}${argumentText(Object.fromEntries(values))} ${selection} }`)
  }
}

/** What an answer says became of a mutation. A batch may refuse its items one by one. */
export function outcomeOf({ data, errors }: Reply): 'done' | 'refused' | 'failed' {
  if (errors.length > 0)
    return errors.every(({ extensions }) => REFUSED.has(extensions.code)) ? 'refused' : 'failed'
  const items = refusedItems(data)
  if (items.some(({ extensions }) => !REFUSED.has(extensions.code))) return 'failed'
  return items.length > 0 || JSON.stringify(data).includes('"REJECTED"') ? 'refused' : 'done'
}

/** What a batch says of the items it refused, as errors. */
function refusedItems(data: unknown): Reply['errors'] {
  const [payload] = Object.values((data ?? {}) as Record<string, { results?: unknown } | null>)
  const results = Array.isArray(payload?.results) ? (payload.results as { error?: unknown }[]) : []
  return results.flatMap(({ error }) => {
    if (error === null || error === undefined) return []
    const { code, message, field } = error as { code: string; message: string; field: string }
    return [{ message, path: [], extensions: { code, field } }] as unknown as Reply['errors']
  })
}

function lastName(path: string): string | undefined {
  return path.split('.').at(-1)
}

function idPaths(type: GraphQLInputType, path: string): { path: string; required: boolean }[] {
  const named = getNamedType(type)
  if (named.name === 'ID') return [{ path, required: isNonNullType(type) }]
  if (!isInputObjectType(named)) return []
  return Object.values(named.getFields()).flatMap((field) => idPaths(field.type, `${path}.${field.name}`))
}

/** Texts that mean something, by the name of their field. */
const TEXTS: Readonly<Record<string, string>> = { document: '{ __typename }' }

function filled(type: GraphQLInputType, path: string, ids: Ids, text?: string): unknown {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return [filled(nullable.ofType as GraphQLInputType, path, ids, text)]
  if (getNamedType(nullable).name === 'ID') return ids[path]
  if (!isInputObjectType(nullable)) return TEXTS[lastName(path) ?? ''] ?? sampleOf(nullable, text)
  const fields = Object.values(nullable.getFields()).flatMap((field) => {
    const below = `${path}.${field.name}`
    const hasId = Object.keys(ids).some((each) => each === below || each.startsWith(`${below}.`))
    return isNonNullType(field.type) || hasId
      ? [[field.name, filled(field.type, below, ids, text)] as const]
      : []
  })
  return Object.fromEntries(fields)
}
