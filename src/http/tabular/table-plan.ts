import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  print,
  validate,
  visit,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql'
import { MOST_GROUPS } from '../../entity/aggregate-types.js'
import { LARGEST_PAGE } from '../../entity/page.js'
import { AppError } from '../../errors.js'
import type { TableColumn } from './csv.js'
import { selectedFields, selectionsBelow, type SelectionScope } from './selected-fields.js'

/** A GraphQL request as its body says it. */
export interface GraphqlRequest {
  readonly query: string
  readonly operationName?: string | null
  readonly variables?: Readonly<Record<string, unknown>> | null
}

/** How the rows of a request are read, page by page. */
export interface TablePlan {
  /** Name of the root field. */
  readonly name: string
  readonly columns: readonly TableColumn[]
  /** A document that reads one page of {@link ROWS}; the same for every page, so that it is parsed once. */
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  /** False for an aggregate, which is one page. */
  readonly paged: boolean
  /** How many rows the client wants in all; undefined for all there are. */
  readonly wanted: number | undefined
  /** Cursor behind which the client wants to start. */
  readonly after: string | null
}

/** Response names and variables of the documents that read pages. */
export const ROWS = 'rows'
export const PAGE = 'page'
export const TABLE = 'table'
export const FIRST = 'tableFirst'
export const AFTER = 'tableAfter'

/**
 * Plans the reading of a request's rows. Undefined when the document or its variables are at fault, which the usual
 * way of answering says best. Throws BAD_USER_INPUT for what has no rows or more than one kind of them.
 */
export function planTable(
  schema: GraphQLSchema,
  request: GraphqlRequest,
  maxTokens: number,
): TablePlan | undefined {
  const document = validDocument(schema, request.query, maxTokens)
  const operation = document && chosenOperation(document, request.operationName)
  const variables = operation && coerced(schema, operation, request.variables ?? {})
  if (document === undefined || operation === undefined || variables === undefined) return undefined
  const fragments = fragmentsOf(document)
  const root = rootField(schema, operation)
  return planRows(document, operation, root, { fragments, variables }, request.variables ?? {})
}

function validDocument(schema: GraphQLSchema, query: string, maxTokens: number): DocumentNode | undefined {
  try {
    const document = parse(query, { maxTokens })
    return validate(schema, document, undefined, { maxErrors: 1 }).length === 0 ? document : undefined
  } catch {
    return undefined
  }
}

function chosenOperation(
  { definitions }: DocumentNode,
  name: string | null | undefined,
): OperationDefinitionNode | undefined {
  const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  const named = operations.filter((operation) => name == null || operation.name?.value === name)
  return named.length === 1 ? named[0] : undefined
}

function coerced(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  return getVariableValues(schema, variableDefinitions, given, { maxErrors: 1 }).coerced
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
}

interface RootField {
  readonly node: FieldNode
  readonly field: ReturnType<GraphQLObjectType['getFields']>[string]
}

function rootField(schema: GraphQLSchema, operation: OperationDefinitionNode): RootField {
  if (operation.operation !== OperationTypeNode.QUERY) throw refused('a query')
  const [node, ...others] = operation.selectionSet.selections
  const field = node?.kind === Kind.FIELD ? schema.getQueryType()?.getFields()[node.name.value] : undefined
  if (node?.kind !== Kind.FIELD || field === undefined || others.length > 0)
    throw refused('a query with one field at its root')
  if ((node.directives?.length ?? 0) > 0) throw refused('a root field without directives')
  return { node, field }
}

function planRows(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { node, field }: RootField,
  scope: SelectionScope,
  given: Readonly<Record<string, unknown>>,
): TablePlan {
  const type = getNamedType(field.type)
  const isAggregate = isListType(getNullableType(field.type)) && isObjectType(type)
  const isConnection = isObjectType(type) && type.name.endsWith('Connection')
  if (!isObjectType(type) || !(isAggregate || isConnection))
    throw refused('a list or an aggregate at the root of the query')
  const { first, after, last, before } = getArgumentValues(field, node, scope.variables) as Record<
    string,
    unknown
  >
  if (last != null || before != null)
    throw refused('a list that is read forwards: by first and after, if by any')
  const rows = isConnection ? rowsField(type, node, scope) : undefined
  const columns =
    rows === undefined
      ? columnsOf(type, [node], scope, [])
      : columnsOf(
          getNamedType(type.getFields()[rows.name.value]?.type) as GraphQLObjectType,
          [rows],
          scope,
          [],
        )
  const query = pageQuery(document, operation, node, rows)
  return {
    name: node.name.value,
    columns,
    query,
    variables: given,
    paged: isConnection,
    wanted: first == null ? undefined : Number(first),
    after: after == null ? null : String(after),
  }
}

/** The field that holds a connection's rows; what else is selected of it is about pages, of which a table has none. */
function rowsField(type: GraphQLObjectType, node: FieldNode, scope: SelectionScope): FieldNode {
  const selected = [...selectedFields(selectionsBelow([node]), scope).values()].flat()
  const rows = selected.filter(({ name }) => name.value === 'nodes' || name.value === 'edges')
  const [first] = rows
  if (first === undefined || rows.length > 1) throw refused(`nodes or edges of ${type.name}, once`)
  return first
}

/** What a row consists of: values, also those of objects below it, whose names are joined by dots. */
function columnsOf(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  scope: SelectionScope,
  path: readonly string[],
): TableColumn[] {
  const columns: TableColumn[] = []
  for (const [name, below] of selectedFields(selectionsBelow(nodes), scope)) {
    const at = [...path, name]
    const fieldName = below[0]?.name.value ?? name
    if (fieldName === '__typename') {
      columns.push({ path: at, isText: true })
      continue
    }
    const fieldType = getNullableType(type.getFields()[fieldName]?.type)
    const named = getNamedType(fieldType)
    if (isLeafType(named)) columns.push({ path: at, isText: !NUMERIC.has(named.name) })
    else if (isObjectType(named) && !isListType(fieldType) && !named.name.endsWith('Connection'))
      columns.push(...columnsOf(named, below, scope, at))
    else throw refused(`values and single objects in a row; ${at.join('.')} is a list of its own`)
  }
  return columns
}

const NUMERIC = new Set(['Int', 'Float', 'SafeInt', 'Decimal', 'Boolean'])

/** The client's document, cut down to its rows and the end of the page, and paged by variables of ours. */
function pageQuery(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  root: FieldNode,
  rows: FieldNode | undefined,
): string {
  const paging = rows === undefined ? ['first'] : ['first', 'after']
  const kept = (root.arguments ?? []).filter(
    ({ name }) => !['first', 'after', 'last', 'before'].includes(name.value),
  )
  const added = paging.map((name): ArgumentNode => ({
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: name },
    value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variableOf(name) } },
  }))
  const { selectionSet, ...bare } = root
  const selections =
    rows === undefined ? (selectionSet?.selections ?? []) : [aliased(rows, ROWS), END_OF_PAGE]
  const field: FieldNode = {
    ...aliased(bare, TABLE),
    arguments: [...kept, ...added],
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  }
  const paged: OperationDefinitionNode = {
    ...operation,
    selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
  }
  return print(withoutUnused(document, paged, paging))
}

function variableOf(argument: string): string {
  return argument === 'first' ? FIRST : AFTER
}

function aliased(node: FieldNode, alias: string): FieldNode {
  return { ...node, alias: { kind: Kind.NAME, value: alias } }
}

const named = (value: string): FieldNode => ({ kind: Kind.FIELD, name: { kind: Kind.NAME, value } })
const END_OF_PAGE: FieldNode = {
  ...aliased(named('pageInfo'), PAGE),
  selectionSet: { kind: Kind.SELECTION_SET, selections: [named('hasNextPage'), named('endCursor')] },
}

/** The operation with the fragments and variables it still uses: what is unused is not valid. */
function withoutUnused(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  paging: readonly string[],
): DocumentNode {
  const known = fragmentsOf(document)
  const fragments = new Map<string, FragmentDefinitionNode>()
  const variables = new Set<string>()
  const look = (node: OperationDefinitionNode['selectionSet']): void => {
    visit(node, {
      Variable: ({ name }) => void variables.add(name.value),
      FragmentSpread: ({ name }) => {
        const fragment = known.get(name.value)
        if (fragment === undefined || fragments.has(name.value)) return
        fragments.set(name.value, fragment)
        look(fragment.selectionSet)
      },
    })
  }
  look(operation.selectionSet)
  const ours = paging.map((name) => definitionOf(variableOf(name), name === 'first' ? 'Int' : 'String'))
  const theirs = (operation.variableDefinitions ?? []).filter(({ variable }) =>
    variables.has(variable.name.value),
  )
  return {
    kind: Kind.DOCUMENT,
    definitions: [{ ...operation, variableDefinitions: [...theirs, ...ours] }, ...fragments.values()],
  }
}

function definitionOf(variable: string, type: string): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: variable } },
    type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type } },
  }
}

/** How many rows the next page shall have, with `read` rows behind it. */
export function nextPageSize({ paged, wanted }: TablePlan, read: number): number {
  if (!paged) return wanted ?? MOST_GROUPS
  return wanted === undefined ? LARGEST_PAGE : Math.min(LARGEST_PAGE, wanted - read)
}

/** Throws LIMIT_EXCEEDED for an aggregate that may have more groups than were read, though nobody asked for a part. */
export function refuseCutAggregate({ paged, wanted }: TablePlan, rows: number): void {
  if (paged || wanted !== undefined || rows < MOST_GROUPS) return
  throw new AppError(
    'LIMIT_EXCEEDED',
    `The aggregate has ${MOST_GROUPS} groups or more. Narrow the filter or the groups, or say with first that a part is enough.`,
    { limit: 'groups', allowed: MOST_GROUPS, asked: `${MOST_GROUPS} or more` },
  )
}

function refused(needed: string): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    `A table needs ${needed}. Ask for application/json to get any other answer.`,
    { field: 'query' },
  )
}
