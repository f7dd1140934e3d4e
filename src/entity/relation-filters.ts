import { sql } from 'kysely'
import { Field, InputType } from 'type-graphql'
import type { EntityClass } from './column.js'
import type { Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'

/** A relation as filters follow it. */
export interface RelationFilter {
  readonly target: EntityDefinition
  /** Whether it leads to any number of objects. */
  readonly many: boolean
  /** `from … where …`: the rows of the target, called `inner`, that belong to the row called `outer`. */
  rowsOf(outer: string, inner: string): Condition
}

const lists = new WeakMap<EntityDefinition, EntityClass>()

/** Makes a relation something to filter by; `user: { department: { eq: "Legal" } }`. */
export function declareRelationFilter(
  entity: EntityDefinition,
  name: string,
  relation: RelationFilter,
  description: string,
): void {
  if (entity.columns.has(name)) throw new TypeError(`${entity.name} has a column ${name} already`)
  entity.relationFilters.set(name, relation)
  const { target, many } = relation
  const type = many ? listFilter(target) : target.filterInput
  const about = many
    ? 'Conditions on these; those that may not be seen do not count.'
    : 'Holds when there is one that may be seen and meets these conditions.'
  Field(() => type, { nullable: true, description: `${description} ${about}` })(
    entity.filterInput.prototype as object,
    name,
  )
}

/** `<Entity>ListFilter`: what must hold for the objects at the other end of a relation. */
function listFilter(target: EntityDefinition): EntityClass {
  const known = lists.get(target)
  if (known !== undefined) return known
  const { name, filterInput } = target
  const input = class {}
  const declare = (field: string, description: string): void =>
    Field(() => filterInput, { nullable: true, description })(input.prototype, field)
  declare('some', 'At least one meets these conditions. With no conditions: there is one.')
  declare('none', 'Not one meets these conditions. With no conditions: there is none.')
  declare('every', 'All meet these conditions, as they do where there are none.')
  InputType(`${name}ListFilter`, {
    description: `Conditions on a list of ${name} objects; all given ones must hold.`,
  })(input)
  lists.set(target, input)
  return input
}

/** The one row of `target` whose `targetColumn` equals a column of the row it belongs to. */
export function rowsByColumn(target: EntityDefinition, targetColumn: string, column: string) {
  return (outer: string, inner: string): Condition =>
    sql.raw(`from ${target.source} ${inner} where ${inner}.${targetColumn} = ${outer}.${column}`)
}
