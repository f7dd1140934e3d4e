import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.js'
import type { Authenticate } from '../authentication/authenticate.js'
import { endpointPaths } from '../endpoint-paths.js'
import type { PersistedDocuments } from '../../graphql/execution/persisted-documents.js'
import type { Gate } from '../../graphql/limits/gate.js'
import { QueryCost } from '../../graphql/limits/query-cost.js'
import type { Logger } from '../logger.js'
import { EventStreamEndpoint } from './event-stream-endpoint.js'
import { LiveConnections } from './live-connections.js'
import type { SubscribableApi } from './subscriber.js'
import { refuseUpgrade, WebSocketEndpoint } from './websocket-endpoint.js'

export type SubscriptionConfig = Pick<
  Config,
  'maxBodySize' | 'maxQueryTokens' | 'introspection' | 'subscriptionConnections' | 'subscriptionStallLimit'
>

export interface SubscriptionOptions {
  readonly api: SubscribableApi
  readonly config: SubscriptionConfig
  readonly authenticate: Authenticate
  readonly gate: Gate
  readonly persisted: PersistedDocuments
  readonly logger: Logger
}

/** Lets clients subscribe to an API: WebSockets on its own path, server-sent events on `<path>/stream`. */
export function registerSubscriptions(
  server: FastifyInstance,
  { api, config, authenticate, gate, persisted, logger }: SubscriptionOptions,
): void {
  const live = new LiveConnections(api.subscriptions, config.subscriptionConnections)
  const limits = { ...config, stallLimit: config.subscriptionStallLimit }
  const rules = { ...config, gate, persisted, costs: new QueryCost(api.schema) }
  const options = { api, authenticate, live, logger, limits, rules }
  const sockets = new WebSocketEndpoint(options)
  const path = endpointPaths[api.name]
  let isStopping = false
  server.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}) // A client that leaves while it is let in.
    if (pathOf(request) !== path) return refuseUpgrade(socket, 404)
    if (isStopping) return refuseUpgrade(socket, 503)
    sockets.accept(request, socket, head, request.socket.remoteAddress)
  })
  new EventStreamEndpoint(options).register(server, `${path}/stream`)
  server.addHook('preClose', async () => {
    isStopping = true
    live.stop()
    sockets.stop()
  })
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string
}
