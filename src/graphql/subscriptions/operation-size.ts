import {
  getArgumentValues,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql'
import { AppError } from '../../errors.js'
import { DEFAULT_GROUPS, MOST_GROUPS } from '../../entity/aggregate-types.js'
import { DEFAULT_PAGE, LARGEST_PAGE } from '../../entity/page.js'
import { isIncluded } from '../../entity/selection.js'
import { DELIVERY_SIZE } from '../../entity/subscription-context.js'

/** How many fields one operation may select, those of a fragment counted wherever it is spread. */
export const MOST_SELECTIONS = 20_000

/** How many values an answer may hold if every list in it were full. */
export const MOST_VALUES = 5_000_000

const known = new WeakMap<object, AppError | null>()

/**
 * LIMIT_EXCEEDED when an operation asks for more than one process should hold: lists within lists multiply, and so do
 * fragments within fragments. Looked at once for each operation, before anything of it runs.
 *
 * @param context - the operation's own, by which the answer is remembered
 */
export function tooLarge(context: object, info: GraphQLResolveInfo): AppError | undefined {
  let refusal = known.get(context)
  if (refusal === undefined) {
    refusal = measure(info) ?? null
    known.set(context, refusal)
  }
  return refusal ?? undefined
}

function measure(info: GraphQLResolveInfo): AppError | undefined {
  const { operation, schema } = info
  const size = { selections: 0, values: 0 }
  const type = schema.getRootType(operation.operation)
  // Of a subscription's events, so many are in memory at once.
  if (type !== null && type !== undefined)
    add(size, info, type, operation.selectionSet, operation.operation === 'subscription' ? DELIVERY_SIZE : 1)
  if (size.selections > MOST_SELECTIONS) return refused('selections', MOST_SELECTIONS, 'fields')
  if (size.values > MOST_VALUES) return refused('values', MOST_VALUES, 'values, were all its lists full')
  return undefined
}

function refused(limit: string, allowed: number, what: string): AppError {
  const message = `The operation asks for more than ${allowed} ${what}. Ask for less at once, or for smaller pages.`
  return new AppError('LIMIT_EXCEEDED', message, { limit, allowed, asked: `more than ${allowed}` })
}

interface Size {
  selections: number
  values: number
}

/** @param times - how often the selection can occur in the answer */
function add(
  size: Size,
  info: GraphQLResolveInfo,
  type: GraphQLNamedType | undefined,
  { selections }: SelectionSetNode,
  times: number,
): void {
  for (const node of selections) {
    size.selections++
    // Counting stops at the limit: what is spread in a few hundred characters may be longer than any life.
    if (size.selections > MOST_SELECTIONS || size.values > MOST_VALUES) return
    if (!isIncluded(node, info)) continue
    if (node.kind === Kind.FIELD) addField(size, info, type, node, times)
    else {
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? info.fragments[node.name.value] : node
      const condition = fragment?.typeCondition?.name.value
      const on = condition === undefined ? type : info.schema.getType(condition)
      if (fragment !== undefined) add(size, info, on, fragment.selectionSet, times)
    }
  }
}

function addField(
  size: Size,
  info: GraphQLResolveInfo,
  type: GraphQLNamedType | undefined,
  node: FieldNode,
  times: number,
): void {
  size.values += times
  if (node.selectionSet === undefined || (!isObjectType(type) && !isInterfaceType(type))) return
  const field = type.getFields()[node.name.value]
  const of = field === undefined ? undefined : getNamedType(field.type)
  if (field !== undefined && isCompositeType(of)) {
    add(size, info, of, node.selectionSet, times * longest(field, node, info))
  }
}

/** How many objects a field can lead to; a list of wrong length is refused where it is read. */
function longest(field: GraphQLField<unknown, unknown>, node: FieldNode, info: GraphQLResolveInfo): number {
  const names = field.args.map(({ name }) => name)
  if (!names.includes('first')) return 1
  const { first, last } = argumentsOf(field, node, info)
  const [usual, most] = names.includes('last') ? [DEFAULT_PAGE, LARGEST_PAGE] : [DEFAULT_GROUPS, MOST_GROUPS]
  const asked = typeof last === 'number' ? last : typeof first === 'number' ? first : usual
  return Math.max(0, Math.min(asked, most))
}

function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  { variableValues }: GraphQLResolveInfo,
): Record<string, unknown> {
  try {
    return getArgumentValues(field, node, variableValues)
  } catch {
    // An argument that does not fit its type is refused where it is used, with its own words.
    return {}
  }
}
