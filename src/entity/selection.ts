import { Kind, type FragmentDefinitionNode, type GraphQLResolveInfo, type SelectionNode } from 'graphql'

/** The names selected below a field, as a tree; fragments are merged in, directives are taken as included. */
export interface Selection {
  readonly [field: string]: Selection
}

type MutableSelection = { [field: string]: MutableSelection }

/** What the client selected below the field that is being resolved. */
export function selectionOf(info: GraphQLResolveInfo): Selection {
  const selection: MutableSelection = {}
  for (const node of info.fieldNodes) collect(node.selectionSet?.selections, info.fragments, selection)
  return selection
}

function collect(
  nodes: readonly SelectionNode[] | undefined,
  fragments: Record<string, FragmentDefinitionNode>,
  into: MutableSelection,
): void {
  for (const node of nodes ?? []) {
    if (node.kind === Kind.FIELD) {
      collect(node.selectionSet?.selections, fragments, (into[node.name.value] ??= {}))
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      collect(node.selectionSet.selections, fragments, into)
    } else {
      collect(fragments[node.name.value]?.selectionSet.selections, fragments, into)
    }
  }
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
