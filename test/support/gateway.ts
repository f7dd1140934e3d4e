import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { FastifyInstance } from 'fastify'
import { print } from 'graphql'
import type pg from 'pg'
import { loadConfig, type ConfigOverrides } from '../../src/config.js'
import { EventHub, type EventHubOptions } from '../../src/events/event-hub.js'
import type { GraphqlApi } from '../../src/graphql/api.js'
import { tenantApi } from '../../src/graphql/tenant-api.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { createAuthenticator } from '../../src/http/authentication/authenticate.js'
import { LocalIssuer } from '../../src/http/authentication/local-issuer.js'
import { listen } from '../../src/http/listen.js'
import { createLogger } from '../../src/http/logger.js'
import { createHttpServer } from '../../src/http/server.js'
import { closeHttpServer } from '../../src/http/shutdown.js'
import { applyManifest } from '../../src/tenancy/apply-manifest.js'
import { DirectoryListener } from '../../src/tenancy/directory-listener.js'
import { servedVersions, type TenantGate } from '../../src/tenancy/served-versions.js'
import type { SessionOptions } from '../../src/tenancy/session.js'
import { RequestCounts, type RequestCountsOptions } from '../../src/tenancy/request-counts.js'
import { TenantDirectory } from '../../src/tenancy/tenant-directory.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import type { MembershipRole } from '../../src/tenancy/tenant-people.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from './database.js'

/** What every test gateway has, for APIs that a test adds. */
export interface GatewayParts {
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly directory: TenantDirectory
  readonly session: SessionOptions
}

export interface GatewayOptions {
  /** Connections of the gateway's pool. */
  readonly poolSize?: number
  /** Milliseconds. */
  readonly statementTimeout?: number
  /** Where the gateway reaches the database, when not directly. */
  readonly gatewayUrl?: (database: TestDatabase) => string
  /** APIs beside the tenant API. */
  readonly config?: ConfigOverrides
  readonly events?: Partial<EventHubOptions>
  /** Lets in whatever the installation's own migrations fit, unless told otherwise. */
  readonly gate?: TenantGate
  readonly counts?: Partial<RequestCountsOptions>
  /** Another gateway's, to stand beside it. */
  readonly database?: TestDatabase
  readonly apis?: (parts: GatewayParts) => readonly GraphqlApi[]
}

/** An answer as a client sees it. */
export interface Answer<Data> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly data: Data
  readonly errors?: readonly {
    readonly message: string
    readonly path?: unknown
    readonly extensions: Record<string, unknown>
  }[]
}

/** A gateway in this process, with a database of its own, driven through HTTP. */
export class TestGateway implements GatewayParts {
  readonly statements: string[] = []
  readonly session: SessionOptions
  readonly hub!: EventHub
  readonly listener!: DirectoryListener
  readonly counts!: RequestCounts
  readonly #ending: (() => unknown)[] = []

  private constructor(
    readonly database: TestDatabase,
    readonly pool: pg.Pool,
    readonly directory: TenantDirectory,
    readonly issuer: LocalIssuer,
    session: SessionOptions,
  ) {
    this.session = session
  }

  #server: FastifyInstance | undefined

  get server(): FastifyInstance {
    if (this.#server === undefined) throw new Error('the gateway was not started')
    return this.#server
  }

  #url: Promise<string> | undefined

  /** Base URL of the gateway, which listens from the first call on. */
  url(): Promise<string> {
    this.#url ??= listen(this.server, '127.0.0.1', 0)
    return this.#url
  }

  static async start(options: GatewayOptions = {}): Promise<TestGateway> {
    const database = options.database ?? (await freshDatabase())
    const gatewayUrl = options.gatewayUrl?.(database) ?? database.gatewayUrl
    const pool = database.pool(gatewayUrl, options.poolSize ?? 10)
    const statements: string[] = []
    const session = {
      statementTimeout: options.statementTimeout ?? 10_000,
      preparedStatements: true,
      onStatement: (sql: string) => void statements.push(sql),
    }
    const directory = new TenantDirectory(pool, { statementTimeout: 5_000 })
    const keys = await mkdtemp(join(tmpdir(), 'orgscope-keys-'))
    const issuer = await LocalIssuer.open(keys)
    const gateway = new TestGateway(database, pool, directory, issuer, session)
    gateway.statements.length = 0
    Object.assign(gateway, { statements })
    const listener = new DirectoryListener(database.gatewayUrl, directory)
    const hub = new EventHub({
      pool,
      session: { statementTimeout: 10_000 },
      listener,
      retentionDays: 7,
      ...options.events,
    })
    Object.assign(gateway, { hub, listener })
    await listener.start()
    hub.start()
    const gate = options.gate ?? { versions: servedVersions(await loadMigrations()) }
    const counts = new RequestCounts(pool, {
      statementTimeout: 5_000,
      flushInterval: 60_000,
      ...options.counts,
    })
    Object.assign(gateway, { counts })
    gateway.#server = await createHttpServer({
      counts,
      config: loadConfig({}, options.config),
      apis: [tenantApi({ pool, directory, gate, session, hub }), ...(options.apis?.(gateway) ?? [])],
      authenticate: createAuthenticator({ directory, issuers: [issuer.trusted()] }),
      readiness: async () => [{ name: 'database', ok: true }],
      logger: createLogger('silent'),
      jwks: issuer.jwks(),
    })
    gateway.#ending.push(
      // A client's spare connection, opened and never used, would keep it waiting.
      () => closeHttpServer(gateway.server, 500),
      () => hub.stop(),
      () => listener.stop(),
      () => counts.stop(),
      () => rm(keys, { recursive: true, force: true }),
      () => (options.database === undefined ? database.drop() : undefined),
    )
    return gateway
  }

  /** Creates an organization with one person in each role. */
  async organization({
    modules = ['usage'],
    id = uniqueTenant(),
    plan = 'enterprise',
  } = {}): Promise<TestOrganization> {
    const person = (role: MembershipRole) => ({
      email: `${role}@${id}.example`,
      name: `${role} of ${id}`,
      role,
      teams: [],
    })
    const { tenant } = await applyManifest(this.database.admin, {
      file: `${id}.yaml`,
      id,
      name: `Organization ${id}`,
      slug: id.replaceAll('_', '-'),
      plan,
      modules,
      admin: { email: `owner@${id}.example`, name: `owner of ${id}` },
      teams: [],
      members: [person('admin'), person('member'), person('viewer')],
    } as unknown as Parameters<typeof applyManifest>[1])
    return new TestOrganization(this, id, tenant.organizationId)
  }

  /** Sends one operation. */
  async send<Data = Record<string, unknown>>(
    path: string,
    headers: Readonly<Record<string, string>>,
    query: string,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<Answer<Data>> {
    const response = await this.server.inject({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify({ query, variables }),
    })
    const body = JSON.parse(response.body) as Pick<Answer<Data>, 'data' | 'errors'>
    return { status: response.statusCode, headers: response.headers, ...body }
  }

  async close(): Promise<void> {
    for (const end of this.#ending) await end()
  }
}

/** An organization under test: speaks through the API as one of its people. */
export class TestOrganization {
  constructor(
    readonly gateway: TestGateway,
    readonly id: TenantId,
    readonly organizationId: string,
  ) {}

  as(role: MembershipRole): TestClient {
    return new TestClient(this, `${role}@${this.id}.example`)
  }

  /** Runs SQL as superuser inside the organization's schema. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = await this.gateway.database.admin.connect()
    try {
      await client.query(`set search_path = ${schemaOf(this.id)}, public`)
      const { rows } = await client.query<Row>(text, [...values])
      return rows
    } finally {
      await client.query('reset search_path')
      client.release()
    }
  }
}

/** One person's view of one organization. */
export class TestClient {
  constructor(
    readonly organization: TestOrganization,
    readonly email: string,
  ) {}

  async identityId(): Promise<string> {
    const [row] = await this.organization.sql<{ id: string }>(
      `select id from public.identities where lower(email) = lower($1)`,
      [this.email],
    )
    if (row === undefined) throw new Error(`${this.email} is nobody`)
    return row.id
  }

  async headers(): Promise<Record<string, string>> {
    const { gateway, id } = this.organization
    const token = await gateway.issuer.sign({ identityId: await this.identityId(), expiresIn: 600 })
    return { 'org-id': id, authorization: `Bearer ${token}` }
  }

  /** Sends an operation and returns the whole answer. */
  async send<
    Data = Record<string, unknown>,
    Variables extends Record<string, unknown> = Record<string, unknown>,
  >(document: string | TypedDocumentNode<Data, Variables>, variables?: Variables): Promise<Answer<Data>> {
    const text = typeof document === 'string' ? document : print(document)
    return this.organization.gateway.send<Data>('/graphql', await this.headers(), text, variables)
  }

  /** Sends an operation that must succeed and returns its data. */
  async query<
    Data = Record<string, unknown>,
    Variables extends Record<string, unknown> = Record<string, unknown>,
  >(document: string | TypedDocumentNode<Data, Variables>, variables?: Variables): Promise<Data> {
    const answer = await this.send(document, variables)
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors))
    return answer.data
  }

  /** Sends an operation that must be refused and returns the first error. */
  async refusal(
    document: string,
    variables?: Record<string, unknown>,
  ): Promise<{ code: unknown; message: string; extensions: Record<string, unknown> }> {
    const answer = await this.send(document, variables)
    const [error] = answer.errors ?? []
    if (error === undefined) throw new Error(`expected a refusal, got ${JSON.stringify(answer.data)}`)
    return { code: error.extensions.code, message: error.message, extensions: error.extensions }
  }
}
