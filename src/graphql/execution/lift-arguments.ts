import {
  GraphQLScalarType,
  Kind,
  TypeInfo,
  valueFromAST,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql'
import type { Variables } from './constant-directives.js'

/**
 * The type of every variable of a lifted document. Values arrive coerced by graphql-js; the compiler, whose own
 * coercion differs, passes them through.
 */
export const CoercedValue = new GraphQLScalarType({
  name: 'CoercedValue',
  description: 'A value of any type that was coerced before.',
  parseValue: (value) => value,
})

/** A document whose fields take variables only, and how their values are had. */
export interface LiftedDocument {
  readonly document: DocumentNode
  /** Values for the lifted document from those of the original one; undefined when an argument is not valid. */
  valuesOf(variables: Variables): Variables | undefined
}

interface LiftedArgument {
  readonly name: string
  readonly value: ValueNode
  readonly type: GraphQLInputType
}

/**
 * Replaces what is written out in arguments by variables, so that no value of a client becomes part of compiled code,
 * and variables inside lists and objects keep the meaning they have in graphql-js.
 */
export function liftArguments(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): LiftedDocument {
  const lifted: LiftedArgument[] = []
  const taken = new Set(operation.variableDefinitions?.map(({ variable }) => variable.name.value))
  const typeInfo = new TypeInfo(schema)
  const replaced = visit(
    document,
    visitWithTypeInfo(typeInfo, {
      // Variables of directives are of no interest any more; those of arguments are replaced as a whole.
      Argument(argument) {
        const type = typeInfo.getInputType()
        if (argument.value.kind === Kind.VARIABLE || type == null) return false
        const name = freeName(taken)
        lifted.push({ name, value: argument.value, type })
        return { ...argument, value: variableNode(name) }
      },
    }),
  )
  const names = [...taken]
  const definitions = replaced.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === operation.name?.value
      ? { ...definition, variableDefinitions: names.map(definitionNode) }
      : definition,
  )
  return {
    document: { ...replaced, definitions },
    valuesOf: (variables) => evaluate(lifted, variables),
  }
}

function evaluate(lifted: readonly LiftedArgument[], variables: Variables): Variables | undefined {
  if (lifted.length === 0) return variables
  const given = { ...variables }
  const values: Record<string, unknown> = { ...variables }
  for (const { name, value, type } of lifted) {
    const coerced = valueFromAST(value, type, given)
    if (coerced === undefined) return undefined
    values[name] = coerced
  }
  return values
}

function freeName(taken: Set<string>): string {
  let number = taken.size
  while (taken.has(`argument${number}`)) number += 1
  const name = `argument${number}`
  taken.add(name)
  return name
}

function variableNode(name: string) {
  return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } } as const
}

function definitionNode(name: string): VariableDefinitionNode {
  const type = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: CoercedValue.name } } as const
  return { kind: Kind.VARIABLE_DEFINITION, variable: variableNode(name), type }
}
