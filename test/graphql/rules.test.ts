import {
  execute,
  graphql,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isNonNullType,
  parse,
  subscribe,
} from 'graphql'
import { describe, expect, test } from 'vitest'
import { unlimitedUse } from '../../src/tenancy/module-access.js'
import type { OperationContext } from '../../src/entity/operation-context.js'
import { guarded, rulesOf } from '../../src/graphql/authorization.js'
import { buildTenantSchema, tenantRules } from '../../src/graphql/tenant-schema.js'

const schema = buildTenantSchema()
const rootTypes = [
  ['Query', schema.getQueryType()!],
  ['Mutation', schema.getMutationType()!],
  ['Subscription', schema.getSubscriptionType()!],
] as const

describe.each(rootTypes)('%s', (name, type) => {
  test('has a rule for every field, and no rule for a field there is not', () => {
    const fields = Object.keys(type.getFields()).sort()
    expect([...rulesOf(tenantRules, name).keys()].sort()).toEqual(fields)
  })

  test('has fields that may fail without taking their siblings along', () => {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type))
    // Who sends the request is known before anything runs: nothing of it can fail.
    expect(required.map((field) => field.name)).toEqual(name === 'Query' ? ['viewer'] : [])
  })
})

test('a subscription without a rule is refused before it subscribes, and again with every event', async () => {
  let subscribed = 0
  async function* events(): AsyncGenerator<string> {
    subscribed++
    yield 'event'
  }
  const field = { type: GraphQLString, subscribe: events, resolve: (event: unknown) => event }
  const open = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { known: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: 'Subscription', fields: { forgotten: field, known: field } }),
  })
  const shut = guarded(open, [{ Query: { known: 'anyMember' }, Subscription: { known: 'anyMember' } }])
  const contextValue = { permits: () => true, moduleUse: () => unlimitedUse }
  const refused = await subscribe({
    schema: shut,
    document: parse('subscription { forgotten }'),
    contextValue,
  })
  expect(refused).toMatchObject({ errors: [{ message: 'Nobody may use this field: it has no rule.' }] })
  expect(subscribed).toBe(0)
  const answer = await execute({
    schema: shut,
    document: parse('subscription { forgotten }'),
    rootValue: 'event',
    contextValue,
  })
  expect(answer.errors?.[0]?.message).toBe('Nobody may use this field: it has no rule.')
  const allowed = await subscribe({ schema: shut, document: parse('subscription { known }'), contextValue })
  expect(await (allowed as AsyncGenerator<unknown>).next()).toEqual({
    done: false,
    value: { data: { known: 'event' } },
  })
})

test('a field without a rule is refused, and its resolver does not run', async () => {
  let ran = 0
  const fields = {
    forgotten: { type: GraphQLString, resolve: () => String(++ran) },
    known: { type: GraphQLString, resolve: () => 'known' },
    forgottenToo: { type: new GraphQLNonNull(GraphQLString), resolve: () => String(++ran) },
  }
  const open = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields }),
    mutation: new GraphQLObjectType({ name: 'Mutation', fields }),
  })
  const shut = guarded(open, [{ Query: { known: 'anyMember' } }])
  const context = {
    actor: { kind: 'person', identityId: '' },
    permits: () => true,
    moduleUse: () => unlimitedUse,
  }
  for (const source of ['{ forgotten }', '{ forgottenToo }', 'mutation { forgotten }']) {
    const { errors } = await graphql({
      schema: shut,
      source,
      contextValue: context as unknown as OperationContext,
    })
    expect(errors?.[0]?.message).toBe('Nobody may use this field: it has no rule.')
  }
  expect(ran).toBe(0)
  const { data } = await graphql({ schema: shut, source: '{ known }', contextValue: context })
  expect(data).toEqual({ known: 'known' })
})

test('a field that may do either of two things needs the permission for both', async () => {
  const fields = { upsert: { type: GraphQLString, resolve: () => 'done' } }
  const open = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) })
  const rule = { module: 'core', permission: 'team.create', also: 'team.update' } as const
  const shut = guarded(open, [{ Query: { upsert: rule } }])
  const answerTo = async (...permitted: string[]) => {
    const context = {
      actor: { kind: 'person', identityId: '' },
      permits: (asked: string) => permitted.includes(asked),
    }
    const { data, errors } = await graphql({
      schema: shut,
      source: '{ upsert }',
      contextValue: context as unknown as OperationContext,
    })
    return data?.['upsert'] ?? errors?.[0]?.message
  }
  expect(await answerTo('team.create', 'team.update')).toBe('done')
  expect(await answerTo('team.create')).toContain('team.update')
  expect(await answerTo('team.update')).toContain('team.create')
})
