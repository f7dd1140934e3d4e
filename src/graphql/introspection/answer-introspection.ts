import {
  execute,
  getOperationAST,
  getVariableValues,
  Kind,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql'

type Predicate = (field: FieldNode) => boolean

const questions = new WeakMap<OperationDefinitionNode, boolean>()

/** Whether an operation asks what the schema looks like, besides whatever else it asks. */
export function asksForSchema(document: DocumentNode, operationName: string | null | undefined): boolean {
  const operation = getOperationAST(document, operationName)
  if (operation?.operation !== OperationTypeNode.QUERY) return false
  let asks = questions.get(operation)
  if (asks === undefined) {
    asks = rootSelections(document, operation, isQuestion).length > 0
    questions.set(operation, asks)
  }
  return asks
}

/**
 * Executes a query that asks for the schema: what it asks about the schema is answered from the one that is offered,
 * everything else from the one that is executed. Undefined when its variables do not fit; nothing was executed then.
 */
export async function answerIntrospection(
  args: ExecutionArgs,
  offered: GraphQLSchema,
): Promise<ExecutionResult | undefined> {
  const { schema, document, operationName, variableValues } = args
  const operation = getOperationAST(document, operationName) as OperationDefinitionNode
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {})
  if (variables.errors !== undefined) return undefined
  const part = (wanted: Predicate): DocumentNode | undefined => partOf(document, operation, wanted)
  const [asked, rest] = [part(isQuestion), part((field) => !isQuestion(field))]
  const about = asked && (await execute({ ...args, schema: offered, document: withTypesOf(offered, asked) }))
  const other = rest && (await execute({ ...args, document: rest }))
  const errors = [...(other?.errors ?? []), ...(about?.errors ?? [])]
  return {
    data: merged(document, operation, about, other),
    ...(errors.length === 0 ? {} : { errors }),
  }
}

function isQuestion({ name }: FieldNode): boolean {
  return name.value === SchemaMetaFieldDef.name || name.value === TypeMetaFieldDef.name
}

/** The same operation with some of its root fields only; undefined when none is left. */
function partOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  wanted: Predicate,
): DocumentNode | undefined {
  const selections = rootSelections(document, operation, wanted)
  if (selections.length === 0) return undefined
  const part = { ...operation, selectionSet: { ...operation.selectionSet, selections } }
  const definitions = document.definitions.map((definition) => (definition === operation ? part : definition))
  return { ...document, definitions }
}

/** Fragments at the root are put in place, so that each part has its own fields of them. */
function rootSelections(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  wanted: Predicate,
): SelectionNode[] {
  const fragments = new Map(
    document.definitions
      .filter(
        (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
      )
      .map((fragment) => [fragment.name.value, fragment]),
  )
  const pick = (selections: readonly SelectionNode[]): SelectionNode[] =>
    selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return wanted(selection) ? [selection] : []
      const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
      const picked = pick(inner?.selectionSet.selections ?? [])
      if (picked.length === 0) return []
      const { directives = [] } = selection
      return [
        {
          kind: Kind.INLINE_FRAGMENT,
          directives,
          selectionSet: { kind: Kind.SELECTION_SET, selections: picked },
        },
      ]
    })
  return pick(selectionSet.selections)
}

/** Variables of types that are not offered belong to the other fields. */
function withTypesOf(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const definitions = document.definitions.map((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return definition
    const variableDefinitions = (definition.variableDefinitions ?? []).filter(({ type }) => {
      let named = type
      while (named.kind !== Kind.NAMED_TYPE) named = named.type
      return schema.getType(named.name.value) !== undefined
    })
    return { ...definition, variableDefinitions }
  })
  return { ...document, definitions }
}

/** Both answers in the order in which the operation names its fields; null when one of them is. */
function merged(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  ...answers: readonly (ExecutionResult | undefined)[]
): Record<string, unknown> | null {
  const given = answers.filter((answer) => answer !== undefined)
  if (given.some(({ data }) => data == null)) return null
  const values = Object.assign({}, ...given.map(({ data }) => data)) as Record<string, unknown>
  const keys = keysOf(rootSelections(document, operation, () => true))
  return Object.fromEntries(keys.filter((key) => key in values).map((key) => [key, values[key]]))
}

function keysOf(selections: readonly SelectionNode[]): string[] {
  return selections.flatMap((selection) =>
    selection.kind === Kind.FIELD
      ? [(selection.alias ?? selection.name).value]
      : keysOf('selectionSet' in selection ? selection.selectionSet.selections : []),
  )
}
