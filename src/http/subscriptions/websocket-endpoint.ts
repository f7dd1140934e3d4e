import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError } from 'graphql'
import { handleProtocols, makeServer, type Context, type Server } from 'graphql-ws'
import { WebSocketServer, type WebSocket as Socket } from 'ws'
import { AppError } from '../../errors.js'
import { deliver, type SubscriptionArguments } from '../../graphql/subscriptions/deliver.js'
import { noteProblem } from '../graphql-errors.js'
import { newRecord, type RequestRecord } from '../request-record.js'
import { closeReasonOf, GOING_AWAY, TOKEN_EXPIRED, type CloseReason } from './close-code.js'
import {
  areMistakes,
  prepareOperation,
  type GraphqlParameters,
  type OperationRules,
} from './prepare-operation.js'
import { Subscriber, type SubscriberOptions } from './subscriber.js'
import { WebSocketClient } from './websocket-client.js'

export interface WebSocketOptions extends SubscriberOptions {
  readonly rules: OperationRules
  readonly limits: {
    /** Bytes of the largest message. */
    readonly maxBodySize: number
    /** Milliseconds a message may wait until the client reads on. */
    readonly stallLimit: number
  }
}

/** Subscriptions one connection may have at once. */
const MOST_SUBSCRIPTIONS = 100
/** Milliseconds a client has to say who it is. */
const INTRODUCTION_TIMEOUT = 5_000
/** Milliseconds a client has to answer the closing of its connection, before it is cut. */
const CLOSE_TIMEOUT = 5_000

/** What belongs to one socket. */
interface Extra {
  readonly client: WebSocketClient
  readonly record: RequestRecord
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
  subscriber?: Subscriber
}

type Params = Record<string, unknown>

/** Serves the protocol graphql-transport-ws: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export class WebSocketEndpoint {
  readonly #options: WebSocketOptions
  readonly #sockets: WebSocketServer
  readonly #protocol: Server<Extra>

  constructor(options: WebSocketOptions) {
    this.#options = options
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.maxBodySize,
      closeTimeout: CLOSE_TIMEOUT,
      handleProtocols: (protocols) => handleProtocols(protocols),
    } as ConstructorParameters<typeof WebSocketServer>[0])
    this.#protocol = makeServer<Params, Extra>({
      connectionInitWaitTimeout: INTRODUCTION_TIMEOUT,
      onConnect: (context) => this.#connect(context),
      onSubscribe: (context, _id, payload) => this.#prepare(context, payload),
      subscribe: (args) => deliver(args as unknown as SubscriptionArguments),
      onNext: ({ extra }, _id, _payload, _args, result) => extra.subscriber?.format(result),
      onError: ({ extra }, _id, _payload, errors) => extra.subscriber?.formatErrors(errors as GraphQLError[]),
    })
  }

  /** Takes a request to upgrade over. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, ipAddress: string | undefined): void {
    this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#open(opened, request, ipAddress))
  }

  /** Sends everybody away, also those who have not said who they are. */
  stop(): void {
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY.code, GOING_AWAY.reason)
  }

  #open(socket: Socket, { headers }: IncomingMessage, ipAddress: string | undefined): void {
    const { logger, api, limits } = this.#options
    const record = newRecord(randomUUID())
    record.api = api.name
    const onError = (error: unknown): void => void noteProblem(error, record, logger)
    const finish = ({ code, reason }: CloseReason): void => {
      extra.subscriber?.leave()
      Promise.resolve(closed(code, reason)).catch(onError)
    }
    const client = new WebSocketClient(socket, limits.stallLimit, { error: onError, end: finish })
    const extra: Extra = { client, record, ipAddress, userAgent: headers['user-agent'] }
    const since = performance.now()
    // By what is not the protocol it is closed at once.
    let closed: ReturnType<Server<Extra>['opened']> = async () => {}
    closed = this.#protocol.opened(client, extra)
    socket.once('close', (code, reason) => {
      finish({ code, reason: String(reason) })
      const { requestId, tenant, errorCodes } = record
      const durationMs = Math.round(performance.now() - since)
      const codes = errorCodes.size === 0 ? {} : { errorCodes: [...errorCodes] }
      logger.info({ requestId, api: api.name, tenant, closeCode: code, durationMs, ...codes }, 'connection')
    })
  }

  async #connect({ connectionParams, extra }: Context<Params, Extra>): Promise<boolean> {
    const { client, record, ipAddress, userAgent } = extra
    try {
      const headers = headersOf(connectionParams ?? {})
      const introduction = { headers, record, ipAddress, userAgent }
      const subscriber = await Subscriber.connect(this.#options, introduction, {
        refuse: (problem) => client.end(closeReasonOf(problem)),
        expire: () => client.end(TOKEN_EXPIRED),
        goAway: () => client.end(GOING_AWAY),
      })
      extra.subscriber = subscriber
      // It may have left while we looked who it is.
      if (!client.isOpen) subscriber.leave()
      return client.isOpen
    } catch (error) {
      client.end(closeReasonOf(noteProblem(error, record, this.#options.logger)))
      return false
    }
  }

  async #prepare(
    { extra, subscriptions }: Context<Params, Extra>,
    payload: GraphqlParameters,
  ): Promise<SubscriptionArguments | readonly GraphQLError[]> {
    if (Object.keys(subscriptions).length > MOST_SUBSCRIPTIONS) return [tooMany()]
    const { api, rules } = this.#options
    const subscriber = extra.subscriber as Subscriber
    const prepared = await prepareOperation(api.schema, payload, rules, subscriber.party)
    return areMistakes(prepared) ? prepared : subscriber.argumentsOf(prepared)
  }
}

/** Parameters of the connection by the names of HTTP headers, whatever the letter case. */
function headersOf(params: Params): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
    ),
  )
}

function tooMany(): GraphQLError {
  const message = `One connection may have ${MOST_SUBSCRIPTIONS} subscriptions at once. Complete some, or connect twice.`
  const details = { limit: 'subscriptions', allowed: MOST_SUBSCRIPTIONS }
  return new GraphQLError(message, { originalError: new AppError('LIMIT_EXCEEDED', message, details) })
}

/** Refuses to upgrade, in plain HTTP: there is no WebSocket yet to close. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
