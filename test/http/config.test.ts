import { describe, expect, test } from 'vitest'
import { ConfigError, configurationVariables, loadConfig } from '../../src/config.js'

const issuer = { issuer: 'https://id.example', jwksUrl: 'https://id.example/jwks.json', audience: 'orgscope' }

function problemWith(environment: Record<string, string>): ConfigError {
  try {
    loadConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('configuration', () => {
  test('needs nothing to be set', () => {
    expect(loadConfig({})).toEqual({
      port: 4_000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      adminDatabaseUrl: undefined,
      directDatabaseUrl: undefined,
      databasePoolSize: 10,
      preparedStatements: true,
      tenantsPerConnection: 200,
      statementTimeout: 10_000,
      dataDirectory: '.orgscope',
      demo: false,
      issuers: [],
      logLevel: 'info',
      maxBodySize: 1_048_576,
      maxQueryTokens: 10_000,
      maxQueryDepth: 20,
      maxQueryAliases: 100,
      maxRootFields: 50,
      maxQueryDirectives: 100,
      maxQueryFields: 5_000,
      maxQueryCost: 5_000_000,
      maxConcurrentRequests: 100,
      maxRequestsPerMinute: 600_000,
      maxRequestsPerMonth: 0,
      planLimits: { free: { concurrentRequests: 20, requestsPerMinute: 6_000 } },
      requestTimeout: 30_000,
      compiledExecution: true,
      documentCacheSize: 1_000,
      persistedDocuments: undefined,
      persistedOnly: false,
      graphiql: true,
      introspection: true,
      spareSchemas: 0,
      trustedProxies: [],
      shutdownGrace: 10_000,
      subscriptionConnections: 1_000,
      subscriptionStallLimit: 30_000,
      migrateOnWake: true,
      eventRetention: 7,
    })
  })

  test('reads every variable it documents, each of them once', () => {
    const read = new Set<string>()
    const watched = new Proxy<Record<string, string>>(
      {},
      {
        get: (_target, name) => void read.add(String(name)),
      },
    )
    loadConfig(watched)
    const documented = configurationVariables.map(({ name }) => name)
    expect([...read].sort()).toEqual([...documented].sort())
    expect(new Set(documented).size).toBe(documented.length)
  })

  test('counts an empty variable as unset', () => {
    expect(loadConfig({ PORT: '', LOG_LEVEL: '  ' })).toMatchObject({ port: 4_000, logLevel: 'info' })
  })

  test('lets options of the command line win', () => {
    expect(loadConfig({ PORT: '5000', HOST: '0.0.0.0' }, { port: 6_000, host: undefined })).toMatchObject({
      port: 6_000,
      host: '0.0.0.0',
    })
  })

  test('serves without the right to change the schema, but not the reverse', () => {
    const url = 'postgresql://gateway:secret@db/orgscope'
    expect(loadConfig({ DATABASE_URL: url }).adminDatabaseUrl).toBeUndefined()
    expect(problemWith({ ADMIN_DATABASE_URL: url }).message).toMatch(/ADMIN_DATABASE_URL .* DATABASE_URL/)
  })

  test.each([
    ['PORT', 'http', /PORT is "http".*whole number from 0 to 65535/],
    ['PORT', '70000', /whole number/],
    ['PORT', '-1', /whole number/],
    ['DATABASE_POOL_SIZE', '0', /from 1 to/],
    ['STATEMENT_TIMEOUT_MS', '1.5', /whole number/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL is "loud".*trace, debug, info/],
    ['ORGSCOPE_DEMO', 'maybe', /on or off/],
    ['TRUSTED_PROXIES', '10.0.0.0/8, somewhere', /CIDR/],
    ['TRUSTED_PROXIES', '10.0.0.0/99', /CIDR/],
  ])('refuses %s=%s, naming it, the value and what is right', (name, value, message) => {
    const problem = problemWith({ [name]: value })
    expect(problem.variable).toBe(name)
    expect(problem.message).toMatch(message)
  })

  test.each(['DATABASE_URL', 'ADMIN_DATABASE_URL', 'DIRECT_DATABASE_URL'])(
    'never shows the secret in %s',
    (name) => {
      const { message } = problemWith({ [name]: 'mysql://root:hunter2@db/x' })
      expect(message).toMatch(new RegExp(`^${name} .*postgresql://`))
      expect(message).not.toContain('hunter2')
    },
  )
})

describe('AUTH_ISSUERS', () => {
  const withIssuers = (value: unknown): Record<string, string> => ({ AUTH_ISSUERS: JSON.stringify(value) })

  test('names issuers, with safe algorithms unless others are chosen', () => {
    expect(loadConfig(withIssuers([issuer])).issuers).toEqual([
      { ...issuer, audience: ['orgscope'], algorithms: ['EdDSA', 'ES256', 'RS256'] },
    ])
    const chosen = { ...issuer, audience: ['a', 'b'], algorithms: ['PS256'] }
    expect(loadConfig(withIssuers([chosen])).issuers).toEqual([chosen])
  })

  test.each([
    ['no JSON', '{', /JSON list/],
    ['no list', issuer, /JSON list/],
    ['an unknown key', [{ ...issuer, secret: 'x' }], /secret/],
    ['a missing key', [{ ...issuer, audience: undefined }], /audience/],
    ['an empty audience list', [{ ...issuer, audience: [] }], /audience/],
    ['a shared-secret algorithm', [{ ...issuer, algorithms: ['HS256'] }], /algorithms/],
    ['no signature', [{ ...issuer, algorithms: ['none'] }], /algorithms/],
    ['keys over plain http', [{ ...issuer, jwksUrl: 'http://id.example/jwks.json' }], /https/],
    ['keys at no URL', [{ ...issuer, jwksUrl: 'jwks' }], /https/],
    ['an issuer twice', [issuer, issuer], /id\.example is there twice/],
    ['the name of the local issuer', [{ ...issuer, issuer: 'orgscope' }], /local one/],
  ])('refuses %s', (_case, value, message) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const problem = problemWith({ AUTH_ISSUERS: text })
    expect(problem.message).toMatch(/^AUTH_ISSUERS is /)
    expect(problem.message).toMatch(message)
  })

  test('may fetch keys from this machine without TLS', () => {
    const local = { ...issuer, jwksUrl: 'http://localhost:9000/jwks.json' }
    expect(loadConfig(withIssuers([local])).issuers).toHaveLength(1)
  })
})
