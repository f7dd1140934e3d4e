import type { GraphQLSchema } from 'graphql'
import { applyMiddleware, type IMiddlewareTypeMap } from 'graphql-middleware'
import { rule, shield } from 'graphql-shield'
import { AppError } from '../errors.js'
import type { AnyMember, RootRule, RootRules } from '../entity/module.js'
import {
  forbidden,
  missingModule,
  permits,
  personOf,
  type OperationContext,
} from '../entity/operation-context.js'

type ShieldRule = ReturnType<ReturnType<typeof rule>>
type FieldRules = Record<string, ShieldRule>

/** Whoever got a context belongs to the organization. */
const anyMember = rule({ cache: 'no_cache' })(() => true)

/** What no rule allows, nobody may: a forgotten rule shuts a field instead of opening it. */
const nobody = rule({ cache: 'no_cache' })(
  () => new AppError('FORBIDDEN', 'Nobody may use this field: it has no rule.'),
)

/** Wraps every root field in its rule: the module first, then the permission. Other fields stay unwrapped. */
export function guarded(schema: GraphQLSchema, rules: readonly RootRules[]): GraphQLSchema {
  const roots = (['Query', 'Mutation'] as const).filter((type) => schema.getType(type) !== undefined)
  const tree = Object.fromEntries(roots.map((type) => [type, fieldRules(rules, type)]))
  const options = { allowExternalErrors: true, fallbackRule: nobody }
  const generated = shield(tree, options).generate(schema) as Record<string, IMiddlewareTypeMap>
  const wrapped = Object.fromEntries(roots.map((type) => [type, generated[type]])) as IMiddlewareTypeMap
  return applyMiddleware(schema, wrapped)
}

/** The rules of all modules for the fields of one root type. */
export function rulesOf(
  rules: readonly RootRules[],
  type: 'Query' | 'Mutation',
): ReadonlyMap<string, RootRule | AnyMember> {
  return new Map(rules.flatMap((of) => Object.entries(of[type] ?? {})))
}

function fieldRules(rules: readonly RootRules[], type: 'Query' | 'Mutation'): FieldRules {
  return Object.fromEntries([...rulesOf(rules, type)].map(([field, of]) => [field, shieldRule(of)]))
}

function shieldRule(of: RootRule | AnyMember): ShieldRule {
  if (of === 'anyMember') return anyMember
  return rule({ cache: 'no_cache' })((_parent, _args, context: OperationContext) => {
    // Refusals are returned: Shield takes what a rule throws for a failure of the rule and hides it.
    const refusal = missingModule(context, of.module)
    if (refusal !== undefined) return refusal
    if (permits(context, of.permission))
      return of.also === undefined || permits(context, of.also) ? true : forbidden(of.also)
    if (of.orOwn === true && personOf(context) !== null) return true
    return forbidden(of.permission)
  })
}
