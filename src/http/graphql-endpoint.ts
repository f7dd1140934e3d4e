import { ApolloServer, HeaderMap, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.js'
import type { ApiContext, GraphqlApi, RequestFacts } from '../graphql/api.js'
import { CompiledOperations } from '../graphql/execution/compiled-operations.js'
import { documentStore } from '../graphql/execution/document-store.js'
import type { PersistedDocuments } from '../graphql/execution/persisted-documents.js'
import { rateHeaders } from '../graphql/limits/admission.js'
import type { Gate } from '../graphql/limits/gate.js'
import type { Authenticate } from './authentication/authenticate.js'
import { costPlugin } from './cost-plugin.js'
import { documentNameOf } from './document-name.js'
import { endpointPaths } from './endpoint-paths.js'
import { sendError } from './error-reply.js'
import { executionPlugin } from './execution-plugin.js'
import { acceptsHtml, type SendPage } from './graphiql/register.js'
import { formatClientError, noteProblem, Refusal } from './graphql-errors.js'
import type { Logger } from './logger.js'
import { RequestDeadline } from './request-deadline.js'
import { requestPlugin, type Exchange, type ExchangeFinder } from './request-plugin.js'
import type { RequestRecord } from './request-record.js'
import { answerTable } from './tabular/answer-table.js'
import { tableFormatOf, type TableFormat } from './tabular/table-format.js'

/** The settings an endpoint reads. */
export type EndpointConfig = Pick<
  Config,
  'introspection' | 'maxQueryTokens' | 'documentCacheSize' | 'compiledExecution' | 'requestTimeout'
>

export interface EndpointOptions {
  readonly config: EndpointConfig
  readonly authenticate: Authenticate
  readonly gate: Gate
  readonly persisted: PersistedDocuments
  readonly logger: Logger
  /** The page a browser gets instead of an answer; undefined without GraphiQL. */
  readonly page: SendPage | undefined
}

/**
 * Headers that a page of another site cannot send without asking first, so a request with one is not forged; urql's
 * queries by GET have none but these. Not `authorization`: browsers add Basic credentials to it by themselves.
 */
const PREFLIGHTED_HEADERS = [
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'org-id',
  'x-org-id',
  'x-api-key',
]

/** Serves one API over HTTP as the GraphQL-over-HTTP specification says, and ends every context it made. */
export class GraphqlEndpoint {
  readonly #api: GraphqlApi
  readonly #options: EndpointOptions
  readonly #exchanges = new WeakMap<HTTPGraphQLRequest, Exchange>()
  readonly #ending = new Set<Promise<void>>()
  readonly #apollo: ApolloServer<ApiContext>

  constructor(api: GraphqlApi, options: EndpointOptions) {
    this.#api = api
    this.#options = options
    const { config, logger } = options
    const exchangeOf: ExchangeFinder = (request) => request && this.#exchanges.get(request)
    this.#apollo = new ApolloServer<ApiContext>({
      schema: api.schema,
      introspection: config.introspection,
      hideSchemaDetailsFromClientErrors: !config.introspection,
      csrfPrevention: { requestHeaders: PREFLIGHTED_HEADERS },
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      nodeEnv: 'production',
      parseOptions: { maxTokens: config.maxQueryTokens },
      documentStore: documentStore(config.documentCacheSize),
      persistedQueries: { cache: options.persisted.store, ttl: null },
      allowBatchedHttpRequests: false,
      formatError: formatClientError,
      logger: logger.child({ api: api.name }),
      plugins: [
        // It instruments every field, whether or not a cache hint is there.
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        ApolloServerPluginUsageReportingDisabled(),
        requestPlugin(exchangeOf, logger),
        costPlugin(exchangeOf),
        executionPlugin(
          api,
          config.compiledExecution ? new CompiledOperations(api.schema, config.documentCacheSize) : undefined,
        ),
      ],
    })
  }

  async register(server: FastifyInstance): Promise<void> {
    await this.#apollo.start()
    server.addHook('onClose', () => this.#stop())
    const url = endpointPaths[this.#api.name]
    server.route({ url, method: ['GET', 'POST'], handler: (request, reply) => this.#handle(request, reply) })
    server.route({ url, method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'], handler: refuseMethod })
  }

  async #handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { record } = request
    record.api = this.#api.name
    if (this.#options.page !== undefined && acceptsHtml(request))
      return this.#options.page(this.#api.name, reply)
    const format = request.method === 'POST' ? tableFormatOf(request.headers.accept) : undefined
    if (format !== undefined) return this.#sendTable(request, reply, format)
    return this.#execute(request, reply)
  }

  /** Rows instead of one piece of JSON: page after page in one context, and so in one snapshot. */
  #sendTable(request: FastifyRequest, reply: FastifyReply, format: TableFormat): Promise<FastifyReply> {
    const { record } = request
    const exchange: Exchange = { record, isOwnDocument: true }
    return answerTable(request, reply, format, {
      documentText: () => this.#options.persisted.requireText(documentNameOf(httpRequestOf(request))),
      schema: this.#api.schema,
      maxTokens: this.#options.config.maxQueryTokens,
      ask: async (body) => {
        const httpRequest = { ...httpRequestOf(request), body }
        httpRequest.headers.set('accept', 'application/graphql-response+json')
        this.#exchanges.set(httpRequest, exchange)
        exchange.context?.loaders?.clear()
        const answer = await this.#apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: httpRequest,
          context: async () => exchange.context ?? (await this.#admit(request, reply, httpRequest, exchange)),
        })
        if (answer.body.kind !== 'complete') throw new Error('this gateway does not deliver incrementally')
        return { status: answer.status ?? 200, headers: answer.headers, text: answer.body.string }
      },
      end: () => {
        exchange.release?.()
        if (exchange.context !== undefined) this.#end(exchange.context, record)
      },
    })
  }

  async #execute(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { record } = request
    const exchange: Exchange = { record }
    const deadline = new RequestDeadline(reply.raw, this.#options.config.requestTimeout, (reason) =>
      exchange.context?.abort(reason),
    )
    const answer = await deadline.bound(this.#answer(request, reply, exchange, deadline))
    if (answer.body.kind !== 'complete') throw new Error('this gateway does not deliver incrementally')
    const status = statusOf(answer.status ?? 200, answer.headers, record)
    if (status >= 500 && record.errorCodes.size === 0)
      throw new Error('Apollo Server failed without an error')
    if (status >= 400 && record.errorCodes.size === 0) record.errorCodes.add('BAD_REQUEST')
    for (const [name, value] of answer.headers) reply.header(name, value)
    return reply.code(status).send(answer.body.string)
  }

  async #answer(
    request: FastifyRequest,
    reply: FastifyReply,
    exchange: Exchange,
    deadline: RequestDeadline,
  ): Promise<HTTPGraphQLResponse> {
    const httpRequest = httpRequestOf(request)
    this.#exchanges.set(httpRequest, exchange)
    try {
      return await this.#apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: httpRequest,
        context: async () => {
          const context = await this.#admit(request, reply, httpRequest, exchange)
          if (deadline.reason === undefined) return context
          throw this.#refusal(deadline.reason, exchange)
        },
      })
    } finally {
      exchange.release?.()
      if (exchange.context !== undefined) this.#end(exchange.context, exchange.record)
    }
  }

  /** The context of a request that passes the limits; a refusal otherwise. */
  async #admit(
    request: FastifyRequest,
    reply: FastifyReply,
    httpRequest: HTTPGraphQLRequest,
    exchange: Exchange,
  ): Promise<ApiContext> {
    try {
      const context = await this.#createContext(request, exchange)
      await this.#letIn(context, httpRequest, reply, exchange)
      return context
    } catch (error) {
      throw this.#refusal(error, exchange)
    }
  }

  #refusal(error: unknown, { record }: Exchange): Refusal {
    return new Refusal(noteProblem(error, record, this.#options.logger), record.requestId)
  }

  async #createContext(request: FastifyRequest, exchange: Exchange): Promise<ApiContext> {
    const actor = await this.#options.authenticate(request.headers)
    const context = await this.#api.createContext({ ...factsOf(request), actor })
    exchange.context = context
    if (context.party !== undefined) exchange.record.tenant = context.party.tenant
    return context
  }

  /** Throws an AppError for the first limit that the request passes by its rate or by the form of its document. */
  async #letIn(
    { party }: ApiContext,
    httpRequest: HTTPGraphQLRequest,
    reply: FastifyReply,
    exchange: Exchange,
  ): Promise<void> {
    const { gate, persisted } = this.#options
    const limits = gate.limitsOf(party)
    exchange.limits = limits
    if (party !== undefined) {
      const { allowance, refusal, release } = gate.admit(party, limits)
      exchange.release = release
      for (const [name, value] of rateHeaders(allowance)) reply.header(name, value)
      if (refusal !== undefined) throw refusal
    }
    const name = documentNameOf(httpRequest)
    const text = exchange.isOwnDocument === true ? name.query : persisted.textOf(name)
    if (text !== undefined) gate.requireShape(text, limits)
    if (party !== undefined) await gate.takeFromQuotas(party, limits)
  }

  /** The answer does not wait for the end of its context; closing the server does. */
  #end(context: ApiContext, record: RequestRecord): void {
    const ending = context
      .end()
      .catch((error: unknown) => void noteProblem(error, record, this.#options.logger))
      .finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  async #stop(): Promise<void> {
    await this.#apollo.stop()
    await Promise.all(this.#ending)
  }
}

function refuseMethod(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.record.errorCodes.add('BAD_REQUEST')
  return sendError(request, reply.header('allow', 'GET, POST'), {
    status: 405,
    message: `This endpoint understands GET and POST, not ${request.method}.`,
    extensions: { code: 'BAD_REQUEST' },
  })
}

/**
 * A document that is refused gives 400 as `application/graphql-response+json`; with the older
 * `application/json` clients expect 200: https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
function statusOf(status: number, headers: HeaderMap, { refusedDocument }: RequestRecord): number {
  const isJson = headers.get('content-type')?.startsWith('application/json') ?? false
  return refusedDocument === true && isJson ? 200 : status
}

function httpRequestOf({ method, headers, raw, body }: FastifyRequest): HTTPGraphQLRequest {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const url = raw.url ?? ''
  const mark = url.indexOf('?')
  return { method, headers: map, search: mark < 0 ? '' : url.slice(mark), body }
}

function factsOf({ headers, ip, record }: FastifyRequest): Omit<RequestFacts, 'actor'> {
  return {
    organizationHeaders: [headers['org-id'], headers['x-org-id']].flatMap((value) => value ?? []),
    requestId: record.requestId,
    idempotencyKey: headers['idempotency-key']?.toString(),
    ipAddress: ip,
    userAgent: headers['user-agent'],
  }
}
