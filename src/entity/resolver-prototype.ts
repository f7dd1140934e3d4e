/** A method of a resolver that is made rather than written; decorators do not care for its parameters' types. */
export type Method = (...parameters: never[]) => unknown
export type Prototype = Record<string, Method>

/** What type-graphql's method decorators expect as their third argument. */
export function descriptor(prototype: Prototype, name: string): TypedPropertyDescriptor<unknown> {
  return Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>
}
