import type { EntityClass } from './column.js'
import { definitionOf, type DefinitionOptions, type EntityDefinition } from './entity.js'

type Written = 'table' | 'create' | 'update' | 'defaulted' | 'delete' | 'softDelete'

/** What is said of rows that come from a query. */
export interface ViewOptions<Row> extends Omit<DefinitionOptions<Row>, Written> {
  /** A constant select whose columns are the fields' names in snake_case. */
  readonly select: string
}

/**
 * A definition to read by, over a join instead of a table: filters, order and pages are those of any entity. It
 * belongs to the API that names it and is not among `allEntities`; nothing compares it with the database at compile
 * time, so a test has to select every field.
 */
export function defineView<Row extends object>(
  type: EntityClass<Row>,
  { select, ...options }: ViewOptions<Row>,
): EntityDefinition<Row> {
  return definitionOf(type, { ...options, table: `(${select})` })
}
