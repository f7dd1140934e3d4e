import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Query, Resolver } from 'type-graphql'
import { aggregateField } from './aggregate-field.js'
import { connectionType } from './connection-types.js'
import type { EntityDefinition } from './entity.js'
import { declareListArguments } from './list-arguments.js'
import type { RootRule, RootRules } from './module.js'
import { declareMutations } from './mutations.js'
import type { OperationContext } from './operation-context.js'
import { planPage, readPage } from './page.js'
import { readable } from './read-access.js'
import { listArguments, type ResolverClass } from './relations.js'
import { descriptor, type Method, type Prototype } from './resolver-prototype.js'
import { fieldsFor } from './rows.js'
import { selectionOf } from './selection.js'
import { findRow, keyFromId } from './store.js'

/** The root fields of one entity and the rules they need. */
export interface Crud {
  readonly resolver: ResolverClass
  readonly rules: RootRules
}

/** `team`, `teams`, `teamsAggregate`, and the mutations: as far as the entity declares them. */
export function crudResolver(entity: EntityDefinition): Crud {
  const resolverClass = class {}
  const prototype = resolverClass.prototype as Prototype
  const queries: Record<string, RootRule> = {}
  const mutations: Record<string, RootRule> = {}
  const rule: RootRule = {
    module: entity.module,
    permission: `${entity.permission}.read`,
    ...(entity.ownedBy === undefined ? {} : { orOwn: true }),
  }

  if (entity.reads.includes('one')) {
    declareOne(prototype, entity)
    queries[entity.singular] = rule
  }
  if (entity.reads.includes('list')) {
    declareList(prototype, entity)
    queries[entity.plural] = rule
  }
  if (entity.aggregate !== undefined) {
    aggregateField(prototype, entity)
    queries[`${entity.plural}Aggregate`] = rule
  }
  for (const [field, needs] of declareMutations(prototype, entity)) mutations[field] = needs
  Resolver()(resolverClass)
  return { resolver: resolverClass, rules: { Query: queries, Mutation: mutations } }
}

function declareOne(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.singular
  prototype[name] = (async (id: string, context: OperationContext, info: GraphQLResolveInfo) => {
    const key = keyFromId(entity, id)
    const fields = fieldsFor(entity, selectionOf(info))
    return (await findRow(context.read(), entity, key, readable(context, entity), fields)) ?? null
  }) as Method
  Arg('id', () => ID, { description: `Id of the ${entity.name}.` })(prototype, name, 0)
  Ctx()(prototype, name, 1)
  Info()(prototype, name, 2)
  const description = `One ${entity.name} by its id; null when there is none or it may not be seen.`
  Query(() => entity.type, { nullable: true, description })(prototype, name, descriptor(prototype, name))
}

function declareList(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.plural
  prototype[name] = (async (context: OperationContext, info: GraphQLResolveInfo, ...list: unknown[]) => {
    const plan = planPage(entity, listArguments(list), readable(context, entity), selectionOf(info))
    return readPage(context.read(), plan)
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
