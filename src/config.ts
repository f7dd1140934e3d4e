import {
  DEFAULT_ALGORITHMS,
  DEFAULT_PLAN_LIMITS,
  databaseUrl,
  integer,
  ISSUER_FORM,
  isAddressRange,
  limitNames,
  parseIssuers,
  parsePlanLimits,
  toggle,
  type ConfigurationVariable,
  type IssuerConfig,
  type PlanLimits,
  type Variable,
} from './config-values.js'

/** Everything that can be set from outside; see `configurationVariables` for the meaning of each. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly databaseUrl: string | undefined
  readonly adminDatabaseUrl: string | undefined
  readonly directDatabaseUrl: string | undefined
  readonly databasePoolSize: number
  readonly preparedStatements: boolean
  readonly tenantsPerConnection: number
  /** Milliseconds; 0 means no limit. */
  readonly statementTimeout: number
  readonly dataDirectory: string
  /** Folder that tenants are archived into. */
  readonly archiveDirectory: string | undefined
  readonly demo: boolean
  readonly issuers: readonly IssuerConfig[]
  readonly logLevel: LogLevelSetting
  /** Bytes. */
  readonly maxBodySize: number
  readonly maxQueryTokens: number
  readonly maxQueryDepth: number
  readonly maxQueryAliases: number
  readonly maxRootFields: number
  readonly maxQueryDirectives: number
  readonly maxQueryFields: number
  readonly maxQueryCost: number
  readonly maxConcurrentRequests: number
  /** 0 means no limit. */
  readonly maxRequestsPerMinute: number
  /** 0 means no limit. */
  readonly maxRequestsPerMonth: number
  /** Limits by plan and by the name of the limit. */
  readonly planLimits: PlanLimits
  /** Milliseconds; 0 means no limit. */
  readonly requestTimeout: number
  readonly compiledExecution: boolean
  readonly documentCacheSize: number
  /** File of the documents that clients may name by their hash. */
  readonly persistedDocuments: string | undefined
  readonly persistedOnly: boolean
  readonly graphiql: boolean
  readonly introspection: boolean
  readonly trustedProxies: readonly string[]
  /** Milliseconds. */
  readonly shutdownGrace: number
  /** Clients of one organization connected to one gateway. */
  readonly subscriptionConnections: number
  /** Milliseconds. */
  readonly subscriptionStallLimit: number
  readonly migrateOnWake: boolean
  /** Days. */
  readonly eventRetention: number
  /** Ready schemas kept of each set of modules. */
  readonly spareSchemas: number
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevelSetting = (typeof logLevels)[number]

/** A setting that cannot be used; the message names it, says what was given and what would be right. */
export class ConfigError extends Error {
  constructor(
    readonly variable: string,
    message: string,
  ) {
    super(message)
    this.name = 'ConfigError'
  }
}

const variables = {
  port: integer('PORT', 4000, 0, 65_535, 'Port to listen on; 0 takes any free one.'),
  host: {
    name: 'HOST',
    default: '127.0.0.1',
    meaning: 'Address to listen on; the container image sets 0.0.0.0.',
    parse: (text) => text ?? '127.0.0.1',
  } satisfies Variable<string>,
  databaseUrl: databaseUrl(
    'DATABASE_URL',
    'embedded server',
    'Postgres of the gateway (user orgscope_gateway). Unset: an embedded server is started.',
  ),
  adminDatabaseUrl: databaseUrl(
    'ADMIN_DATABASE_URL',
    'none',
    'The same database for DDL: a superuser, or a CREATEROLE member of orgscope_owner. Unset: the gateway serves but does not migrate or provision.',
  ),
  directDatabaseUrl: databaseUrl(
    'DIRECT_DATABASE_URL',
    'DATABASE_URL',
    'The same database without a transaction pooler in between, for LISTEN.',
  ),
  databasePoolSize: integer('DATABASE_POOL_SIZE', 10, 1, 1_000, 'Most connections one process opens.'),
  preparedStatements: toggle(
    'PREPARED_STATEMENTS',
    true,
    'Whether statements asked repeatedly are prepared, on connections that prove to be direct; never through a pooler.',
  ),
  tenantsPerConnection: integer(
    'TENANTS_PER_CONNECTION',
    200,
    1,
    1_000_000,
    'Organizations a connection serves before it is closed: its backend keeps some 15 kB for every table it ever touched.',
  ),
  statementTimeout: integer(
    'STATEMENT_TIMEOUT_MS',
    10_000,
    0,
    3_600_000,
    'Longest a statement may run, in milliseconds; 0 means no limit.',
  ),
  dataDirectory: {
    name: 'ORGSCOPE_DATA_DIR',
    default: '.orgscope',
    meaning: 'Folder of the embedded server and of the key that signs local tokens.',
    parse: (text) => text ?? '.orgscope',
  } satisfies Variable<string>,
  archiveDirectory: {
    name: 'ORGSCOPE_ARCHIVE_DIR',
    default: '`archives` in ORGSCOPE_DATA_DIR',
    meaning:
      'Folder that organizations are archived into; their data, readable by whoever can read the folder.',
    parse: (text) => text,
  } satisfies Variable<string | undefined>,
  demo: toggle(
    'ORGSCOPE_DEMO',
    false,
    'Demo mode: demo tenants, tokens signed with a local key, credentials prefilled in GraphiQL. Never on a public address.',
  ),
  issuers: {
    name: 'AUTH_ISSUERS',
    default: 'none',
    meaning: `Issuers whose tokens are accepted: ${ISSUER_FORM}; optional \`algorithms\` (default ${DEFAULT_ALGORITHMS.join(', ')}).`,
    parse: parseIssuers,
  } satisfies Variable<readonly IssuerConfig[]>,
  logLevel: {
    name: 'LOG_LEVEL',
    default: 'info',
    meaning: `Least severe log line written to standard output: ${logLevels.join(', ')}.`,
    parse(text) {
      const level = logLevels.find((known) => known === (text ?? 'info'))
      if (level !== undefined) return level
      throw new Error(`one of ${logLevels.join(', ')}`)
    },
  } satisfies Variable<LogLevelSetting>,
  maxBodySize: integer('MAX_BODY_BYTES', 1_048_576, 1_024, 1_073_741_824, 'Largest request body, in bytes.'),
  maxQueryTokens: integer(
    'MAX_QUERY_TOKENS',
    10_000,
    10,
    1_000_000,
    'Longest GraphQL document, in lexical tokens.',
  ),
  maxQueryDepth: integer('MAX_QUERY_DEPTH', 20, 1, 1_000, 'Most levels of fields below each other.'),
  maxQueryAliases: integer(
    'MAX_QUERY_ALIASES',
    100,
    0,
    100_000,
    'Most fields of a query that are renamed, or selected again in the same place.',
  ),
  maxRootFields: integer('MAX_ROOT_FIELDS', 50, 1, 10_000, 'Most fields at the top of one operation.'),
  maxQueryDirectives: integer('MAX_QUERY_DIRECTIVES', 100, 0, 100_000, 'Most directives in a query.'),
  maxQueryFields: integer(
    'MAX_QUERY_FIELDS',
    5_000,
    1,
    100_000,
    'Most fields a query selects, those of a fragment counted wherever it is spread.',
  ),
  maxQueryCost: integer(
    'MAX_QUERY_COST',
    5_000_000,
    1,
    1_000_000_000,
    'Most values an answer could hold, if all its lists were as long as asked for.',
  ),
  maxConcurrentRequests: integer(
    'MAX_CONCURRENT_REQUESTS',
    100,
    1,
    100_000,
    'Most requests of one organization that one gateway serves at once.',
  ),
  maxRequestsPerMinute: integer(
    'MAX_REQUESTS_PER_MINUTE',
    600_000,
    0,
    1_000_000_000,
    'Most requests of one organization that one gateway serves in a minute; 0 means no limit.',
  ),
  maxRequestsPerMonth: integer(
    'MAX_REQUESTS_PER_MONTH',
    0,
    0,
    Number.MAX_SAFE_INTEGER,
    'Most requests of one organization in a calendar month (UTC), by all gateways together; 0 means no limit.',
  ),
  planLimits: {
    name: 'PLAN_LIMITS',
    default: `\`${DEFAULT_PLAN_LIMITS}\``,
    meaning: `Limits by plan, which win over the general ones: a JSON object with any of ${limitNames.join(', ')}. An organization's own, in \`organizations.settings\` → \`limits\`, win over both.`,
    parse: parsePlanLimits,
  } satisfies Variable<PlanLimits>,
  requestTimeout: integer(
    'REQUEST_TIMEOUT_MS',
    30_000,
    0,
    3_600_000,
    'Longest a request may take, in milliseconds; what it runs in the database is cancelled then. 0 means no limit.',
  ),
  compiledExecution: toggle(
    'COMPILED_EXECUTION',
    true,
    'Whether operations asked repeatedly are executed by compiled code.',
  ),
  documentCacheSize: integer(
    'DOCUMENT_CACHE_SIZE',
    1_000,
    1,
    1_000_000,
    'GraphQL documents remembered parsed, checked and compiled, and as many by their hash (automatic persisted queries).',
  ),
  persistedDocuments: {
    name: 'PERSISTED_DOCUMENTS',
    default: 'none',
    meaning: 'JSON file of trusted documents by their SHA-256 hash: {"<hash>":"<document>"}.',
    parse: (text) => text,
  } satisfies Variable<string | undefined>,
  persistedOnly: toggle(
    'PERSISTED_ONLY',
    false,
    'Whether only the documents of PERSISTED_DOCUMENTS are served.',
  ),
  graphiql: toggle('GRAPHIQL', true, 'Whether a browser that opens an endpoint gets GraphiQL.'),
  introspection: toggle('INTROSPECTION', true, 'Whether the schema may be asked for; GraphiQL needs it.'),
  trustedProxies: {
    name: 'TRUSTED_PROXIES',
    default: 'none',
    meaning: 'Addresses or CIDR ranges of proxies, separated by commas, whose x-forwarded-for is believed.',
    parse(text) {
      const proxies = (text ?? '').split(',').map((proxy) => proxy.trim())
      const given = proxies.filter((proxy) => proxy !== '')
      if (given.every(isAddressRange)) return given
      throw new Error('addresses or CIDR ranges like 10.0.0.0/8, separated by commas')
    },
  } satisfies Variable<readonly string[]>,
  shutdownGrace: integer(
    'SHUTDOWN_GRACE_MS',
    10_000,
    0,
    600_000,
    'How long running requests may take to finish when the gateway stops, in milliseconds.',
  ),
  subscriptionConnections: integer(
    'SUBSCRIPTION_CONNECTIONS',
    1_000,
    1,
    1_000_000,
    'Most clients of one organization that may be subscribed at one gateway.',
  ),
  subscriptionStallLimit: integer(
    'SUBSCRIPTION_STALL_MS',
    30_000,
    100,
    3_600_000,
    'How long a subscribed client may leave a message unread before it is dropped, in milliseconds.',
  ),
  migrateOnWake: toggle(
    'MIGRATE_ON_WAKE',
    true,
    'Whether a gateway with ADMIN_DATABASE_URL migrates an organization that a fleet run left out as dormant, when a request comes for it.',
  ),
  eventRetention: integer(
    'EVENT_RETENTION_DAYS',
    7,
    1,
    3_650,
    'How many days back a subscription can be resumed.',
  ),
  spareSchemas: integer(
    'ORGSCOPE_SPARE_SCHEMAS',
    0,
    0,
    100,
    'Migrated schemas kept ready for each set of modules that new organizations have, so that making one takes milliseconds. Needs ADMIN_DATABASE_URL.',
  ),
} satisfies { readonly [Key in keyof Config]: Variable<Config[Key]> }

/** Every environment variable read, in the order of the README's table. */
export const configurationVariables: readonly ConfigurationVariable[] = Object.values(variables).map(
  ({ name, default: preset, meaning }) => ({ name, default: preset, meaning }),
)

/** Settings from command-line options, which win over the environment. */
export type ConfigOverrides = { readonly [Key in keyof Config]?: Config[Key] | undefined }

/**
 * Reads the environment once. An empty variable counts as unset.
 *
 * @throws {ConfigError} naming the first variable that cannot be used
 */
export function loadConfig(
  environment: NodeJS.ProcessEnv = process.env,
  overrides: ConfigOverrides = {},
): Config {
  const entries = Object.entries(variables).map(([key, variable]) => {
    const override = overrides[key as keyof Config]
    return [key, override ?? read(variable, environment[variable.name])]
  })
  const config = Object.fromEntries(entries) as Config
  if (config.adminDatabaseUrl !== undefined && config.databaseUrl === undefined) {
    throw new ConfigError(
      'DATABASE_URL',
      'ADMIN_DATABASE_URL is set but DATABASE_URL is not. Set both, or neither to start the embedded server.',
    )
  }
  if (config.persistedOnly && config.persistedDocuments === undefined) {
    throw new ConfigError(
      'PERSISTED_DOCUMENTS',
      'PERSISTED_ONLY is on but PERSISTED_DOCUMENTS is not set. Name the file of the documents to serve.',
    )
  }
  return config
}

function read(variable: Variable<unknown>, given: string | undefined): unknown {
  const text = given === undefined || given.trim() === '' ? undefined : given.trim()
  try {
    return variable.parse(text)
  } catch (error) {
    const shown = variable.secret === true ? 'a value (not shown)' : JSON.stringify(abridge(text ?? ''))
    const expected = error instanceof Error ? error.message : String(error)
    throw new ConfigError(variable.name, `${variable.name} is ${shown}, but must be ${expected}.`)
  }
}

function abridge(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
