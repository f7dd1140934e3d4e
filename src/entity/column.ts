import type { GraphQLScalarType } from 'graphql'
import { GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString, isScalarType } from 'graphql'
import { Field, ID, Int } from 'type-graphql'
import { Money } from './money.js'
import { DateTime, Decimal, JSONObject, SafeInt } from './scalars.js'

/** A class whose instances are rows; type-graphql reads its decorators. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a constructor of unknown arguments has no other type
export type EntityClass<Row extends object = object> = abstract new (...args: any[]) => Row

/** How a column behaves in filters, ordering, cursors and inputs. */
export type ColumnKind =
  'id' | 'string' | 'enum' | 'boolean' | 'int' | 'decimal' | 'money' | 'datetime' | 'json' | 'list'

/** Who may see a value in logs and audit rows; see the data model's conventions. */
export type Sensitivity = 'public' | 'internal' | 'confidential' | 'restricted'

export interface ColumnOptions {
  readonly nullable?: boolean
  /** User documentation: plain words, with units. */
  readonly description: string
  /** For ids of other objects: the class of what is named. */
  readonly references?: () => EntityClass
  /** For money: the field that holds the currency. */
  readonly currency?: string
  readonly sensitivity?: Sensitivity
  /** Set where the column itself is never null although the field is: an infinite moment is shown as null. */
  readonly stored?: 'required'
  /** What to use instead, and `Removed after YYYY-MM-DD.` */
  readonly deprecationReason?: string
}

/** One column of an entity, as its decorator declared it. */
export interface ColumnMeta {
  /** Field name in GraphQL and in rows, camelCase. */
  readonly field: string
  /** Column name in the database, snake_case. */
  readonly column: string
  readonly kind: ColumnKind
  /** Whether the column may be null, which the field may be too. */
  readonly nullable: boolean
  readonly description: string
  readonly references: (() => EntityClass) | undefined
  readonly currency: string | undefined
  readonly sensitivity: Sensitivity
  /** Type of the field in outputs and in inputs; they differ for money, which is given as a plain amount. */
  readonly graphqlType: GraphQLScalarType | object
  readonly inputType: GraphQLScalarType | object
}

const declared = new WeakMap<object, ColumnMeta[]>()

/** Declares a column: a GraphQL field plus what the kernel needs to know of it. */
export function Column(type: () => unknown, options: ColumnOptions): PropertyDecorator {
  return (prototype, property) => {
    const field = String(property)
    const fieldType = type()
    const columns = declared.get(prototype.constructor) ?? []
    declared.set(prototype.constructor, columns)
    columns.push({
      field,
      column: snakeCase(field),
      kind: kindOf(fieldType),
      nullable: options.stored !== 'required' && (options.nullable ?? false),
      description: options.description,
      references:
        options.references ?? (field === 'id' ? () => prototype.constructor as EntityClass : undefined),
      currency: options.currency,
      sensitivity: options.sensitivity ?? 'internal',
      graphqlType: fieldType as object,
      inputType: inputTypeOf(fieldType),
    })
    const { nullable = false, description, deprecationReason } = options
    Field(() => fieldType as object, {
      nullable,
      description,
      ...(deprecationReason === undefined ? {} : { deprecationReason }),
    })(prototype, property)
  }
}

/** The columns of an entity class, in the order they were declared. */
export function columnsOf(type: EntityClass): readonly ColumnMeta[] {
  return declared.get(type) ?? []
}

/** `parentTeamId` → `parent_team_id`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const KINDS = new Map<unknown, ColumnKind>([
  [ID, 'id'],
  [GraphQLID, 'id'],
  [String, 'string'],
  [GraphQLString, 'string'],
  [Boolean, 'boolean'],
  [GraphQLBoolean, 'boolean'],
  [Int, 'int'],
  [GraphQLInt, 'int'],
  [SafeInt, 'int'],
  [Decimal, 'decimal'],
  [Money, 'money'],
  [DateTime, 'datetime'],
  [JSONObject, 'json'],
])

function kindOf(type: unknown): ColumnKind {
  if (Array.isArray(type)) return 'list'
  const kind = KINDS.get(type)
  if (kind !== undefined) return kind
  if (isScalarType(type)) return 'string'
  return 'enum'
}

function inputTypeOf(type: unknown): GraphQLScalarType | object {
  return type === Money ? Decimal : (type as object)
}
