import type { Selectable } from 'kysely'
import { InterfaceType, Field, ID, ObjectType } from 'type-graphql'
import type { Database } from '../database/row-types.js'
import { defineAggregate, type AggregateTypes } from './aggregate-types.js'
import { columnsOf, type ColumnMeta, type EntityClass } from './column.js'
import type { Condition } from './condition.js'
import type { OperationContext } from './operation-context.js'
import type { OrderInput } from './ordering.js'
import { defineFilter } from './filter-inputs.js'
import { defineOrder } from './ordering.js'
import type { Relation } from './relation.js'
import type { RelationFilter } from './relation-filters.js'
import { RELEVANCE } from './search.js'
import { sourceWith, type SharedRows } from './shared-rows.js'
import type { WriteRule } from './write-rule.js'
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

/** Fields of a unique index over live rows in which an empty value equals another one. */
export interface NaturalKey<Field extends string = string> {
  readonly fields: readonly Field[]
  /** Of these, the ones whose letter case does not count. */
  readonly ignoringCase?: readonly Field[]
}

/** Decides row by row what an actor may read. */
export type ReadRule = (context: OperationContext, row: string) => Condition

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
  /** Texts that lists are searched in; the table needs an index on their `searchVector`. */
  readonly search?: readonly FieldOf<Row>[]
  readonly create?: readonly FieldOf<Row>[]
  readonly update?: readonly FieldOf<Row>[]
  /** Of `create`, the fields whose column has a default. */
  readonly defaulted?: readonly FieldOf<Row>[]
  /** Key fields; a partitioned table's key includes the partition column. */
  readonly key?: readonly FieldOf<Row>[]
  /** Fields that together name one live row, beside its key; they become arguments of the singular field. */
  readonly alternateKey?: readonly FieldOf<Row>[]
  /** Of the alternate key, the fields that are unique whatever their letter case: by an index on `lower(…)`. */
  readonly ignoreCase?: readonly FieldOf<Row>[]
  /** Order of a list when the client names none; the key otherwise. */
  readonly defaultOrder?: readonly (OrderInput & { readonly field: FieldOf<Row> })[]
  /** A row stays readable by the person this field names, also without the read permission. */
  readonly ownedBy?: FieldOf<Row>
  /**
   * Which live rows an actor may read, in place of the read permission and the owner: a condition on the row that is
   * called `row`.
   */
  readonly readRule?: ReadRule
  /** Root fields to read by: both when left out. */
  readonly reads?: readonly ('one' | 'list')[]
  /** Whether clients may delete rows. */
  readonly delete?: boolean
  /** Rows all organizations share, which are read together with those of the table and never written with them. */
  readonly shared?: SharedRows
  /** What no constraint of the table can forbid. */
  readonly writeRule?: WriteRule
  /** Rows are marked by `deleted_at` instead of being removed. */
  readonly softDelete?: boolean
  /** Whether clients may add many at once, by `createTeams` for `teams`. */
  readonly bulk?: boolean
  /** What tells an object from all others of its type, enforced by a unique index; with it comes `upsert…`. */
  readonly naturalKey?: NaturalKey<FieldOf<Row>>
  /**
   * Lets clients bring back what was marked as deleted. `within` names the fields whose objects it is a part of:
   * they have to be there.
   */
  readonly restore?: { readonly within: readonly FieldOf<Row>[] }
  /** Whether its changes are announced to subscribers: those the kernel writes are, unless told otherwise. */
  readonly announced?: boolean
  /** Fields to group by and to compute with; without them there is no `…Aggregate`. */
  readonly aggregate?: {
    readonly groupBy: readonly FieldOf<Row>[]
    readonly measures: readonly FieldOf<Row>[]
    /** For money among the measures: the moment whose exchange rates hold for a row. */
    readonly moneyAt?: FieldOf<Row>
  }
}

/** A definition with everything derived from it. */
export interface EntityDefinition<Row extends object = object> {
  readonly type: EntityClass<Row>
  readonly name: string
  /** Where its rows are written. */
  readonly table: string
  /** Where its rows are read, as it stands behind `from`. */
  readonly source: string
  readonly shared: SharedRows | undefined
  readonly module: string
  readonly singular: string
  readonly plural: string
  readonly permission: string
  readonly columns: ReadonlyMap<string, ColumnMeta>
  readonly key: readonly string[]
  readonly alternateKey: readonly ColumnMeta[]
  readonly ignoreCase: ReadonlySet<string>
  readonly defaultOrder: readonly OrderInput[]
  readonly ownedBy: ColumnMeta | undefined
  readonly readRule: ReadRule | undefined
  readonly reads: readonly ('one' | 'list')[]
  readonly deletable: boolean
  readonly writeRule: WriteRule | undefined
  readonly softDelete: boolean
  readonly bulk: boolean
  readonly naturalKey: NaturalKey | undefined
  readonly restore: { readonly within: readonly string[] } | undefined
  readonly announced: boolean
  readonly filterable: ReadonlyMap<string, ColumnMeta>
  readonly search: readonly ColumnMeta[]
  readonly filterInput: EntityClass
  readonly orderInput: EntityClass
  readonly createInput: EntityClass | undefined
  readonly updateInput: EntityClass | undefined
  readonly create: readonly string[]
  readonly update: readonly string[]
  readonly aggregate: AggregateTypes | undefined
  /** Relation fields by name; filled by `toOne` and `toMany`. */
  readonly relations: Map<string, Relation>
  /** Relations to filter by; filled with them. */
  readonly relationFilters: Map<string, RelationFilter>
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

const BY_RELEVANCE = {
  field: RELEVANCE,
  description: 'How well it fits what is searched for: `DESC` puts the best fit on top. Only with `search`.',
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
    source: options.shared === undefined ? options.table : sourceWith(options, [...columns.values()]),
    shared: options.shared,
    module: options.module,
    singular: options.singular,
    plural: options.plural,
    permission: options.permission,
    columns,
    key: options.key ?? ['id'],
    alternateKey: pick(options.alternateKey ?? []),
    ignoreCase: new Set(options.ignoreCase),
    defaultOrder: options.defaultOrder ?? [],
    ownedBy: options.ownedBy === undefined ? undefined : pick([options.ownedBy])[0],
    readRule: options.readRule,
    reads: options.reads ?? ['one', 'list'],
    deletable: options.delete ?? false,
    writeRule: options.writeRule,
    softDelete: options.softDelete ?? false,
    bulk: options.bulk ?? false,
    naturalKey: options.naturalKey,
    restore: options.restore,
    announced: options.announced ?? (options.create ?? options.update ?? options.delete) !== undefined,
    filterable: new Map(filterable.map((column) => [column.field, column])),
    filterInput: defineFilter(type.name, filterable),
    search: pick(options.search ?? []),
    orderInput: defineOrder(type.name, [
      ...pick(options.orderBy),
      ...(options.search === undefined ? [] : [BY_RELEVANCE]),
    ]),
    create: options.create ?? [],
    update: options.update ?? [],
    createInput:
      options.create && defineInput('Create', type.name, pick(options.create), options.defaulted ?? []),
    updateInput: options.update && defineInput('Update', type.name, pick(options.update), []),
    aggregate:
      options.aggregate &&
      defineAggregate(
        type.name,
        pick(options.aggregate.groupBy),
        pick(options.aggregate.measures),
        pick(options.aggregate.moneyAt === undefined ? [] : [options.aggregate.moneyAt])[0],
      ),
    relations: new Map(),
    relationFilters: new Map(),
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

/** Name of a field's column in the database. Throws TypeError for a field that has none. */
export function columnNameOf({ name, columns }: EntityDefinition, field: string): string {
  return (pickColumns(name, columns, [field])[0] as ColumnMeta).column
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
