import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { DEFAULT_GROUPS, MOST_GROUPS } from '../../entity/aggregate-types.js'
import { DEFAULT_PAGE, LARGEST_PAGE } from '../../entity/page.js'
import { AppError } from '../../errors.js'
import type { Variables } from '../execution/constant-directives.js'

/** How many objects a list that has no pages is taken to hold. */
const ASSUMED_LIST = 10

/** A number that depends on nothing but an operation's variables. */
type FromVariables<Value> = (variables: Variables) => Value

/** A selected field. */
interface CostNode {
  readonly isSelected: FromVariables<boolean>
  /** How many elements the field has. */
  readonly size: FromVariables<number>
  readonly below: readonly CostNode[]
}

/**
 * How many values an operation's answer could hold, if every list in it were full: a page of 20 teams, each with its
 * name, is 1 page, 20 teams and 20 names. It is what a gateway has to keep in memory for the answer.
 */
export class QueryCost {
  readonly #schema: GraphQLSchema
  readonly #known = new WeakMap<OperationDefinitionNode, FromVariables<number>>()

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** The cost of a validated operation. What its variables lack or get wrong costs what a default would. */
  of(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables = {}): number {
    let cost = this.#known.get(operation)
    if (cost === undefined) {
      cost = this.#compile(document, operation)
      this.#known.set(operation, cost)
    }
    return cost(variables)
  }

  #compile(document: DocumentNode, operation: OperationDefinitionNode): FromVariables<number> {
    const root = this.#schema.getRootType(operation.operation)
    if (root == null) return () => 0
    const nodes = costNodes({ schema: this.#schema, document }, root, operation.selectionSet)
    const presets = defaultsOf(operation)
    return (given) => {
      const variables = { ...presets, ...given }
      return totalOf(nodes, variables)
    }
  }
}

/** Throws LIMIT_EXCEEDED when a query costs more than is allowed. */
export function requireCost(asked: number, allowed: number): void {
  if (asked <= allowed) return
  throw new AppError(
    'LIMIT_EXCEEDED',
    `The answer could hold ${asked} values; at most ${allowed} are served at once. Ask for smaller pages (first, last), or for fewer levels.`,
    { limit: 'queryCost', allowed, asked },
  )
}

function totalOf(nodes: readonly CostNode[], variables: Variables): number {
  return nodes.reduce(
    (sum, { isSelected, size, below }) =>
      isSelected(variables) ? sum + size(variables) * (1 + totalOf(below, variables)) : sum,
    0,
  )
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  )
}

interface Place {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  /** Inside a page: its size, which the lists of the connection share. */
  readonly page?: FromVariables<number> | undefined
}

function costNodes(place: Place, type: GraphQLCompositeType, { selections }: SelectionSetNode): CostNode[] {
  return selections.flatMap((selection): CostNode[] => {
    if (selection.kind === Kind.FIELD) return [fieldNode(place, type, selection)]
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentNamed(place, selection.name.value)
    if (fragment === undefined) return []
    const condition = fragment.typeCondition && place.schema.getType(fragment.typeCondition.name.value)
    const below = costNodes(place, isCompositeType(condition) ? condition : type, fragment.selectionSet)
    const isSelected = conditionOf(selection.directives)
    return below.map((node) => ({
      ...node,
      isSelected: (variables) => isSelected(variables) && node.isSelected(variables),
    }))
  })
}

function fieldNode(place: Place, parent: GraphQLCompositeType, field: FieldNode): CostNode {
  const isSelected = conditionOf(field.directives)
  const definition =
    isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined
  const type = definition === undefined ? undefined : getNamedType(definition.type)
  if (definition === undefined || !isCompositeType(type) || field.selectionSet === undefined)
    return { isSelected, size: () => 1, below: [] }
  const isList = isListType(getNullableType(definition.type))
  const page = pageSize(definition, field, isList)
  const size = isList ? (page ?? place.page ?? (() => ASSUMED_LIST)) : () => 1
  const below = costNodes({ ...place, page: isList ? undefined : page }, type, field.selectionSet)
  return { isSelected, size, below }
}

/** The size of the pages a field takes arguments for. */
function pageSize(
  { args }: GraphQLField<unknown, unknown>,
  field: FieldNode,
  isList: boolean,
): FromVariables<number> | undefined {
  if (!args.some(({ name }) => name === 'first')) return undefined
  // What is longer is refused where it is read, with the name of the argument.
  const [preset, most] = isList ? [DEFAULT_GROUPS, MOST_GROUPS] : [DEFAULT_PAGE, LARGEST_PAGE]
  const values = ['first', 'last'].flatMap(
    (name) => field.arguments?.find((argument) => argument.name.value === name)?.value ?? [],
  )
  return (variables) => {
    const sizes = values.map((value) => read(value, variables)).filter(isSize)
    return sizes.length === 0 ? preset : Math.min(most, Math.max(...sizes))
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function conditionOf(directives: readonly DirectiveNode[] = []): FromVariables<boolean> {
  const decisive = directives.flatMap(({ name, arguments: [argument] = [] }) =>
    argument !== undefined && (name.value === 'skip' || name.value === 'include')
      ? [{ wanted: name.value === 'include', value: argument.value }]
      : [],
  )
  return (variables) => decisive.every(({ wanted, value }) => read(value, variables) === wanted)
}

function read(value: ValueNode, variables: Variables): unknown {
  return value.kind === Kind.VARIABLE ? variables[value.name.value] : valueFromASTUntyped(value)
}

function fragmentNamed({ document }: Place, name: string) {
  return document.definitions.find(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
  ) as Extract<DocumentNode['definitions'][number], { kind: Kind.FRAGMENT_DEFINITION }> | undefined
}
