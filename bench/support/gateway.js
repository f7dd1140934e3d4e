import { loadConfig } from '../../dist/config.js'
import { createPool } from '../../dist/database/pool.js'
import { tenantApi } from '../../dist/graphql/tenant-api.js'
import { createAuthenticator } from '../../dist/http/authentication/authenticate.js'
import { LocalIssuer } from '../../dist/http/authentication/local-issuer.js'
import { listen } from '../../dist/http/listen.js'
import { createLogger } from '../../dist/http/logger.js'
import { createHttpServer } from '../../dist/http/server.js'
import { DirectoryListener } from '../../dist/tenancy/directory-listener.js'
import { RequestCounts } from '../../dist/tenancy/request-counts.js'
import { TenantDirectory } from '../../dist/tenancy/tenant-directory.js'
import { withoutWalls } from './without-walls.js'

/**
 * A gateway in a process of its own, put together from the program's parts: `node gateway.js <settings as JSON>` with
 * `{ gatewayUrl, keys, unwalledUrl?, config? }`. Sends its URL when it listens, and its processor time in µs when asked.
 * With `unwalledUrl`, operations run there without walls 2 and 3; who may do what (wall 1) is decided as always.
 */
const { gatewayUrl, keys, unwalledUrl, config = {} } = JSON.parse(process.argv[2])
const open = (connectionString) => createPool({ connectionString, max: 10, applicationName: 'bench gateway' })
const pool = open(gatewayUrl)
const session = { statementTimeout: 10_000, preparedStatements: true }
const directory = new TenantDirectory(pool, session)
await new DirectoryListener(gatewayUrl, directory).start()
const issuer = await LocalIssuer.open(keys)
const counts = new RequestCounts(pool, { ...session, flushInterval: 5_000 })
counts.start()
const server = await createHttpServer({
  counts,
  config: loadConfig({}, config),
  apis: [
    tenantApi({
      pool: unwalledUrl === undefined ? pool : withoutWalls(open(unwalledUrl)),
      directory,
      session,
    }),
  ],
  authenticate: createAuthenticator({ directory, issuers: [issuer.trusted()] }),
  readiness: async () => [{ name: 'database', ok: true }],
  logger: createLogger('error'),
  jwks: issuer.jwks(),
})
const url = await listen(server, '127.0.0.1', 0)
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ processorTime: user + system })
})
process.on('SIGTERM', () => process.exit(0))
process.send({ url })
