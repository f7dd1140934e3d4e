import { sql } from 'kysely'
import { Arg } from 'type-graphql'
import { AppError } from '../errors.js'
import type { ColumnMeta } from './column.js'
import { all, columnRef, fromClient, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { keyFromId } from './store.js'
import { keyIs } from './rows.js'

/** Arguments by which one object is asked for: its id, or the fields of its alternate key. */
export type OneArguments = Readonly<Record<string, unknown>>

/** Declares the fields of an entity's alternate key as arguments, in order, from an index on. */
export function declareAlternateKey(
  entity: EntityDefinition,
  prototype: object,
  method: string,
  from: number,
): void {
  entity.alternateKey.forEach(({ field, inputType, description }, index) => {
    const others = entity.alternateKey.filter((column) => column.field !== field)
    const together = others.map((column) => ` together with \`${column.field}\``).join('')
    Arg(field, () => inputType, {
      nullable: true,
      description: `${description} Names the object${together} instead of \`id\`.`,
    })(prototype, method, from + index)
  })
}

/** The row that is asked for. Throws BAD_USER_INPUT unless it is named in exactly one of the possible ways. */
export function rowAskedFor(entity: EntityDefinition, { id, ...given }: OneArguments): Condition {
  const { alternateKey } = entity
  const missing = alternateKey.filter(({ field }) => given[field] === undefined || given[field] === null)
  const hasId = id !== undefined && id !== null
  if (hasId && missing.length === alternateKey.length) return keyIs(entity, keyFromId(entity, String(id)))
  if (!hasId && missing.length === 0)
    return all(alternateKey.map((column) => equals(entity, column, given[column.field])))
  const names = alternateKey.map(({ field }) => field).join(' with ')
  const field = hasId
    ? (alternateKey.find((column) => !missing.includes(column))?.field ?? 'id')
    : (missing[0]?.field ?? 'id')
  throw new AppError(
    'BAD_USER_INPUT',
    alternateKey.length === 0
      ? `${entity.singular} needs an id.`
      : `Name one ${entity.name} by exactly one of: id; ${names}.`,
    { field },
  )
}

function equals({ ignoreCase }: EntityDefinition, column: ColumnMeta, value: unknown): Condition {
  const [ref, given] = [columnRef(column), fromClient(column, value, column.field)]
  return ignoreCase.has(column.field) ? sql`lower(${ref}) = lower(${given})` : sql`${ref} = ${given}`
}
