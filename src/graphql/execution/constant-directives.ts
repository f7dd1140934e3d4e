import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  visit,
  type ASTVisitor,
  type DirectiveNode,
  type DocumentNode,
} from 'graphql'

/** Values of an operation's variables, coerced. */
export type Variables = Readonly<Record<string, unknown>>

const CONDITIONS: ReadonlySet<string> = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name])

/** The variables that decide with `@skip` and `@include` what is selected, each once. */
export function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    Directive(directive) {
      const value = isCondition(directive) ? directive.arguments?.[0]?.value : undefined
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names]
}

/** The document as it reads with these variables: what is left out is gone, and so are `@skip` and `@include`. */
export function withoutConditions(document: DocumentNode, variables: Variables): DocumentNode {
  const decide: ASTVisitor = {
    enter(node) {
      if (
        node.kind !== Kind.FIELD &&
        node.kind !== Kind.INLINE_FRAGMENT &&
        node.kind !== Kind.FRAGMENT_SPREAD
      )
        return undefined
      if (node.directives === undefined || !node.directives.some(isCondition)) return undefined
      const skipped = getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true
      const excluded = getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] === false
      if (skipped || excluded) return null
      return { ...node, directives: node.directives.filter((directive) => !isCondition(directive)) }
    },
  }
  return visit(document, decide)
}

function isCondition({ name }: DirectiveNode): boolean {
  return CONDITIONS.has(name.value)
}
