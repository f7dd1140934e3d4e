import { isDeepStrictEqual } from 'node:util'
import {
  execute,
  parse,
  validate,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql'
import { expect } from 'vitest'
import { CompiledOperations } from '../../../src/graphql/execution/compiled-operations.js'
import { formatError } from '../../../src/graphql/error-format.js'

/** One operation as a client sends it. */
export interface Operation {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

/** What became of an operation, executed both ways. */
export interface Compared {
  /** Whether compiled code executed it. */
  readonly compiled: boolean
  /** As the client sees it, from compiled code where there is any. */
  readonly answer: unknown
}

/** Executes operations with graphql-js and with compiled code, and expects the same answers. */
export class Oracle<Context> {
  readonly #operations: CompiledOperations

  constructor(
    readonly schema: GraphQLSchema,
    readonly inContext: <Result>(work: (context: Context) => Promise<Result>) => Promise<Result>,
  ) {
    this.#operations = new CompiledOperations(schema, 500)
  }

  async compare({ query, variables, operationName }: Operation): Promise<Compared> {
    const document = parse(query)
    expect(validate(this.schema, document)).toEqual([])
    const expected = await this.inContext(async (contextValue) =>
      execute({ schema: this.schema, document, contextValue, variableValues: variables, operationName }),
    )
    const request = { key: query, document, operationName, variables }
    const once = await this.inContext((context) => this.#operations.execute({ ...request, context }))
    // Only what is asked again is compiled; a test may ask for the same operation with other variables.
    const result =
      once ?? (await this.inContext((context) => this.#operations.execute({ ...request, context })))
    if (result !== undefined) expectSame(asSeen(result), asSeen(expected))
    return { compiled: result !== undefined, answer: asSeen(result ?? expected) }
  }
}

interface Seen {
  readonly data: unknown
  readonly errors: readonly { readonly path?: readonly (string | number)[] }[]
}

/** The answer in JSON. Errors have no order among each other: they come as they happen. */
function asSeen({ data, errors }: ExecutionResult): Seen {
  const seen = (errors ?? []).map((error: GraphQLError) => JSON.stringify(formatError(error.toJSON(), error)))
  return {
    data: JSON.parse(JSON.stringify({ data })).data,
    errors: seen.sort().map((text) => JSON.parse(text)),
  }
}

/**
 * The same data and the same errors. Where an error took a whole part of the answer away, graphql-js tells of the one
 * that came first; compiled code also tells of others in the lost part.
 */
function expectSame(compiled: Seen, expected: Seen): void {
  expect(compiled.data).toEqual(expected.data)
  const further = compiled.errors.filter(
    (error) => !expected.errors.some((other) => isDeepStrictEqual(error, other)),
  )
  expect(compiled.errors.filter((error) => !further.includes(error))).toEqual(expected.errors)
  for (const { path = [] } of further) expect(isLost(expected.data, path)).toBe(true)
}

/** Whether an answer ends in null above a place. */
function isLost(data: unknown, path: readonly (string | number)[]): boolean {
  let value = data
  for (const key of path) {
    if (value === null) return true
    value = (value as Record<string | number, unknown>)[key]
  }
  return false
}
