import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { applyMiddleware, type IMiddlewareTypeMap } from 'graphql-middleware'
import { rule, shield } from 'graphql-shield'
import { AppError } from '../errors.js'
import type { AnyMember, RootRule, RootRules } from '../entity/module.js'
import {
  forbidden,
  missingModule,
  permits,
  personOf,
  unwritableModule,
  type OperationContext,
} from '../entity/operation-context.js'
import { tooLarge } from './subscriptions/operation-size.js'

type ShieldRule = ReturnType<ReturnType<typeof rule>>
type RootType = keyof RootRules
type FieldRules = Record<string, ShieldRule>

/** Whoever got a context belongs to the organization. */
const anyMember = rule({ cache: 'no_cache' })(() => true)

/** What no rule allows, nobody may: a forgotten rule shuts a field instead of opening it. */
const nobody = rule({ cache: 'no_cache' })(() => unruled())

function unruled(): AppError {
  return new AppError('FORBIDDEN', 'Nobody may use this field: it has no rule.')
}

/** Wraps every root field in its rule: the module first, then the permission. Other fields stay unwrapped. */
export function guarded(schema: GraphQLSchema, rules: readonly RootRules[]): GraphQLSchema {
  const roots = (['Query', 'Mutation', 'Subscription'] as const).filter(
    (type) => schema.getType(type) !== undefined,
  )
  const tree = Object.fromEntries(roots.map((type) => [type, fieldRules(rules, type)]))
  const options = { allowExternalErrors: true, fallbackRule: nobody }
  const generated = shield(tree, options).generate(schema) as Record<string, IMiddlewareTypeMap>
  const wrapped = Object.fromEntries(roots.map((type) => [type, generated[type]])) as IMiddlewareTypeMap
  const result = applyMiddleware(schema, wrapped)
  guardSubscribing(result, rulesOf(rules, 'Subscription'))
  return result
}

/** The rules of all modules for the fields of one root type. */
export function rulesOf(
  rules: readonly RootRules[],
  type: RootType,
): ReadonlyMap<string, RootRule | AnyMember> {
  return new Map(rules.flatMap((of) => Object.entries<RootRule | AnyMember>(of[type] ?? {})))
}

function fieldRules(rules: readonly RootRules[], type: RootType): FieldRules {
  return Object.fromEntries([...rulesOf(rules, type)].map(([field, of]) => [field, shieldRule(type, of)]))
}

function shieldRule(type: RootType, of: RootRule | AnyMember): ShieldRule {
  if (of === 'anyMember') return anyMember
  return rule({ cache: 'no_cache' })(
    // Refusals are returned: Shield takes what a rule throws for a failure of the rule and hides it.
    (_parent, _args, context: OperationContext) => refusalOf(type, of, context) ?? true,
  )
}

/** MODULE_NOT_ENABLED, MODULE_READ_ONLY or FORBIDDEN when a field may not be used. */
function refusalOf(
  type: RootType,
  of: RootRule | AnyMember,
  context: OperationContext,
): AppError | undefined {
  if (of === 'anyMember') return undefined
  const missing = (type === 'Mutation' ? unwritableModule : missingModule)(context, of.module)
  if (missing !== undefined) return missing
  if (permits(context, of.permission))
    return of.also === undefined || permits(context, of.also) ? undefined : forbidden(of.also)
  return of.orOwn === true && personOf(context) !== null ? undefined : forbidden(of.permission)
}

type Resolve = GraphQLFieldResolver<unknown, OperationContext>

/**
 * Shield guards what becomes of each event, but not the act of subscribing, which would run first. And it lets a
 * subscription through that is sent like a query, where there is no event.
 */
function guardSubscribing(schema: GraphQLSchema, rules: ReadonlyMap<string, RootRule | AnyMember>): void {
  const type = schema.getSubscriptionType()
  if (!isObjectType(type)) return
  for (const field of Object.values(type.getFields())) {
    const of = rules.get(field.name)
    const subscribe = field.subscribe as Resolve | undefined
    const resolve = field.resolve as Resolve | undefined
    field.subscribe = (async (parent, args, context, info) => {
      const refusal =
        of === undefined ? unruled() : (refusalOf('Subscription', of, context) ?? tooLarge(context, info))
      if (refusal !== undefined) throw refusal
      return subscribe?.(parent, args, context, info)
    }) as Resolve
    field.resolve = ((event, args, context, info) => {
      if (event === undefined || event === null) throw notHere()
      return resolve?.(event, args, context, info)
    }) as Resolve
  }
}

function notHere(): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    'Subscriptions are served over WebSocket (protocol graphql-transport-ws) and as server-sent events, not as one answer to a POST. See docs/subscriptions.md.',
  )
}
