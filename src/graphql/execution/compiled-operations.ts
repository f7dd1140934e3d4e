import {
  getOperationAST,
  getVariableValues,
  GraphQLSchema,
  separateOperations,
  type DocumentNode,
  type ExecutionResult,
  type OperationDefinitionNode,
} from 'graphql'
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit'
import type { LRUCache } from 'lru-cache'
import { boundedCache } from './bounded-cache.js'
import { isCompilable } from './compilable.js'
import { conditionVariables, withoutConditions, type Variables } from './constant-directives.js'
import { lengthOfDocument } from './document-store.js'
import { CoercedValue, liftArguments, type LiftedDocument } from './lift-arguments.js'
import { locatedError } from './located-errors.js'

/** One validated operation and what it is executed with. */
export interface OperationRequest {
  /** Names the document: the same text has the same key. */
  readonly key: string
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Variables | undefined
  readonly context: unknown
}

/** Compiled code for one operation with one outcome of its `@skip` and `@include`. */
interface Plan {
  readonly lifted: LiftedDocument
  readonly operation: OperationDefinitionNode
  readonly query: CompiledQuery['query']
}

/** What is known of an operation: its plans by the values of the variables that decide what is selected. */
interface KnownOperation {
  readonly operation: OperationDefinitionNode
  readonly conditions: readonly string[]
  readonly plans: Map<string, Plan | 'never'>
  /** Characters of the document. */
  readonly length: number
  uses: number
}

/** Compiling takes as long as executing some dozens of times: what is asked only once is not worth it. */
const USES_BEFORE_COMPILING = 2
/** Outcomes of `@skip` and `@include` that are compiled for one operation; further ones are left to graphql-js. */
const MOST_OUTCOMES = 8

/**
 * Executes operations with compiled code, which it makes for those asked repeatedly and keeps for those asked last.
 * Answers as graphql-js would, or not at all.
 */
export class CompiledOperations {
  readonly #schema: GraphQLSchema
  readonly #known: LRUCache<string, KnownOperation>

  /** @param capacity - operations that are kept */
  constructor(schema: GraphQLSchema, capacity: number) {
    this.#schema = withCoercedValue(schema)
    this.#known = boundedCache(capacity, ({ length }) => length)
  }

  /** The answer; undefined when graphql-js has to execute the operation, nothing of which was executed then. */
  async execute(request: OperationRequest): Promise<ExecutionResult | undefined> {
    const known = this.#operation(request)
    if (known === undefined || known.uses < USES_BEFORE_COMPILING) return undefined
    const coerced = this.#coerce(known.operation, request.variables)
    if (coerced === undefined) return undefined
    const plan = this.#plan(known, request.document, coerced)
    const values = plan?.lifted.valuesOf(coerced)
    if (plan === undefined || values === undefined) return undefined
    const { data, errors } = await plan.query(undefined, request.context, values)
    return errors === undefined
      ? { data: data ?? null }
      : { data: data ?? null, errors: errors.map((error) => locatedError(error, plan.operation)) }
  }

  #coerce(
    { variableDefinitions = [] }: OperationDefinitionNode,
    given: Variables = {},
  ): Variables | undefined {
    if (variableDefinitions.length === 0) return {}
    return getVariableValues(this.#schema, variableDefinitions, { ...given }).coerced
  }

  #operation({ key, document, operationName }: OperationRequest): KnownOperation | undefined {
    const name = `${key} ${operationName ?? ''}`
    const known = this.#known.get(name)
    if (known !== undefined) {
      known.uses += 1
      return known
    }
    const operation = getOperationAST(document, operationName)
    if (operation == null) return undefined
    const conditions = conditionVariables(document)
    this.#known.set(name, {
      operation,
      conditions,
      plans: new Map(),
      length: lengthOfDocument(document),
      uses: 1,
    })
    return undefined
  }

  #plan(known: KnownOperation, document: DocumentNode, variables: Variables): Plan | undefined {
    const { conditions, plans } = known
    const outcome = conditions.map((name) => String(variables[name])).join()
    let plan = plans.get(outcome)
    if (plan === undefined) {
      if (plans.size >= MOST_OUTCOMES) return undefined
      plan = this.#compile(document, known.operation, variables) ?? 'never'
      plans.set(outcome, plan)
    }
    return plan === 'never' ? undefined : plan
  }

  #compile(
    document: DocumentNode,
    { name }: OperationDefinitionNode,
    variables: Variables,
  ): Plan | undefined {
    const separate = separateOperations(document)[name?.value ?? '']
    if (separate === undefined) return undefined
    const decided = withoutConditions(separate, variables)
    const operation = getOperationAST(decided)
    if (operation == null || !isCompilable(this.#schema, decided, operation)) return undefined
    const lifted = liftArguments(this.#schema, decided, operation)
    const compiled = compileQuery(this.#schema, lifted.document, undefined, {
      disablingCapturingStackErrors: true,
    })
    if (!isCompiledQuery(compiled)) return undefined
    return { lifted, operation, query: compiled.query }
  }
}

/** The same types and resolvers, with the one type more that lifted documents need. */
function withCoercedValue(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig()
  return new GraphQLSchema({ ...config, types: [...config.types, CoercedValue], assumeValid: true })
}
