import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Query, Resolver } from 'type-graphql'
import { aggregateField } from './aggregate-field.js'
import { all } from './condition.js'
import { declareAlternateKey, rowAskedFor } from './alternate-key.js'
import { connectionType } from './connection-types.js'
import type { EntityDefinition } from './entity.js'
import { declareListArguments, listArguments } from './list-arguments.js'
import type { AnyMember, RootRule, RootRules } from './module.js'
import { declareMutations } from './mutations.js'
import type { OperationContext } from './operation-context.js'
import { planPage, readPage } from './page.js'
import { readable } from './read-access.js'
import type { ResolverClass } from './relations.js'
import { descriptor, type Method, type Prototype } from './resolver-prototype.js'
import { ownFirst } from './shared-rows.js'
import { selectionOf } from './selection.js'
import { readRows } from './to-one.js'

/** The root fields of one entity and the rules they need. */
export interface Crud {
  readonly resolver: ResolverClass
  readonly rules: RootRules
}

/** `team`, `teams`, `teamsAggregate`, and the mutations: as far as the entity declares them. */
export function crudResolver(entity: EntityDefinition): Crud {
  const resolverClass = class {}
  const prototype = resolverClass.prototype as Prototype
  const queries: Record<string, RootRule | AnyMember> = {}
  const mutations: Record<string, RootRule> = {}
  const rule: RootRule = {
    module: entity.module,
    permission: `${entity.permission}.read`,
    ...(entity.ownedBy === undefined ? {} : { orOwn: true }),
  }

  // Rows with a rule of their own need no permission: the rule decides row by row.
  const reading = entity.readRule === undefined ? rule : 'anyMember'

  if (entity.reads.includes('one')) {
    declareOne(prototype, entity)
    queries[entity.singular] = reading
  }
  if (entity.reads.includes('list')) {
    declareList(prototype, entity)
    queries[entity.plural] = reading
  }
  if (entity.aggregate !== undefined) {
    aggregateField(prototype, entity)
    queries[`${entity.plural}Aggregate`] = reading
  }
  for (const [field, needs] of declareMutations(prototype, entity)) mutations[field] = needs
  Resolver()(resolverClass)
  return { resolver: resolverClass, rules: { Query: queries, Mutation: mutations } }
}

function declareOne(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.singular
  const names = ['id', ...entity.alternateKey.map(({ field }) => field)]
  prototype[name] = (async (context: OperationContext, info: GraphQLResolveInfo, ...values: unknown[]) => {
    const asked = rowAskedFor(entity, Object.fromEntries(names.map((field, index) => [field, values[index]])))
    const where = all([readable(context, entity), asked])
    const [row] = await readRows(context, entity, selectionOf(info), where, { order: ownFirst(entity) })
    return row ?? null
  }) as Method
  Ctx()(prototype, name, 0)
  Info()(prototype, name, 1)
  const byName = entity.alternateKey.length > 0
  Arg('id', () => ID, { description: `Id of the ${entity.name}.`, nullable: byName })(prototype, name, 2)
  declareAlternateKey(entity, prototype, name, 3)
  const description = `One ${entity.name} by its id${byName ? ' or by what it is called' : ''}; null when there is none or it may not be seen.`
  Query(() => entity.type, { nullable: true, description })(prototype, name, descriptor(prototype, name))
}

function declareList(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.plural
  prototype[name] = (async (context: OperationContext, info: GraphQLResolveInfo, ...list: unknown[]) => {
    const plan = planPage(context, entity, listArguments(list), selectionOf(info))
    return readPage(context, plan)
  }) as Method
  Ctx()(prototype, name, 0)
  Info()(prototype, name, 1)
  declareListArguments(entity, prototype, name, 2)
  const connection = connectionType(entity)
  // Nullable, so that a list that fails does not take the answer of its siblings with it.
  Query(() => connection, {
    nullable: true,
    description: `All ${entity.name} objects that may be seen, a page at a time.`,
  })(prototype, name, descriptor(prototype, name))
}
