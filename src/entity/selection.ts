import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type GraphQLResolveInfo,
  type SelectionNode,
} from 'graphql'

/** The names selected below a field, as a tree; fragments are merged in, `@skip` and `@include` are followed. */
export interface Selection {
  readonly [field: string]: Selection
}

type MutableSelection = { [field: string]: MutableSelection }

/**
 * By place in a document. graphql-js makes such a list anew for each execution, so that the variables of `@skip` and
 * `@include` belong to it; compiled plans keep theirs, but have no conditions.
 */
const known = new WeakMap<GraphQLResolveInfo['fieldNodes'], Selection>()

/** What the client selected below the field that is being resolved; the same object for all rows. */
export function selectionOf(info: GraphQLResolveInfo): Selection {
  const before = known.get(info.fieldNodes)
  if (before !== undefined) return before
  const selection: MutableSelection = {}
  for (const node of info.fieldNodes) collect(node.selectionSet?.selections, info, selection)
  known.set(info.fieldNodes, selection)
  return selection
}

function collect(
  nodes: readonly SelectionNode[] | undefined,
  info: GraphQLResolveInfo,
  into: MutableSelection,
): void {
  for (const node of nodes ?? []) {
    if (!isIncluded(node, info)) continue
    if (node.kind === Kind.FIELD) {
      collect(node.selectionSet?.selections, info, (into[node.name.value] ??= {}))
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      collect(node.selectionSet.selections, info, into)
    } else {
      collect(info.fragments[node.name.value]?.selectionSet.selections, info, into)
    }
  }
}

export function isIncluded(node: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true
  return (
    getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false
  )
}

/** The selections of several places in one. */
export function merged(...selections: (Selection | undefined)[]): Selection {
  const into: MutableSelection = {}
  for (const selection of selections) {
    for (const [field, below] of Object.entries(selection ?? {})) {
      into[field] = merged(into[field], below) as MutableSelection
    }
  }
  return into
}
