import { Arg, Ctx, ID, Mutation, ObjectType } from 'type-graphql'
import { createRows, MOST_ITEMS, requireItems, type ItemResult } from './bulk-create.js'
import type { EntityClass } from './column.js'
import { declareField } from './connection-types.js'
import type { EntityDefinition } from './entity.js'
import { isVersioned, type ExpectedVersion } from './expected-version.js'
import { valuesOf, type Values } from './given-values.js'
import { ItemErrorType } from './item-error.js'
import type { RootRule } from './module.js'
import type { OperationContext } from './operation-context.js'
import { descriptor, type Method, type Prototype } from './resolver-prototype.js'
import { restoreRow } from './restore.js'
import type { EntityRow } from './rows.js'
import { DateTime } from './scalars.js'
import { createRow, deleteRow, keyFromId, updateRow } from './store.js'
import { checkNaturalKey, upsertRow } from './upsert.js'

type Declared = readonly [field: string, rule: RootRule]

/**
 * `createTeam`, `createTeams`, `upsertTeam`, `updateTeam`, `deleteTeam`, `restoreTeam`: as far as the entity declares
 * them, each with its rule.
 */
export function declareMutations(prototype: Prototype, entity: EntityDefinition): readonly Declared[] {
  const { createInput, updateInput, module, permission } = entity
  const rule = (action: string): RootRule => ({ module, permission: `${permission}.${action}` })
  const declared: Declared[] = []
  if (createInput !== undefined) {
    declared.push([declareCreate(prototype, entity, createInput), rule('create')])
    if (entity.bulk) declared.push([declareCreateMany(prototype, entity, createInput), rule('create')])
    if (entity.naturalKey !== undefined) {
      checkNaturalKey(entity)
      const either = { ...rule('create'), also: rule('update').permission }
      declared.push([declareUpsert(prototype, entity, createInput), either])
    }
  }
  if (updateInput !== undefined) {
    declared.push([declareUpdate(prototype, entity, updateInput), rule('update')])
  }
  if (entity.deletable) declared.push([declareDelete(prototype, entity), rule('delete')])
  if (entity.restore !== undefined) declared.push([declareRestore(prototype, entity), rule('delete')])
  return declared
}

function declareCreate(prototype: Prototype, entity: EntityDefinition, input: EntityClass): string {
  const name = `create${entity.name}`
  prototype[name] = (async (values: Values, context: OperationContext) => ({
    [entity.singular]: await context.write((session) =>
      createRow(session, context, entity, valuesOf(entity, values)),
    ),
  })) as Method
  declareInput(prototype, name, input, `The new ${entity.name}.`)
  return declareMutation(prototype, name, objectPayload(entity), `Adds a ${entity.name}.`)
}

function declareCreateMany(prototype: Prototype, entity: EntityDefinition, input: EntityClass): string {
  const name = `create${upperFirst(entity.plural)}`
  prototype[name] = (async (inputs: readonly Values[], context: OperationContext) => {
    requireItems(inputs)
    const results = await context.write((session) => createRows(session, context, entity, inputs))
    return { results: results.map((result) => itemOf(entity, result)) }
  }) as Method
  const description = `The new objects, at most ${MOST_ITEMS}.`
  Arg('inputs', () => [input], { description })(prototype, name, 0)
  Ctx()(prototype, name, 1)
  return declareMutation(
    prototype,
    name,
    batchPayload(name, entity),
    `Adds up to ${MOST_ITEMS} ${entity.name} objects. A bad one is refused by itself; the others are added.`,
  )
}

function itemOf(entity: EntityDefinition, result: ItemResult): object {
  return 'row' in result
    ? { [entity.singular]: result.row, error: null }
    : { [entity.singular]: null, error: result.error }
}

function declareUpsert(prototype: Prototype, entity: EntityDefinition, input: EntityClass): string {
  const name = `upsert${entity.name}`
  prototype[name] = (async (values: Values, context: OperationContext) => {
    const { row, created } = await context.write((session) =>
      upsertRow(session, context, entity, valuesOf(entity, values)),
    )
    return { [entity.singular]: row, created }
  }) as Method
  declareInput(prototype, name, input, `The ${entity.name} as it is to be.`)
  const payload = objectPayload(entity)
  declareField(payload, 'created', () => Boolean, 'True when it was added, false when it was there.')
  const key = entity.naturalKey?.fields.map((field) => `\`${field}\``).join(' and ')
  const description = `Changes the ${entity.name} that has the given ${key}, or adds one; what is left out stays as it is.`
  return declareMutation(prototype, name, payload, description)
}

function declareUpdate(prototype: Prototype, entity: EntityDefinition, input: EntityClass): string {
  const name = `update${entity.name}`
  prototype[name] = (async (
    { id, ...values }: Values & { id: string },
    context: OperationContext,
    expected?: ExpectedVersion,
  ) => {
    const key = keyFromId(entity, id)
    return {
      [entity.singular]: await context.write((session) =>
        updateRow(session, context, entity, key, valuesOf(entity, values), expected),
      ),
    }
  }) as Method
  declareInput(prototype, name, input, `Which ${entity.name} to change, and how.`)
  declareExpectation(prototype, name, entity)
  const description = `Changes a ${entity.name}; what is left out stays as it is.`
  return declareMutation(prototype, name, objectPayload(entity), description)
}

function declareDelete(prototype: Prototype, entity: EntityDefinition): string {
  const name = `delete${entity.name}`
  prototype[name] = (async (id: string, context: OperationContext, expected?: ExpectedVersion) => {
    const key = keyFromId(entity, id)
    return {
      [entity.singular]: await context.write((session) => deleteRow(session, context, entity, key, expected)),
    }
  }) as Method
  Arg('id', () => ID, { description: `Which ${entity.name} to delete.` })(prototype, name, 0)
  Ctx()(prototype, name, 1)
  declareExpectation(prototype, name, entity)
  return declareMutation(prototype, name, objectPayload(entity), `Deletes a ${entity.name}.`)
}

function declareRestore(prototype: Prototype, entity: EntityDefinition): string {
  const name = `restore${entity.name}`
  prototype[name] = (async (id: string, context: OperationContext): Promise<Record<string, EntityRow>> => {
    const key = keyFromId(entity, id)
    return { [entity.singular]: await context.write((session) => restoreRow(session, context, entity, key)) }
  }) as Method
  Arg('id', () => ID, { description: `Which ${entity.name} to bring back.` })(prototype, name, 0)
  Ctx()(prototype, name, 1)
  const description = `Brings back a deleted ${entity.name}; what was taken off it when it was deleted stays off.`
  return declareMutation(prototype, name, objectPayload(entity), description)
}

function declareInput(prototype: Prototype, name: string, input: EntityClass, description: string): void {
  Arg('input', () => input, { description })(prototype, name, 0)
  Ctx()(prototype, name, 1)
}

/** What the argument `expectedUpdatedAt` says of itself, wherever it stands. */
export const EXPECTED_UPDATED_AT =
  'The `updatedAt` you last saw, exactly as it was answered. When the object has changed since, nothing is written ' +
  'and the error `CONFLICT` holds the object as it is now.'

function declareExpectation(prototype: Prototype, name: string, entity: EntityDefinition): void {
  if (!isVersioned(entity)) return
  Arg('expectedUpdatedAt', () => DateTime, { nullable: true, description: EXPECTED_UPDATED_AT })(
    prototype,
    name,
    2,
  )
}

/** A payload that holds the object: `CreateTeamPayload { team }`. */
function objectPayload(entity: EntityDefinition): EntityClass {
  const payload = class {}
  declareField(payload, entity.singular, () => entity.type, `The ${entity.name} that was meant.`)
  return payload
}

/** `CreateTeamsPayload { results { team error { code message field } } }` */
function batchPayload(name: string, entity: EntityDefinition): EntityClass {
  const result = class {}
  declareField(result, entity.singular, () => entity.type, `The new ${entity.name}; null when refused.`, true)
  declareField(result, 'error', () => ItemErrorType, 'Why it was refused; null when it was added.', true)
  ObjectType(`${upperFirst(name)}Result`, {
    description: `What became of one input of \`${name}\`.`,
    simpleResolvers: true,
  })(result)
  const payload = class {}
  declareField(payload, 'results', () => [result], 'What became of each input, in the order of the inputs.')
  return payload
}

function declareMutation(
  prototype: Prototype,
  name: string,
  payload: EntityClass,
  description: string,
): string {
  ObjectType(`${upperFirst(name)}Payload`, {
    description: `What \`${name}\` did.`,
    simpleResolvers: true,
  })(payload)
  // Nullable, so that a field that fails neither hides what the others did nor keeps the next ones from running.
  Mutation(() => payload, { nullable: true, description })(prototype, name, descriptor(prototype, name))
  return name
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
