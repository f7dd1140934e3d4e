import { isScalarType } from 'graphql'
import type { ColumnMeta } from './column.js'
import type { EntityDefinition } from './entity.js'
import { readerOf } from './field-resolvers.js'
import { Money } from './money.js'
import type { EntityRow } from './rows.js'
import { Decimal } from './scalars.js'

/** A row's columns as a query for them would answer, where there is no query: inside an error. */
export function outerForm(entity: EntityDefinition, row: EntityRow): Record<string, unknown> {
  return Object.fromEntries(
    [...entity.columns.values()].map((column) => [
      column.field,
      answered(column, readerOf(column, entity)(row)),
    ]),
  )
}

function answered({ graphqlType, kind }: ColumnMeta, value: unknown): unknown {
  if (kind === 'list')
    return (value as unknown[] | null)?.map((item) => leaf(elementOf(graphqlType), item)) ?? null
  if (kind === 'enum') return wordOf(graphqlType as Readonly<Record<string, unknown>>, value)
  return leaf(graphqlType, value)
}

function elementOf(listType: unknown): unknown {
  return (listType as readonly unknown[])[0]
}

function leaf(type: unknown, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (type === Money) {
    const { amount, currency } = value as { amount: unknown; currency: unknown }
    return { amount: Decimal.serialize(amount), currency }
  }
  return isScalarType(type) ? type.serialize(value) : value
}

/** The name of an enum's member by its stored word. */
function wordOf(members: Readonly<Record<string, unknown>>, value: unknown): unknown {
  return Object.entries(members).find(([, stored]) => stored === value)?.[0] ?? null
}
