import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { expect, onTestFinished } from 'vitest'
import { loadConfig, type Config } from '../../src/config.js'
import { AppError } from '../../src/errors.js'
import type { ApiContext, GraphqlApi, RequestFacts } from '../../src/graphql/api.js'
import type { Authenticate } from '../../src/http/authentication/authenticate.js'
import { LocalIssuer } from '../../src/http/authentication/local-issuer.js'
import { listen } from '../../src/http/listen.js'
import { createLogger } from '../../src/http/logger.js'
import { createHttpServer, type HttpServerOptions } from '../../src/http/server.js'

export type LogLine = Record<string, unknown> & { msg: string; level: number }

export interface TestServer {
  readonly url: string
  readonly server: FastifyInstance
  /** What was logged so far. */
  readonly log: readonly LogLine[]
}

export interface ServeOptions extends Partial<Omit<HttpServerOptions, 'config'>> {
  readonly config?: Partial<Config>
}

/** A server with the parts that a test does not bring itself; closed when the test is over. */
export async function build({ config, ...options }: ServeOptions = {}): Promise<Omit<TestServer, 'url'>> {
  const log: LogLine[] = []
  const server = await createHttpServer({
    config: loadConfig({}, config),
    apis: [echoApi()],
    authenticate: anonymous,
    readiness: async () => [{ name: 'database', ok: true }],
    logger: createLogger('debug', { write: (line) => void log.push(JSON.parse(line) as LogLine) }),
    ...options,
  })
  onTestFinished(() => server.close())
  return { server, log }
}

/** The same, listening on a free port. */
export async function serve(options: ServeOptions = {}): Promise<TestServer> {
  const built = await build(options)
  return { ...built, url: await listen(built.server, '127.0.0.1', 0) }
}

export const anonymous: Authenticate = async () => undefined

export interface EchoContext extends ApiContext {
  readonly facts: RequestFacts
}

export interface EchoApi extends GraphqlApi {
  /** Contexts made, and how often each was ended. */
  readonly ends: number[]
}

export interface EchoOptions {
  readonly name?: GraphqlApi['name']
  /** Refuses every request as a whole. */
  readonly refuse?: () => Error
  /** What the field `act` does. */
  readonly act?: () => Promise<string>
}

/** An API of one's own facts: shows what the HTTP layer hands to GraphQL, and fails in every way on demand. */
export function echoApi({ name = 'tenant', refuse, act }: EchoOptions = {}): EchoApi {
  const ends: number[] = []
  const fail = (error: () => unknown) => () => {
    throw error()
  }
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType<unknown, EchoContext>({
      name: 'Query',
      fields: {
        hello: { type: GraphQLString, resolve: () => 'world' },
        caller: {
          type: GraphQLString,
          resolve: (_source, _arguments, { facts }) => JSON.stringify(facts.actor ?? null),
        },
        facts: { type: GraphQLString, resolve: (_source, _arguments, { facts }) => JSON.stringify(facts) },
        add: {
          type: GraphQLInt,
          args: { a: { type: new GraphQLNonNull(GraphQLInt) } },
          resolve: (_source, { a }: { a: number }) => a + 1,
        },
        act: { type: GraphQLString, resolve: () => act?.() },
        bug: { type: GraphQLString, resolve: fail(() => new TypeError('the password is hunter2')) },
        wholeBug: {
          type: new GraphQLNonNull(GraphQLString),
          resolve: fail(() => new TypeError('the password is hunter2')),
        },
        conflict: {
          type: GraphQLString,
          resolve: fail(() => new AppError('CONFLICT', 'It is in use.', { field: 'name' })),
        },
        forbidden: {
          type: new GraphQLNonNull(GraphQLString),
          resolve: fail(() => new AppError('FORBIDDEN', 'You may not.', { permission: 'team.read' })),
        },
        outage: { type: GraphQLString, resolve: fail(outage) },
        wholeOutage: { type: new GraphQLNonNull(GraphQLString), resolve: fail(outage) },
        missing: { type: new GraphQLNonNull(GraphQLString), resolve: () => null },
        wrongType: { type: GraphQLInt, resolve: () => 'not a number' },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: { change: { type: GraphQLString, resolve: () => 'changed' } },
    }),
  })
  return {
    name,
    schema,
    ends,
    async createContext(facts): Promise<EchoContext> {
      if (refuse !== undefined) throw refuse()
      const index = ends.push(0) - 1
      return {
        facts,
        requestId: facts.requestId,
        abort: () => {},
        end: async () => {
          ends[index] = (ends[index] ?? 0) + 1
        },
      }
    },
  }
}

const outage = (): AppError => new AppError('SERVICE_UNAVAILABLE', 'Away.', {}, { retryAfter: 2 })

export const JSON_TYPE = 'application/json'
export const GRAPHQL_TYPE = 'application/graphql-response+json'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    readonly data?: Record<string, unknown> | null
    readonly errors?: readonly {
      readonly message: string
      readonly path?: readonly string[]
      readonly extensions: Record<string, unknown> & { readonly code: string }
    }[]
  }
}

/** Sends a GraphQL request and reads its JSON answer. */
export async function ask(
  url: string,
  query: string,
  headers: Record<string, string> = {},
  rest: Record<string, unknown> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, ...rest }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}

export function codesOf({ body }: Answer): string[] {
  return (body.errors ?? []).map(({ extensions }) => extensions.code)
}

/** A folder that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'orgscope-http-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function temporaryIssuer(): Promise<LocalIssuer> {
  return LocalIssuer.open(await temporaryDirectory())
}

/** A promise that the test keeps when it wants to. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Expects what becomes true by itself, however busy the machine is. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: 20_000 })
}
