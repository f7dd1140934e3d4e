import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { aggregateField } from './aggregate-field.js'
import type { EntityClass } from './column.js'
import { all } from './condition.js'
import { connectionType, declareField } from './connection-types.js'
import type { EntityDefinition } from './entity.js'
import { declareListArguments } from './list-arguments.js'
import type { AnyMember, RootRule, RootRules } from './module.js'
import { declareNaturalKey, rowAskedFor } from './natural-key.js'
import type { OperationContext } from './operation-context.js'
import { planPage, readPage } from './page.js'
import { readable } from './read-access.js'
import { listArguments, type ResolverClass } from './relations.js'
import { fieldsFor, selectRows } from './rows.js'
import { selectionOf } from './selection.js'
import { createRow, deleteRow, keyFromId, updateRow, valuesOf, type Values } from './store.js'

/** The root fields of one entity and the rules they need. */
export interface Crud {
  readonly resolver: ResolverClass
  readonly rules: RootRules
}

type Method = (...parameters: never[]) => unknown
type Prototype = Record<string, Method>

/** `team`, `teams`, `teamsAggregate`, `createTeam`, `updateTeam`, `deleteTeam`: as far as the entity declares them. */
export function crudResolver(entity: EntityDefinition): Crud {
  const resolverClass = class {}
  const prototype = resolverClass.prototype as Prototype
  const queries: Record<string, RootRule | AnyMember> = {}
  const mutations: Record<string, RootRule> = {}
  const rule = (action: string): RootRule => ({
    module: entity.module,
    permission: `${entity.permission}.${action}`,
    ...(action === 'read' && entity.ownedBy !== undefined ? { orOwn: true } : {}),
  })

  // Rows with a rule of their own need no permission: the rule decides row by row.
  const reading = entity.readRule === undefined ? rule('read') : 'anyMember'

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
  if (entity.createInput !== undefined) {
    declareCreate(prototype, entity, entity.createInput)
    mutations[`create${entity.name}`] = rule('create')
  }
  if (entity.updateInput !== undefined) {
    declareUpdate(prototype, entity, entity.updateInput)
    mutations[`update${entity.name}`] = rule('update')
  }
  if (entity.deletable) {
    declareDelete(prototype, entity)
    mutations[`delete${entity.name}`] = rule('delete')
  }
  Resolver()(resolverClass)
  return { resolver: resolverClass, rules: { Query: queries, Mutation: mutations } }
}

function declareOne(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.singular
  const names = ['id', ...entity.naturalKey.map(({ field }) => field)]
  prototype[name] = (async (context: OperationContext, info: GraphQLResolveInfo, ...values: unknown[]) => {
    const asked = rowAskedFor(entity, Object.fromEntries(names.map((field, index) => [field, values[index]])))
    const fields = fieldsFor(entity, selectionOf(info))
    const where = all([readable(context, entity), asked])
    const [row] = await selectRows(context.read(), entity, { fields, where })
    return row ?? null
  }) as Method
  Ctx()(prototype, name, 0)
  Info()(prototype, name, 1)
  const byName = entity.naturalKey.length > 0
  Arg('id', () => ID, { description: `Id of the ${entity.name}.`, nullable: byName })(prototype, name, 2)
  declareNaturalKey(entity, prototype, name, 3)
  const description = `One ${entity.name} by its id${byName ? ' or by what it is called' : ''}; null when there is none or it may not be seen.`
  Query(() => entity.type, { nullable: true, description })(prototype, name, descriptor(prototype, name))
}

function declareList(prototype: Prototype, entity: EntityDefinition): void {
  const name = entity.plural
  prototype[name] = (async (context: OperationContext, info: GraphQLResolveInfo, ...list: unknown[]) => {
    const plan = planPage(context, entity, listArguments(list), selectionOf(info))
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

function declareCreate(prototype: Prototype, entity: EntityDefinition, input: EntityClass): void {
  const name = `create${entity.name}`
  prototype[name] = (async (input: Values, context: OperationContext) => ({
    [entity.singular]: await context.write((session) =>
      createRow(session, context, entity, valuesOf(entity, input)),
    ),
  })) as Method
  declareInput(prototype, name, input, `The new ${entity.name}.`)
  declareMutation(prototype, name, entity, `Adds a ${entity.name}.`)
}

function declareUpdate(prototype: Prototype, entity: EntityDefinition, input: EntityClass): void {
  const name = `update${entity.name}`
  prototype[name] = (async ({ id, ...input }: Values & { id: string }, context: OperationContext) => {
    const key = keyFromId(entity, id)
    return {
      [entity.singular]: await context.write((session) =>
        updateRow(session, context, entity, key, valuesOf(entity, input)),
      ),
    }
  }) as Method
  declareInput(prototype, name, input, `Which ${entity.name} to change, and how.`)
  declareMutation(prototype, name, entity, `Changes a ${entity.name}; what is left out stays as it is.`)
}

function declareDelete(prototype: Prototype, entity: EntityDefinition): void {
  const name = `delete${entity.name}`
  prototype[name] = (async (id: string, context: OperationContext) => {
    const key = keyFromId(entity, id)
    return { [entity.singular]: await context.write((session) => deleteRow(session, context, entity, key)) }
  }) as Method
  Arg('id', () => ID, { description: `Which ${entity.name} to delete.` })(prototype, name, 0)
  Ctx()(prototype, name, 1)
  declareMutation(prototype, name, entity, `Deletes a ${entity.name}.`)
}

function declareInput(prototype: Prototype, name: string, input: EntityClass, description: string): void {
  Arg('input', () => input, { description })(prototype, name, 0)
  Ctx()(prototype, name, 1)
}

/** Declares a mutation whose payload holds the object: `CreateTeamPayload { team }`. */
function declareMutation(
  prototype: Prototype,
  name: string,
  entity: EntityDefinition,
  description: string,
): void {
  const payload = class {}
  declareField(payload, entity.singular, () => entity.type, `The ${entity.name} that was meant.`)
  ObjectType(`${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`, {
    description: `What \`${name}\` did.`,
    simpleResolvers: true,
  })(payload)
  // Nullable, so that a field that fails neither hides what the others did nor keeps the next ones from running.
  Mutation(() => payload, { nullable: true, description })(prototype, name, descriptor(prototype, name))
}

function descriptor(prototype: Prototype, name: string): TypedPropertyDescriptor<unknown> {
  return Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>
}
