import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../errors.js'
import { describeError, type Problem } from '../../graphql/error-format.js'
import { deliver, type Messages } from '../../graphql/subscriptions/deliver.js'
import { sendError } from '../error-reply.js'
import { extensionsOf, noteProblem } from '../graphql-errors.js'
import { EventStream } from './event-stream.js'
import { areMistakes, prepareOperation, type GraphqlParameters } from './prepare-operation.js'
import { Subscriber } from './subscriber.js'
import type { WebSocketOptions } from './websocket-endpoint.js'

/** Serves one subscription per request as server-sent events. */
export class EventStreamEndpoint {
  readonly #options: WebSocketOptions

  constructor(options: WebSocketOptions) {
    this.#options = options
  }

  register(server: FastifyInstance, url: string): void {
    server.route({ url, method: ['GET', 'POST'], handler: (request, reply) => this.#handle(request, reply) })
  }

  async #handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | void> {
    const { record } = request
    record.api = this.#options.api.name
    if (!acceptsEventStream(request.headers.accept)) {
      record.errorCodes.add('BAD_REQUEST')
      return sendError(request, reply, {
        status: 406,
        message: 'This endpoint answers with server-sent events. Send the header accept: text/event-stream.',
        extensions: { code: 'BAD_REQUEST' },
      })
    }
    const { headers, ip } = request
    const introduction = { headers, record, ipAddress: ip, userAgent: headers['user-agent'] }
    const opened: { stream?: EventStream } = {}
    const subscriber = await Subscriber.connect(this.#options, introduction, {
      refuse: (problem) => void refuse(opened.stream, problem, record.requestId),
      expire: () => void refuse(opened.stream, describeError(tokenExpired()), record.requestId),
      goAway: () => opened.stream?.interrupt(),
    }).catch((error: unknown) => this.#turnAway(error, reply))
    if (subscriber === undefined) return
    // From here on refusals are told in the stream, where the client looks for them.
    reply.hijack()
    reply.raw.once('close', () => subscriber.leave())
    if (reply.raw.closed) return subscriber.leave()
    const stream = (opened.stream = new EventStream(
      reply.raw,
      headersOf(reply),
      this.#options.limits.stallLimit,
    ))
    await this.#run(subscriber, stream, parametersOf(request), reply)
  }

  /**
   * Tells a client in a stream why it is not let in, as the protocol has it for all that is found before execution: of
   * an HTTP status clients see no body, and try again. Where that may help, the status is what they get.
   */
  async #turnAway(error: unknown, reply: FastifyReply): Promise<undefined> {
    const { record } = reply.request
    const { status = 500 } = describeError(error)
    if (status >= 500 || status === 429) throw error
    const problem = noteProblem(error, record, this.#options.logger)
    reply.hijack()
    const stream = new EventStream(reply.raw, headersOf(reply), this.#options.limits.stallLimit)
    await refuse(stream, problem, record.requestId)
  }

  async #run(
    subscriber: Subscriber,
    stream: EventStream,
    parameters: GraphqlParameters,
    reply: FastifyReply,
  ): Promise<void> {
    const { api, rules } = this.#options
    const prepared = await prepareOperation(api.schema, parameters, rules, subscriber.party)
    if (areMistakes(prepared)) {
      await stream.next({ errors: subscriber.formatErrors(prepared) })
      return stream.complete()
    }
    const messages: Messages = await deliver(subscriber.argumentsOf(prepared))
    const leave = (): void => void messages.return(undefined)
    reply.raw.once('close', leave)
    if (reply.raw.closed) leave()
    for await (const message of messages) {
      if (!(await stream.next(subscriber.format(message)))) break
    }
    stream.complete()
  }
}

async function refuse(stream: EventStream | undefined, problem: Problem, requestId: string): Promise<void> {
  if (stream === undefined) return
  const { message } = problem
  void stream.next({ errors: [{ message, extensions: extensionsOf(problem, requestId) }] })
  stream.complete()
}

function tokenExpired(): AppError {
  return new AppError('UNAUTHENTICATED', 'The token has expired. Connect again with a new one.')
}

function acceptsEventStream(accept = ''): boolean {
  return /\btext\/event-stream\b/i.test(accept)
}

/** What the reply would have been sent with. */
function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]))
}

/** By POST in the body, by GET in the URL; `variables` and `extensions` are JSON there. */
function parametersOf({ method, body, query }: FastifyRequest): GraphqlParameters {
  if (method === 'POST') return (body ?? {}) as GraphqlParameters
  const { variables, extensions, ...rest } = query as Record<string, unknown>
  const read = (value: unknown): unknown => (typeof value === 'string' ? parsed(value) : value)
  return { ...rest, variables: read(variables), extensions: read(extensions) }
}

/** Undefined stands for nothing; what is not JSON stays a text, and is refused as that. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
