import type { HTTPGraphQLRequest } from '@apollo/server'
import type { DocumentName } from '../graphql/execution/persisted-documents.js'

/** How a request names its document, as far as that can be told; what is malformed is refused later. */
export function documentNameOf({ method, search, body }: HTTPGraphQLRequest): DocumentName {
  if (method === 'GET') {
    const parameters = new URLSearchParams(search)
    const extensions = parseObject(parameters.get('extensions'))
    return { query: parameters.get('query') ?? undefined, hash: hashOf(extensions) }
  }
  const { query, extensions } = isObject(body) ? body : {}
  return { query: typeof query === 'string' ? query : undefined, hash: hashOf(extensions) }
}

/** The SHA-256 hash by which a request's `extensions` name a document. */
export function hashOf(extensions: unknown): string | undefined {
  const persisted = isObject(extensions) ? extensions['persistedQuery'] : undefined
  const hash = isObject(persisted) ? persisted['sha256Hash'] : undefined
  return typeof hash === 'string' ? hash : undefined
}

function parseObject(text: string | null): unknown {
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
