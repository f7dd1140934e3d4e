import Fastify, { type FastifyInstance } from 'fastify'
import type { JSONWebKeySet } from 'jose'
import type { Config } from '../config.js'
import type { GraphqlApi } from '../graphql/api.js'
import type { Authenticate } from './authentication/authenticate.js'
import { answerBrokenRequests } from './broken-requests.js'
import { endpointPaths } from './endpoint-paths.js'
import { answerBadUrl, registerErrorReplies } from './error-reply.js'
import { registerGraphiql, type GraphiqlHeaders } from './graphiql/register.js'
import { PersistedDocuments, readManifest } from '../graphql/execution/persisted-documents.js'
import { Gate, type GateConfig } from '../graphql/limits/gate.js'
import type { RequestCounts } from '../tenancy/request-counts.js'
import { GraphqlEndpoint, type EndpointConfig } from './graphql-endpoint.js'
import { healthPaths, registerHealth, type Readiness } from './health.js'
import type { Logger } from './logger.js'
import { requestIdOf } from './request-id.js'
import { registerRequestLog } from './request-log.js'
import { registerSubscriptions, type SubscriptionConfig } from './subscriptions/register.js'
import type { SubscribableApi } from './subscriptions/subscriber.js'

/** The settings the HTTP layer reads. */
export type HttpConfig = EndpointConfig &
  SubscriptionConfig &
  GateConfig &
  Pick<Config, 'maxBodySize' | 'graphiql' | 'trustedProxies' | 'persistedDocuments' | 'persistedOnly'>

export interface HttpServerOptions {
  readonly config: HttpConfig
  readonly apis: readonly GraphqlApi[]
  readonly authenticate: Authenticate
  readonly readiness: Readiness
  readonly logger: Logger
  /** Public keys of the local issuer, served at /.well-known/jwks.json; absent without one. */
  readonly jwks?: JSONWebKeySet | undefined
  /** Counts requests against monthly quotas; absent where no API knows any. */
  readonly counts?: RequestCounts | undefined
  /** Headers that GraphiQL starts with on each endpoint, for demo mode. */
  readonly graphiqlHeaders?: GraphiqlHeaders | undefined
}

export const jwksPath = '/.well-known/jwks.json'

/** Builds the HTTP server: one endpoint per API, GraphiQL, health and keys. It does not listen yet. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { config, apis, authenticate, readiness, logger } = options
  const server = Fastify({
    logger: false,
    bodyLimit: config.maxBodySize,
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    clientErrorHandler: answerBrokenRequests(logger),
    frameworkErrors: (error, request, reply) => answerBadUrl(error, request, reply, logger),
    // A request that arrives on an open connection while the server stops is still answered.
    return503OnClosing: false,
  })
  server.removeContentTypeParser('text/plain')
  registerRequestLog(server, logger)
  closeConnectionsWhenStopping(server)
  const page = config.graphiql ? registerGraphiql(server, options.graphiqlHeaders) : undefined
  const gate = new Gate(config, options.counts)
  const manifest =
    config.persistedDocuments === undefined ? undefined : await readManifest(config.persistedDocuments)
  for (const api of apis) {
    const persisted = new PersistedDocuments({
      manifest,
      only: config.persistedOnly,
      capacity: config.documentCacheSize,
    })
    if (isSubscribable(api))
      registerSubscriptions(server, { api, config, authenticate, gate, persisted, logger })
    const endpoint = { config, authenticate, gate, persisted, logger, page }
    await new GraphqlEndpoint(api, endpoint).register(server)
  }
  registerHealth(server, readiness)
  if (options.jwks !== undefined) registerKeys(server, options.jwks)
  const paths = apis.map(({ name }) => endpointPaths[name])
  registerErrorReplies(server, logger, [...paths, ...Object.values(healthPaths)])
  return server
}

function isSubscribable(api: GraphqlApi): api is SubscribableApi {
  return api.subscriptions !== undefined
}

/** Clients that keep their connection are told to open another one, elsewhere. */
function closeConnectionsWhenStopping(server: FastifyInstance): void {
  let stopping = false
  server.addHook('preClose', async () => {
    stopping = true
  })
  server.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
}

function registerKeys(server: FastifyInstance, jwks: JSONWebKeySet): void {
  server.get(jwksPath, (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').type('application/json').send(JSON.stringify(jwks)),
  )
}
