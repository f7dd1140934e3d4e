import {
  buildASTSchema,
  Kind,
  parse,
  printSchema,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import type { ModuleParts } from './module-parts.js'

/** As many as there are sets of six optional modules; each takes some megabytes. */
const CAPACITY = 64

const ROOTS = ['Query', 'Mutation', 'Subscription']

/**
 * The schema as organizations are shown it: each sees what its modules offer. These schemas are made to be asked about,
 * not to execute anything: made when one is asked for, and kept by the set of modules.
 */
export class OfferedSchemas {
  readonly #everything: GraphQLSchema
  readonly #parts: ModuleParts
  /** Optional modules that bring something. */
  readonly #modules: readonly string[]
  readonly #made = new LRUCache<string, GraphQLSchema>({ max: CAPACITY })
  #document: DocumentNode | undefined

  /** @param everything - the schema with every module */
  constructor(everything: GraphQLSchema, parts: ModuleParts) {
    this.#everything = everything
    this.#parts = parts
    this.#modules = [...new Set([...parts.members.values(), ...parts.types.values()])].sort()
  }

  /** What is offered to an organization with these optional modules. */
  of(hasModule: (module: string) => boolean): GraphQLSchema {
    const missing = this.#modules.filter((module) => !hasModule(module))
    if (missing.length === 0) return this.#everything
    const key = missing.join()
    const known = this.#made.get(key)
    if (known !== undefined) return known
    this.#document ??= parse(printSchema(this.#everything), { noLocation: true })
    const offered = without(this.#document, this.#parts, new Set(missing))
    const made = buildASTSchema(offered, { assumeValid: true, assumeValidSDL: true })
    this.#made.set(key, made)
    return made
  }
}

/** A schema's document without the members and types of some modules, and without what only those led to. */
function without(document: DocumentNode, parts: ModuleParts, missing: ReadonlySet<string>): DocumentNode {
  const isMissing = (module: string | undefined): boolean => module !== undefined && missing.has(module)
  const remaining = document.definitions
    .filter((definition) => !isMissing(parts.types.get(nameOf(definition) ?? '')))
    .map((definition) => withoutMembers(definition, (member) => isMissing(parts.members.get(member))))
  return { ...document, definitions: reachable(withoutForeignFilters(remaining)) }
}

function withoutMembers(
  definition: DefinitionNode,
  isMissing: (coordinate: string) => boolean,
): DefinitionNode {
  const stays = ({ name }: { readonly name: { readonly value: string } }): boolean =>
    !isMissing(`${nameOf(definition)}.${name.value}`)
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
      return { ...definition, fields: (definition.fields ?? []).filter(stays) }
    case Kind.ENUM_TYPE_DEFINITION:
      return { ...definition, values: (definition.values ?? []).filter(stays) }
    default:
      return definition
  }
}

const CONNECTIVES = new Set(['and', 'or', 'not'])

/** A filter follows the relations of its type: those that are gone are gone from it, too. */
function withoutForeignFilters(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const fields = new Map<string | undefined, ReadonlySet<string>>(
    definitions
      .filter((definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION)
      .map((type) => [nameOf(type), new Set(type.fields?.map(({ name }) => name.value))]),
  )
  return definitions.map((filter) => {
    const known = fields.get(nameOf(filter)?.replace(/Filter$/, ''))
    if (filter.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION || known === undefined) return filter
    const kept = filter.fields?.filter(({ name }) => CONNECTIVES.has(name.value) || known.has(name.value))
    return { ...filter, fields: kept ?? [] }
  })
}

/** What the root types lead to, and the types of objects that can be had by their id. */
function reachable(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const byName = new Map(definitions.map((definition) => [nameOf(definition), definition]))
  const reached = new Set<DefinitionNode>()
  const follow = (definition: DefinitionNode | undefined): void => {
    if (definition === undefined || reached.has(definition)) return
    reached.add(definition)
    visit(definition, { NamedType: ({ name }) => follow(byName.get(name.value)) })
  }
  for (const definition of definitions) {
    const isRoot = ROOTS.includes(nameOf(definition) ?? '')
    const isObject = definition.kind === Kind.OBJECT_TYPE_DEFINITION
    const isPart = isRoot || definition.kind === Kind.DIRECTIVE_DEFINITION
    if (isPart || (isObject && (definition.interfaces ?? []).length > 0)) follow(definition)
  }
  return definitions.filter((definition) => reached.has(definition) && !isEmpty(definition))
}

function isEmpty(definition: DefinitionNode): boolean {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.fields?.length === 0
}

function nameOf(definition: DefinitionNode): string | undefined {
  return 'name' in definition ? definition.name?.value : undefined
}
