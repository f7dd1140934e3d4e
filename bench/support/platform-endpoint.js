import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../dist/config.js'
import { loadMigrations } from '../../dist/fleet/migration-files.js'
import { createAuthenticator } from '../../dist/http/authentication/authenticate.js'
import { LocalIssuer } from '../../dist/http/authentication/local-issuer.js'
import { listen } from '../../dist/http/listen.js'
import { createLogger } from '../../dist/http/logger.js'
import { createHttpServer } from '../../dist/http/server.js'
import { closeHttpServer } from '../../dist/http/shutdown.js'
import { platformApi } from '../../dist/platform/platform-api.js'
import { DirectoryListener } from '../../dist/tenancy/directory-listener.js'
import { TenantDirectory } from '../../dist/tenancy/tenant-directory.js'

/** The platform API over HTTP in this process, and a platform admin who sends operations to it. */
export async function startPlatformEndpoint(database) {
  const keys = await mkdtemp(join(tmpdir(), 'orgscope-bench-keys-'))
  const issuer = await LocalIssuer.open(keys)
  const pool = database.pool(database.gatewayUrl)
  const session = { statementTimeout: 10_000 }
  const directory = new TenantDirectory(pool, session)
  const listener = new DirectoryListener(database.gatewayUrl, directory)
  await listener.start()
  const server = await createHttpServer({
    config: loadConfig({}, {}),
    apis: [
      platformApi({ pool, directory, session, migrations: await loadMigrations(), admin: database.admin }),
    ],
    authenticate: createAuthenticator({ directory, issuers: [issuer.trusted()] }),
    readiness: async () => [{ name: 'database', ok: true }],
    logger: createLogger('error'),
    jwks: issuer.jwks(),
  })
  const url = `${await listen(server, '127.0.0.1', 0)}/platform/graphql`
  const { rows } = await database.admin.query(
    `with person as (insert into public.identities (email) values ('operator@bench.example') returning id)
     insert into public.platform_admins (identity_id, level) select id, 'operator' from person returning identity_id`,
  )
  const token = await issuer.sign({ identityId: rows[0].identity_id, expiresIn: 86_400 })
  return {
    /** Sends an operation that must succeed; resolves to its data. */
    async send(query, variables) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = await response.json()
      if (errors !== undefined) throw new Error(JSON.stringify(errors))
      return data
    },
    async stop() {
      await closeHttpServer(server, 500)
      await listener.stop()
      await rm(keys, { recursive: true, force: true })
    },
  }
}
