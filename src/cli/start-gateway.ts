import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { accountApi } from '../account/account-api.js'
import type { Config } from '../config.js'
import { createPool } from '../database/pool.js'
import type { MigrationCatalogue } from '../fleet/migration-files.js'
import { DormantTenants } from '../fleet/wake.js'
import { EventHub } from '../events/event-hub.js'
import { tenantApi } from '../graphql/tenant-api.js'
import { createAuthenticator } from '../http/authentication/authenticate.js'
import type { LocalIssuer } from '../http/authentication/local-issuer.js'
import { remoteIssuer } from '../http/authentication/trusted-issuer.js'
import type { GraphiqlHeaders } from '../http/graphiql/register.js'
import { listen } from '../http/listen.js'
import type { Logger } from '../http/logger.js'
import { databaseReadiness } from '../http/readiness.js'
import { createHttpServer } from '../http/server.js'
import { closeHttpServer } from '../http/shutdown.js'
import { platformApi } from '../platform/platform-api.js'
import { DirectoryListener } from '../tenancy/directory-listener.js'
import { ExpiryWatch } from '../tenancy/expiry-watch.js'
import { RequestCounts } from '../tenancy/request-counts.js'
import { servedVersions } from '../tenancy/served-versions.js'
import { SpareFiller } from '../tenancy/spares/spare-filler.js'
import { TenantActivity } from '../tenancy/tenant-activity.js'
import { TenantDirectory, type DirectoryEntry } from '../tenancy/tenant-directory.js'

export interface GatewayOptions {
  readonly config: Config
  readonly logger: Logger
  readonly migrations: MigrationCatalogue
  readonly gatewayUrl: string
  /** The same database without a pooler in between. */
  readonly directUrl: string
  /** Lets the platform API provision; absent in a gateway that only serves. */
  readonly admin?: pg.Pool | undefined
  /** Signs and accepts tokens of its own: demo mode. */
  readonly issuer?: LocalIssuer | undefined
  readonly graphiqlHeaders?: GraphiqlHeaders | undefined
}

export interface RunningGateway {
  /** Base URL, such as http://localhost:4000. */
  readonly url: string
  /** Answers what was begun, then closes every connection. */
  stop(): Promise<void>
}

/** Milliseconds between two moments in which gateways tell each other of the requests they counted. */
const COUNTS_FLUSH_INTERVAL = 5_000

/** Puts the parts of a gateway together and listens. Throws PortInUseError. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config } = options
  const pool = createPool({
    connectionString: options.gatewayUrl,
    max: config.databasePoolSize,
    applicationName: 'orgscope gateway',
  })
  const session = {
    statementTimeout: config.statementTimeout,
    tenantsPerConnection: config.tenantsPerConnection,
    // Whoever names a direct URL as well has a pooler in between, whatever its connections seem to prove.
    preparedStatements: config.preparedStatements && options.directUrl === options.gatewayUrl,
  }
  const directory = new TenantDirectory(pool, session)
  const listener = new DirectoryListener(options.directUrl, directory)
  const hub = new EventHub({
    pool,
    session,
    listener,
    retentionDays: config.eventRetention,
    onError: (err) => options.logger.warn({ err }, 'events'),
  })
  const activity = new TenantActivity(pool, session)
  const dormant = dormantTenants(options)
  const gate = {
    versions: servedVersions(options.migrations),
    onServed: (entry: DirectoryEntry) => activity.served(entry),
    onBehind: ({ tenant }: DirectoryEntry) => dormant?.wake(tenant),
  }
  const counts = new RequestCounts(pool, {
    ...session,
    flushInterval: COUNTS_FLUSH_INTERVAL,
    onError: (err) => options.logger.warn({ err }, 'request counts'),
  })
  const expiries = new ExpiryWatch(
    pool,
    session,
    (ending) => options.logger.warn(ending, 'access to a module ends soon'),
    (err) => options.logger.warn({ err }, 'expiring modules'),
  )
  const server = await createHttpServer({
    config,
    counts,
    apis: [
      tenantApi({ pool, directory, gate, session, hub }),
      accountApi({ pool, session }),
      platformApi({ pool, directory, session, migrations: options.migrations, admin: options.admin }),
    ],
    authenticate: createAuthenticator({
      directory,
      issuers: [
        ...config.issuers.map(remoteIssuer),
        ...(options.issuer === undefined ? [] : [options.issuer.trusted()]),
      ],
    }),
    readiness: databaseReadiness({ pool, migrations: options.migrations }),
    logger: options.logger,
    jwks: options.issuer?.jwks(),
    graphiqlHeaders: options.graphiqlHeaders,
  })
  const filler = spareFiller(options, directory)
  const parts = { server, activity, dormant, hub, listener, counts, expiries, filler, pool }
  const stop = (): Promise<void> => stopGateway(parts, config.shutdownGrace)
  try {
    await listener.start()
    hub.start()
    counts.start()
    expiries.start()
    filler?.start()
    return { url: await listen(server, config.host, config.port), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Only a gateway that may change schemas can wake those that were left out. */
function dormantTenants({ config, admin, migrations, logger }: GatewayOptions): DormantTenants | undefined {
  if (admin === undefined || !config.migrateOnWake) return undefined
  return new DormantTenants({
    admin,
    migrations,
    onError: (tenant, err) => logger.warn({ err, tenant }, 'waking a dormant organization'),
  })
}

/** Keeps spare schemas, where they are asked for and this gateway may make them. */
function spareFiller(
  { config, admin, migrations, logger }: GatewayOptions,
  directory: TenantDirectory,
): SpareFiller | undefined {
  if (admin === undefined || config.spareSchemas === 0) return undefined
  const onError = (err: unknown): void => logger.warn({ err }, 'spare schemas')
  const filler = new SpareFiller(admin, migrations, { count: config.spareSchemas, onError })
  // A tenant that was made anywhere may have used one.
  directory.watch(() => filler.nudge())
  return filler
}

interface GatewayParts {
  readonly server: FastifyInstance
  readonly activity: TenantActivity
  readonly dormant: DormantTenants | undefined
  readonly hub: EventHub
  readonly listener: DirectoryListener
  readonly counts: RequestCounts
  readonly expiries: ExpiryWatch
  readonly filler: SpareFiller | undefined
  readonly pool: pg.Pool
}

async function stopGateway(parts: GatewayParts, grace: number): Promise<void> {
  const { server, activity, dormant, hub, listener, counts, expiries, filler, pool } = parts
  await closeHttpServer(server, grace)
  await dormant?.settled()
  await activity.flush()
  await hub.stop()
  await expiries.stop()
  await filler?.stop()
  await listener.stop()
  await counts.stop()
  await pool.end()
}
