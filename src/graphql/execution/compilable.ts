import {
  BREAK,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'

/**
 * Whether compiled code answers a document as graphql-js does. What the compiler is known to get wrong stays with
 * graphql-js; docs/decisions/0004-compiled-execution.md has the list and the reasons.
 */
export function isCompilable(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): boolean {
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) return false
  if (operation.operation === OperationTypeNode.MUTATION && !hasOneField(operation)) return false
  const typeInfo = new TypeInfo(schema)
  let compilable = true
  const refuse = (): typeof BREAK => {
    compilable = false
    return BREAK
  }
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Name: ({ value }) => (value === '__proto__' ? refuse() : undefined),
      Field(field) {
        const type = getNamedType(typeInfo.getType())
        const typed = isObjectType(type) && type.isTypeOf != null
        return isAbstractType(type) || typed || !hasPlainKey(field) ? refuse() : undefined
      },
    }),
  )
  return compilable
}

/** A mutation whose argument is refused at run time would never start the next one. */
function hasOneField({ selectionSet: { selections } }: OperationDefinitionNode): boolean {
  return selections.length === 1 && selections[0]?.kind === Kind.FIELD
}

/** The compiler joins the keys of a path with underscores to a name: `a_b` would be taken for `b` below `a`. */
function hasPlainKey({ alias, name }: FieldNode): boolean {
  const key = (alias ?? name).value
  return key === '__typename' ? name.value === '__typename' : !key.includes('_')
}
