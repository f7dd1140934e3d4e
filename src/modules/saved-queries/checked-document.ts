import { GraphQLError, Kind, OperationTypeNode, parse, validate, type GraphQLSchema } from 'graphql'
import { AppError } from '../../errors.js'

/** Characters of the longest document that is kept, and its tokens. */
export const LONGEST_DOCUMENT = 100_000
const MOST_TOKENS = 10_000

/** A document as it is saved: one query that this API understands. Throws BAD_USER_INPUT and LIMIT_EXCEEDED. */
export function checkedDocument(schema: GraphQLSchema, document: string): string {
  if (document.length > LONGEST_DOCUMENT) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `The document has ${document.length} characters; at most ${LONGEST_DOCUMENT} are kept.`,
      { limit: 'document', allowed: LONGEST_DOCUMENT, asked: document.length },
    )
  }
  const reason = faultOf(schema, document)
  if (reason === undefined) return document
  throw new AppError('BAD_USER_INPUT', `document cannot be saved: ${reason}`, { field: 'document' })
}

function faultOf(schema: GraphQLSchema, text: string): string | undefined {
  try {
    const document = parse(text, { maxTokens: MOST_TOKENS })
    const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    const [operation, ...others] = operations
    if (operation?.operation !== OperationTypeNode.QUERY || others.length > 0)
      return 'it must hold exactly one operation, a query.'
    return validate(schema, document, undefined, { maxErrors: 1 })[0]?.message
  } catch (error) {
    if (error instanceof GraphQLError) return error.message
    throw error
  }
}
