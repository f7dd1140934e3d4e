import type { GraphqlApi } from '../graphql/api.js'

/** What becomes of one request: filled while it is served, written as one log line when it is answered. */
export interface RequestRecord {
  readonly requestId: string
  api?: GraphqlApi['name']
  tenant?: string
  operationName?: string
  readonly errorCodes: Set<string>
  /** Set when the document, its variables or the operation's name is at fault, so that nothing was executed. */
  refusedDocument?: boolean
}

export function newRecord(requestId: string): RequestRecord {
  return { requestId, errorCodes: new Set() }
}

declare module 'fastify' {
  interface FastifyRequest {
    record: RequestRecord
  }
}
