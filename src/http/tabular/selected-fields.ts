import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** What a document selects needs to know of the rest of the document. */
export interface SelectionScope {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly variables: Readonly<Record<string, unknown>>
}

/** The fields of one level by response name, in order; fragments are merged in, `@skip` and `@include` are followed. */
export function selectedFields(
  sets: readonly SelectionSetNode[],
  scope: SelectionScope,
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  const collect = (selections: readonly SelectionNode[]): void => {
    for (const node of selections) {
      if (!isIncluded(node, scope)) continue
      if (node.kind === Kind.FIELD) {
        const name = node.alias?.value ?? node.name.value
        const known = fields.get(name)
        if (known === undefined) fields.set(name, [node])
        else known.push(node)
      } else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet.selections)
      else collect(scope.fragments.get(node.name.value)?.selectionSet.selections ?? [])
    }
  }
  for (const { selections } of sets) collect(selections)
  return fields
}

function isIncluded(node: SelectionNode, { variables }: SelectionScope): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true
  return (
    getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false
  )
}

/** The selections below several nodes of one field. */
export function selectionsBelow(nodes: readonly FieldNode[]): readonly SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}
