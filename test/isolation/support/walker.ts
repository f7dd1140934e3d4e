import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql'
import { argumentText, pageOf, reachableFields, sampleOf, selectionOf, Word } from './documents.js'

/** An answer as it came over the wire, and parsed. */
export interface Reply {
  readonly status: number
  readonly text: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors: readonly ReplyError[]
}

export interface ReplyError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: { readonly code: string; readonly field?: string }
}

/** Sends one operation as somebody. */
export type Ask = (document: string) => Promise<Reply>

/** An object an answer showed, with what was selected of it. */
export type Seen = Readonly<Record<string, unknown>> & { readonly __typename: string }

/** One root field with arguments, and what came back. */
export interface Step {
  readonly field: string
  readonly document: string
  readonly reply: Reply
}

const BATCH = 12

/**
 * Walks through an API as one client: every root field, every field below, every way to sort, group and filter. What
 * has no arguments goes first and shows the ids that the others need.
 */
export class Walker {
  readonly steps: Step[] = []
  /** `Type.field` that an answer showed a value of, and `Query.field(argument: value)` that was accepted. */
  readonly exercised = new Set<string>()
  readonly #objects = new Map<string, Map<string, Seen>>()

  /** @param page - how many objects of a list are looked at */
  constructor(
    readonly schema: GraphQLSchema,
    readonly ask: Ask,
    readonly page = 50,
  ) {}

  get #roots(): readonly GraphQLField<unknown, unknown>[] {
    return Object.values(this.schema.getQueryType()?.getFields() ?? {})
  }

  /** Objects of a type that were seen and have an id. */
  seen(type: string): readonly Seen[] {
    return [...(this.#objects.get(type)?.values() ?? [])]
  }

  idsOf(type: string): readonly string[] {
    return this.seen(type).map(({ id }) => String(id))
  }

  /** Types whose objects have ids and were seen. */
  get types(): readonly string[] {
    return [...this.#objects.keys()]
  }

  /** Everything that can be read. */
  async read(): Promise<void> {
    const selfContained = this.#roots.filter(({ args }) => !args.some(isAsked))
    const asking = this.#roots.filter(({ args }) => args.some(isAsked))
    for (const field of selfContained) await this.#run(field, pageOf(field, this.page))
    for (const field of asking) {
      for (const { values, target } of this.#requiredArguments(field)) await this.#run(field, values, target)
    }
  }

  /** Every word of every criterion by which lists are sorted or grouped. */
  async arrange(): Promise<void> {
    for (const field of this.#roots) {
      for (const argument of field.args.filter((each) => !isAsked(each))) {
        await this.#variants(field, criteria(argument, field))
      }
    }
  }

  /**
   * Every operator of every filter.
   *
   * @param idOf - what is looked for where an id of a type is expected
   * @param text - what is looked for in texts
   */
  async filter(idOf: (type: string) => string, text: string): Promise<void> {
    for (const field of this.#roots) {
      for (const argument of field.args) {
        await this.#variants(field, conditions(argument, { idOf, text, guess: this.types[0] ?? '' }))
      }
    }
  }

  async #run(
    field: GraphQLField<unknown, unknown>,
    values: Readonly<Record<string, unknown>>,
    target: GraphQLNamedType = getNamedType(field.type),
  ): Promise<void> {
    const isAbstract = isAbstractType(getNamedType(field.type))
    const below = selectionOf(this.schema, target)
    // Types with one interface may differ in what is nullable, so each is asked for by itself.
    const selection = isAbstract ? `{ __typename ... on ${target.name} ${below} }` : below
    const document = `{ ${field.name}${argumentText(values)} ${selection} }`
    const reply = await this.ask(document)
    this.note(field.name, document, reply, 'Query')
    if (isAbstract && isShown(reply.data?.[field.name])) this.exercised.add(variantOf(field, target))
  }

  /** Remembers an answer and what it shows. */
  note(field: string, document: string, reply: Reply, root: 'Query' | 'Mutation'): void {
    this.steps.push({ field, document, reply })
    for (const [name, value] of Object.entries(reply.data ?? {})) {
      if (isShown(value) && name === field) this.exercised.add(`${root}.${field}`)
      this.#collect(value)
    }
  }

  #collect(value: unknown): void {
    if (Array.isArray(value)) return value.forEach((each) => this.#collect(each))
    if (typeof value !== 'object' || value === null) return
    const { __typename: type, id } = value as Seen
    for (const [name, below] of Object.entries(value)) {
      if (isShown(below) && name !== '__typename' && type !== undefined) this.exercised.add(`${type}.${name}`)
      this.#collect(below)
    }
    if (type === undefined || typeof id !== 'string') return
    const known = this.#objects.get(type) ?? new Map<string, Seen>()
    known.set(id, { ...known.get(id), ...(value as Seen) })
    this.#objects.set(type, known)
  }

  /** Ways to fill the required arguments of a field from what was seen. */
  #requiredArguments(field: GraphQLField<unknown, unknown>): readonly Filled[] {
    const named = getNamedType(field.type)
    const targets = isAbstractType(named) ? this.schema.getPossibleTypes(named) : [named]
    return targets.flatMap((target) =>
      this.seen(target.name)
        .slice(0, 1)
        .flatMap((object) => {
          const values = field.args.filter(isAsked).map((argument) => {
            const known = object[argument.name]
            return [argument.name, known ?? sampleOf(argument.type)] as const
          })
          return values.some(([, value]) => value === undefined)
            ? []
            : [{ target, values: Object.fromEntries(values) }]
        }),
    )
  }

  /**
   * Sends ways to give one argument, several to a document. One that is refused for the type of its id is sent again
   * with an id of the type that is asked for; one that is refused for anything else stays unexercised.
   */
  async #variants(field: GraphQLField<unknown, unknown>, variants: readonly Variant[]): Promise<void> {
    const required = field.args.some(isAsked) ? this.#requiredArguments(field)[0]?.values : {}
    if (required === undefined) return
    const selection = selectionOf(this.schema, getNamedType(field.type), this.types)
    const again: Variant[] = []
    for (let start = 0; start < variants.length; start += BATCH) {
      const batch = variants.slice(start, start + BATCH)
      const parts = batch.map(({ argument, value, companions }, index) => {
        const values = { ...required, ...pageOf(field), ...companions, [argument]: value }
        return `v${index}: ${field.name}${argumentText(values)} ${selection}`
      })
      const document = `{ ${parts.join('\n')} }`
      const reply = await this.ask(document)
      this.note(field.name, document, reply, 'Query')
      for (const [index, variant] of batch.entries()) {
        const error = reply.errors.find(({ path }) => path?.[0] === `v${index}`)
        if (reply.data !== null && error === undefined) {
          this.exercised.add(`Query.${field.name}(${variant.key})`)
        }
        const corrected = variant.withIdOf?.(wantedType(error))
        if (corrected !== undefined) again.push(corrected)
      }
    }
    if (again.length > 0) await this.#variants(field, again)
  }

  /** What an API offers below a root type: its fields, and for queries the words and operators of its arguments. */
  offered(root: 'Query' | 'Mutation'): ReadonlySet<string> {
    const type = root === 'Query' ? this.schema.getQueryType() : this.schema.getMutationType()
    if (!type) return new Set()
    const abstract = this.#roots.flatMap((field) => {
      const named = getNamedType(field.type)
      return isAbstractType(named)
        ? this.schema.getPossibleTypes(named).map((target) => variantOf(field, target))
        : []
    })
    const nothing = { idOf: () => '', text: '', guess: '' }
    const keys = this.#roots.flatMap((field) =>
      field.args.flatMap((argument) =>
        [...conditions(argument, nothing), ...criteria(argument, field)].map(
          ({ key }) => `Query.${field.name}(${key})`,
        ),
      ),
    )
    return new Set([
      ...reachableFields(this.schema, type),
      ...(root === 'Query' ? [...abstract, ...keys] : []),
    ])
  }
}

/** An object may have a name beside its id, so that neither is required by itself; the id is what was seen. */
function isAsked(argument: GraphQLArgument): boolean {
  return isRequiredArgument(argument) || argument.name === 'id'
}

/** Required arguments, filled, and the type of the object they were taken from. */
interface Filled {
  readonly target: GraphQLNamedType
  readonly values: Readonly<Record<string, unknown>>
}

function variantOf({ name }: GraphQLField<unknown, unknown>, target: GraphQLNamedType): string {
  return `Query.${name}(${target.name})`
}

/** One way to give an argument; ways with the same key prove the same thing, one of them is enough. */
interface Variant {
  readonly argument: string
  readonly key: string
  readonly value: unknown
  /** Arguments without which this way has no meaning. */
  readonly companions?: Readonly<Record<string, unknown>>
  /** The same way with an id of another type; undefined without a type or where there is no id. */
  readonly withIdOf?: (type: string | undefined) => Variant | undefined
}

/** The type whose id an argument should have been, as the refusal says. */
export function wantedType(error: ReplyError | undefined): string | undefined {
  return /must be the id of an? (\w+)/.exec(error?.message ?? '')?.[1]
}

/** What filters look for. */
interface Wanted {
  readonly idOf: (type: string) => string
  readonly text: string
  /** Type of the ids that are tried first. */
  readonly guess: string
}

/** `[{ field: NAME }]`, `[{ field: OCCURRED_AT, bucket: MINUTE }]`: every word of an argument's required enum. */
function criteria(
  argument: GraphQLArgument,
  field: GraphQLField<unknown, unknown> | undefined,
): readonly Variant[] {
  const type = getNamedType(argument.type)
  if (!isInputObjectType(type)) return []
  const fields = Object.values(type.getFields())
  const choice = fields.find((each) => isNonNullType(each.type) && isEnumType(getNullableType(each.type)))
  const words = choice === undefined ? undefined : getNamedType(choice.type)
  if (choice === undefined || !isEnumType(words)) return []
  const extras = fields.filter((each) => each !== choice && isEnumType(getNamedType(each.type)))
  const isList = isListType(getNullableType(argument.type))
  return words.getValues().flatMap(({ name }) =>
    [undefined, ...extras].flatMap((extra) => {
      const value = {
        [choice.name]: new Word(name),
        ...(extra === undefined ? {} : { [extra.name]: sampleOf(extra.type) }),
      }
      return companionsOf(argument, name, field).map((companions) => ({
        argument: argument.name,
        key: `${argument.name}: ${name}`,
        value: isList ? [value] : value,
        companions,
      }))
    }),
  )
}

/** What else to give with a word of `orderBy`: a search for its relevance, and for groups what makes them. */
function companionsOf(
  argument: GraphQLArgument,
  word: string,
  field: GraphQLField<unknown, unknown> | undefined,
): readonly Readonly<Record<string, unknown>>[] {
  if (argument.name !== 'orderBy') return [{}]
  const named = (name: string) => field?.args.find((each) => each.name === name)
  if (word === 'RELEVANCE' && named('search') !== undefined) return [{ search: 'canary' }]
  const groupBy = named('groupBy')
  if (groupBy === undefined) return [{}]
  const making = criteria(groupBy, undefined).filter(({ key }) => key === `groupBy: ${word}`)
  return making.length === 0 ? [{}] : making.map(({ value }) => ({ groupBy: value }))
}

/** `{ name: { contains: "…" } }`: every operator of every column of a filter. */
function conditions(argument: GraphQLArgument, wanted: Wanted): readonly Variant[] {
  const filter = getNamedType(argument.type)
  if (!isInputObjectType(filter)) return []
  return Object.values(filter.getFields()).flatMap((column) => {
    const operators = getNamedType(column.type)
    if (!isInputObjectType(operators) || operators === filter) return []
    return Object.values(operators.getFields()).flatMap((operator) => {
      const named = getNamedType(operator.type)
      if (!isLeafType(named)) return []
      const key = `${argument.name}.${column.name}.${operator.name}`
      const isList = isListType(getNullableType(operator.type))
      const variant = (value: unknown): Variant => ({
        argument: argument.name,
        key,
        value: { [column.name]: { [operator.name]: isList ? [value] : value } },
      })
      if (named.name !== 'ID') return [variant(sampleOf(named, wanted.text))]
      const withIdOf = (type: string | undefined): Variant | undefined =>
        type === undefined ? undefined : variant(wanted.idOf(type))
      return [{ ...variant(wanted.idOf(wanted.guess)), withIdOf }]
    })
  })
}

function isShown(value: unknown): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)
}
