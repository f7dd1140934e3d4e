import { registerEnumType } from 'type-graphql'
import { registerEnumFilter } from './filter-inputs.js'

/**
 * Registers an enum whose members are the stored words: `{ ACTIVE: 'active' }`. Its filter input comes with it.
 *
 * @param values - a description for every member
 */
export function defineEnum<Enum extends Record<string, string>>(
  name: string,
  type: Enum,
  description: string,
  values: Record<keyof Enum, string>,
): void {
  const valuesConfig = Object.fromEntries(
    Object.entries(values).map(([key, text]) => [key, { description: text }]),
  ) as Record<keyof Enum, { description: string }>
  registerEnumType(type, { name, description, valuesConfig })
  registerEnumFilter(name, type)
}
