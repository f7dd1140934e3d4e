import type { Selectable } from 'kysely'
import { InterfaceType, Field, ID, ObjectType } from 'type-graphql'
import type { Database } from '../database/row-types.js'
import { defineAggregate, type AggregateTypes } from './aggregate-types.js'
import { columnsOf, type ColumnMeta, type EntityClass } from './column.js'
import type { OrderInput } from './ordering.js'
import { defineFilter } from './filter-inputs.js'
import { defineOrder } from './ordering.js'
import { defineInput } from './write-inputs.js'

/** Whatever has an id of its own. */
@InterfaceType({
  autoRegisterImplementations: false,
  resolveType: ({ __typename }: { readonly __typename: string }) => __typename,
  description: 'Anything with an id of its own, readable through `node(id:)`.',
})
export abstract class Node {
  @Field(() => ID, { description: 'Opaque id, unique among all objects of the organization.' })
  readonly id!: string
}

/** Marks a class as the one definition of a table's GraphQL type. */
export function Entity(options: { description: string }): ClassDecorator {
  return ObjectType({ description: options.description, implements: Node, simpleResolvers: true })
}

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S
/** A table's row with camelCase names. */
type RowOf<Table extends keyof Database> = {
  [Column in keyof Selectable<Database[Table]> & string as Camel<Column>]: Selectable<Database[Table]>[Column]
}
type Same<Declared, Stored> = [Declared] extends [Stored]
  ? [null extends Declared ? true : false] extends [null extends Stored ? true : false]
    ? true
    : false
  : false
/** Fields of a class that the table does not have, or has with another type or nullability. */
type Mismatch<Row, Table extends keyof Database> = {
  [Field in keyof Row]: Field extends keyof RowOf<Table>
    ? Same<Row[Field], RowOf<Table>[Field]> extends true
      ? never
      : Field
    : Field
}[keyof Row]

/** Refuses, at compile time, a class that does not match its table; the message names the fields. */
type MatchesTable<Row, Table extends keyof Database> = [Mismatch<Row, Table>] extends [never]
  ? unknown
  : { readonly fieldsThatDoNotMatchTheTable: Mismatch<Row, Table> }

type FieldOf<Row> = keyof Row & string

/** What is said once about a table; types, inputs, lists, loaders and CRUD come from it. */
export interface EntityOptions<Row, Table extends keyof Database> {
  readonly table: Table & string
  /** The module whose tables and permissions these are; `core` is always there. */
  readonly module: string
  /** Field names of one object and of the list, e.g. `team` and `teams`. */
  readonly singular: string
  readonly plural: string
  /** Resource type of the permissions `<permission>.read`, `.create`, `.update`, `.delete`. */
  readonly permission: string
  readonly filter: readonly FieldOf<Row>[]
  readonly orderBy: readonly FieldOf<Row>[]
  readonly create?: readonly FieldOf<Row>[]
  readonly update?: readonly FieldOf<Row>[]
  /** Of `create`, the fields whose column has a default. */
  readonly defaulted?: readonly FieldOf<Row>[]
  /** Key fields; a partitioned table's key includes the partition column. */
  readonly key?: readonly FieldOf<Row>[]
  /** Order of a list when the client names none; the key otherwise. */
  readonly defaultOrder?: readonly (OrderInput & { readonly field: FieldOf<Row> })[]
  /** A row stays readable by the person this field names, also without the read permission. */
  readonly ownedBy?: FieldOf<Row>
  /** Root fields to read by: both when left out. */
  readonly reads?: readonly ('one' | 'list')[]
  /** Whether clients may delete rows. */
  readonly delete?: boolean
  /** Rows are marked by `deleted_at` instead of being removed. */
  readonly softDelete?: boolean
  /** Whether its changes are announced to subscribers: those the kernel writes are, unless told otherwise. */
  readonly announced?: boolean
  /** Fields to group by and to compute with; without them there is no `…Aggregate`. */
  readonly aggregate?: {
    readonly groupBy: readonly FieldOf<Row>[]
    readonly measures: readonly FieldOf<Row>[]
  }
}

/** A definition with everything derived from it. */
export interface EntityDefinition<Row extends object = object> {
  readonly type: EntityClass<Row>
  readonly name: string
  readonly table: string
  readonly module: string
  readonly singular: string
  readonly plural: string
  readonly permission: string
  readonly columns: ReadonlyMap<string, ColumnMeta>
  readonly key: readonly string[]
  readonly defaultOrder: readonly OrderInput[]
  readonly ownedBy: ColumnMeta | undefined
  readonly reads: readonly ('one' | 'list')[]
  readonly deletable: boolean
  readonly softDelete: boolean
  readonly announced: boolean
  readonly filterable: ReadonlyMap<string, ColumnMeta>
  readonly filterInput: EntityClass
  readonly orderInput: EntityClass
  readonly createInput: EntityClass | undefined
  readonly updateInput: EntityClass | undefined
  readonly create: readonly string[]
  readonly update: readonly string[]
  readonly aggregate: AggregateTypes | undefined
  /** Relation fields by name, with the columns they start from; filled by `toOne` and `toMany`. */
  readonly relations: Map<string, readonly string[]>
}

const byType = new Map<EntityClass, EntityDefinition>()

/** The one definition of a table. A class that does not match the table's row type does not compile. */
export function defineEntity<Row extends object, Table extends keyof Database>(
  type: EntityClass<Row> & MatchesTable<Row, Table>,
  options: EntityOptions<Row, Table>,
): EntityDefinition<Row> {
  const definition = definitionOf<Row>(type, options)
  byType.set(type, definition as EntityDefinition)
  return definition
}

/** What is said of rows that are not those of one table. */
export type DefinitionOptions<Row> = Omit<EntityOptions<Row, keyof Database>, 'table'> & {
  readonly table: string
}

/** Derives everything from a class and its options, unchecked and known to nobody else. */
export function definitionOf<Row extends object>(
  type: EntityClass<Row>,
  options: DefinitionOptions<Row>,
): EntityDefinition<Row> {
  const columns = new Map(columnsOf(type).map((column) => [column.field, column]))
  const pick = (fields: readonly string[]): ColumnMeta[] => pickColumns(type.name, columns, fields)
  const filterable = pick(options.filter)
  return {
    type,
    name: type.name,
    table: options.table,
    module: options.module,
    singular: options.singular,
    plural: options.plural,
    permission: options.permission,
    columns,
    key: options.key ?? ['id'],
    defaultOrder: options.defaultOrder ?? [],
    ownedBy: options.ownedBy === undefined ? undefined : pick([options.ownedBy])[0],
    reads: options.reads ?? ['one', 'list'],
    deletable: options.delete ?? false,
    softDelete: options.softDelete ?? false,
    announced: options.announced ?? (options.create ?? options.update ?? options.delete) !== undefined,
    filterable: new Map(filterable.map((column) => [column.field, column])),
    filterInput: defineFilter(type.name, filterable),
    orderInput: defineOrder(type.name, pick(options.orderBy)),
    create: options.create ?? [],
    update: options.update ?? [],
    createInput:
      options.create && defineInput('Create', type.name, pick(options.create), options.defaulted ?? []),
    updateInput: options.update && defineInput('Update', type.name, pick(options.update), []),
    aggregate:
      options.aggregate &&
      defineAggregate(type.name, pick(options.aggregate.groupBy), pick(options.aggregate.measures)),
    relations: new Map(),
  }
}

/** Columns by field name. Throws TypeError for a field that has none. */
export function pickColumns(
  name: string,
  columns: ReadonlyMap<string, ColumnMeta>,
  fields: readonly string[],
): ColumnMeta[] {
  return fields.map((field) => {
    const column = columns.get(field)
    if (column === undefined) throw new TypeError(`${name} has no column ${field}`)
    return column
  })
}

/** The definition of a class. */
export function entityOf(type: EntityClass): EntityDefinition {
  const definition = byType.get(type)
  if (definition === undefined) throw new TypeError(`${type.name} was not defined as an entity`)
  return definition
}

/** Every entity that was defined, in the order of their modules' imports. */
export function allEntities(): readonly EntityDefinition[] {
  return [...byType.values()]
}
