import { pickColumns, type EntityDefinition } from './entity.js'
import { defineInput } from './write-inputs.js'

/** What one API lets be written of an entity that others only read. */
export interface WriteOptions<Row> {
  /** Resource type of the permissions, and of the audit entries. */
  readonly permission: string
  readonly create: readonly (keyof Row & string)[]
  readonly update: readonly (keyof Row & string)[]
  /** Of `create`, the fields whose column has a default. */
  readonly defaulted: readonly (keyof Row & string)[]
}

/** The same entity with inputs to write it by, and nothing else: its reading stays where it is. */
export function withWrites<Row extends object>(
  entity: EntityDefinition<Row>,
  { permission, create, update, defaulted }: WriteOptions<Row>,
): EntityDefinition<Row> {
  const { name, columns } = entity
  return {
    ...entity,
    permission,
    reads: [],
    aggregate: undefined,
    create,
    update,
    createInput: defineInput('Create', name, pickColumns(name, columns, create), defaulted),
    updateInput: defineInput('Update', name, pickColumns(name, columns, update), []),
  }
}
