import { createHash } from 'node:crypto'
import {
  GraphQLString,
  Kind,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql'
import { AppError } from '../errors.js'
import type { OnceRequest } from '../entity/run-once.js'
import type { TenantContext } from './tenant-context.js'

type Arguments = Readonly<Record<string, unknown>>
type MutationField = GraphQLField<unknown, TenantContext>

/** Visible characters of ASCII: they pass every proxy unchanged. */
const KEY = /^[\x21-\x7e]{1,255}$/

const ARGUMENT = 'idempotencyKey'
const DESCRIPTION =
  'A text of your own, 1 to 255 visible ASCII characters, one for each intention. The same mutation sent again with ' +
  'it within 24 hours is not carried out again but answered with the first result. It goes before the header ' +
  '`idempotency-key`, which does the same for all fields of an operation.'

/** Gives every mutation the argument `idempotencyKey`, and honours it and the header `idempotency-key`. */
export function attachIdempotency(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    addArgument(field)
    field.resolve = once(field.resolve!)
  }
}

function addArgument(field: MutationField): void {
  const argument = {
    name: ARGUMENT,
    type: GraphQLString,
    description: DESCRIPTION,
    defaultValue: undefined,
    deprecationReason: undefined,
    extensions: {},
    astNode: undefined,
  }
  ;(field.args as (typeof argument)[]).push(argument)
}

function once(
  resolve: GraphQLFieldResolver<unknown, TenantContext>,
): GraphQLFieldResolver<unknown, TenantContext> {
  return (source, { [ARGUMENT]: ownKey, ...values }: Arguments, context, info) => {
    const run = (): unknown => resolve(source, values, context, info)
    if (typeof ownKey === 'string') {
      const key = checkedKey(ownKey, ARGUMENT)
      return context.once(requestOf(context, key, info.fieldName, info.fieldName, info, values), run)
    }
    if (context.idempotencyKey === undefined) return run()
    const key = checkedKey(context.idempotencyKey, 'idempotency-key')
    const field = String(info.path.key)
    return context.once(requestOf(context, key, rootFields(info), field, info, values), run)
  }
}

function checkedKey(key: string, field: string): string {
  if (KEY.test(key)) return key
  throw new AppError(
    'BAD_USER_INPUT',
    `${field} must have 1 to 255 visible ASCII characters and no spaces; send it once.`,
    { field },
  )
}

function requestOf(
  { actor }: TenantContext,
  key: string,
  scope: string,
  field: string,
  { fieldName }: GraphQLResolveInfo,
  values: Arguments,
): OnceRequest {
  const actorId = actor.kind === 'person' ? actor.identityId : actor.apiKeyId
  const text = canonical([scope, field, fieldName, values])
  return { actorId, key, scope, field, hash: createHash('sha256').update(text).digest('hex') }
}

/**
 * The root fields of an operation with their names in the answer. Arguments are left to the fields' own hashes: an
 * executor may have moved them into variables, and what is selected of a result changes nothing that is written.
 */
function rootFields({ operation, fragments }: GraphQLResolveInfo): string {
  const names: string[] = []
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        names.push(`${(selection.alias ?? selection.name).value}:${selection.name.value}`)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
      else collect(fragments[selection.name.value]!.selectionSet)
    }
  }
  collect(operation.selectionSet)
  return names.join(' ')
}

/** JSON with the keys of objects in order: the same values have the same text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
