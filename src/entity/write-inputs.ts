import { Field, ID, InputType } from 'type-graphql'
import type { ColumnMeta, EntityClass } from './column.js'

/**
 * `Create<Entity>Input` or `Update<Entity>Input`. In an update every field but the id is optional, and what is
 * left out stays as it is; in a create those are optional that may be empty or have a default.
 */
export function defineInput(
  verb: 'Create' | 'Update',
  entityName: string,
  columns: readonly ColumnMeta[],
  defaulted: readonly string[],
): EntityClass {
  const inputClass = class {}
  const declare = (field: string, type: () => object, options: object): void =>
    Field(type, options)(inputClass.prototype, field)
  if (verb === 'Update') {
    declare('id', () => ID, { description: `Which ${entityName} to change.` })
  }
  for (const { field, inputType, nullable, description } of columns) {
    const optional = verb === 'Update' || nullable || defaulted.includes(field)
    declare(field, () => inputType, { nullable: optional, description })
  }
  const about =
    verb === 'Create'
      ? `What a new ${entityName} consists of.`
      : `What to change of a ${entityName}; what is left out stays as it is.`
  InputType(`${verb}${entityName}Input`, { description: about })(inputClass)
  return inputClass
}
