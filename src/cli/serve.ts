import type pg from 'pg'
import type { Config } from '../config.js'
import { createPool } from '../database/pool.js'
import { prepareCluster } from '../database/prepare-cluster.js'
import { loadMigrations, type MigrationCatalogue } from '../fleet/migration-files.js'
import { migrateUp } from '../fleet/migrate-up.js'
import { LocalIssuer } from '../http/authentication/local-issuer.js'
import { endpointPaths } from '../http/endpoint-paths.js'
import { createLogger } from '../http/logger.js'
import { databaseReadiness } from '../http/readiness.js'
import type { CommandContext } from './command-context.js'
import { demoBanner, endpoints, type Demo } from './demo/demo-banner.js'
import { demoHeaders, prepareDemo } from './demo/prepare-demo.js'
import { exitCodes } from './exit-codes.js'
import { CliError } from './failure.js'
import { openInstallation, type Installation } from './installation.js'
import { startGateway } from './start-gateway.js'
import { untilStopped } from './stop-signals.js'

export interface ServeOptions {
  readonly demo?: boolean
  readonly port?: number
  readonly host?: string
}

/** Connections that preparing needs: several tenants at once, and one that looks around. */
const ADMIN_CONNECTIONS = 4

/** Starts everything, waits for a signal, and stops it in the opposite order. */
export async function serve(context: CommandContext, { demo, port, host }: ServeOptions): Promise<void> {
  const config = context.config({ port, host, demo: demo === true ? true : undefined })
  const stopped = untilStopped()
  const closing: (() => Promise<unknown>)[] = []
  try {
    const installation = await openInstallation(config, {
      exclusive: true,
      log: (line) => context.terminal.say(line),
    })
    closing.push(() => installation.close())
    // A signal that comes meanwhile is kept: half a start could not be stopped in order.
    await start(context, config, installation, closing)
    context.terminal.say(`Stopping (${await stopped.signal}).`)
  } finally {
    for (const close of closing.reverse()) await close()
    stopped.release()
  }
}

async function start(
  context: CommandContext,
  config: Config,
  installation: Installation,
  closing: (() => Promise<unknown>)[],
): Promise<void> {
  const migrations = await loadMigrations()
  const { adminUrl, gatewayUrl, directUrl } = installation
  const admin = adminUrl === undefined ? undefined : openPool(adminUrl, closing)
  if (admin === undefined && config.demo) throw noDemo()
  if (admin === undefined) await requireCurrent(openPool(gatewayUrl, closing), migrations)
  else await prepare(context, admin, gatewayUrl, migrations)
  const issuer = config.demo ? await LocalIssuer.open(config.dataDirectory) : undefined
  const demo =
    issuer === undefined || admin === undefined
      ? undefined
      : await prepareDemo({ admin, gateway: openPool(gatewayUrl, closing), issuer, migrations })
  const gateway = await startGateway({
    config,
    logger: createLogger(
      config.logLevel,
      context.terminal.json ? context.streams.stderr : context.streams.stdout,
    ),
    migrations,
    gatewayUrl,
    directUrl,
    admin,
    issuer,
    graphiqlHeaders: issuer === undefined || demo === undefined ? undefined : demoHeaders(issuer, demo),
  })
  closing.push(() => gateway.stop())
  announce(context, gateway.url, demo)
}

function openPool(connectionString: string, closing: (() => Promise<unknown>)[]): pg.Pool {
  const pool = createPool({ connectionString, max: ADMIN_CONNECTIONS, applicationName: 'orgscope serve' })
  closing.push(() => pool.end())
  return pool
}

/** Brings the database to this program's version. A tenant that cannot be migrated is named and does not stop the rest. */
async function prepare(
  { terminal }: CommandContext,
  admin: pg.Pool,
  gatewayUrl: string,
  migrations: MigrationCatalogue,
): Promise<void> {
  const { warnings } = await prepareCluster({ admin, gatewayUrl })
  for (const warning of warnings) terminal.say(`! ${warning}`)
  const { failures } = await migrateUp(admin, migrations)
  const shared = failures.find(({ tenant }) => tenant === undefined)
  if (shared !== undefined) {
    throw new CliError(`The shared schema cannot be migrated: ${shared.migration}: ${shared.reason}`)
  }
  for (const { tenant, module, migration, reason } of failures) {
    terminal.say(`! ${tenant}: ${module} ${migration}: ${reason}. Run: orgscope migrate up --only ${tenant}`)
  }
}

/** A gateway without rights for DDL serves a database that is ready, and refuses one that is not. */
async function requireCurrent(pool: pg.Pool, migrations: MigrationCatalogue): Promise<void> {
  const reasons = (await databaseReadiness({ pool, migrations })()).flatMap(({ reason }) => reason ?? [])
  if (reasons.length === 0) return
  throw new CliError(
    `The gateway cannot serve this database: ${reasons.join(' ')} Without ADMIN_DATABASE_URL it changes nothing itself.`,
  )
}

function noDemo(): CliError {
  return new CliError(
    'Demo mode makes tenants and so needs the database for DDL. Set ADMIN_DATABASE_URL beside DATABASE_URL.',
    exitCodes.usage,
    { variable: 'ADMIN_DATABASE_URL' },
  )
}

function announce({ terminal }: CommandContext, url: string, demo: Demo | undefined): void {
  const apis = Object.fromEntries(Object.entries(endpointPaths).map(([api, path]) => [api, url + path]))
  const facts = { url, apis, ...(demo === undefined ? {} : { demo }) }
  terminal.result(
    facts,
    demo === undefined ? `Orgscope is running.\n${endpoints(url)}` : demoBanner(url, demo),
  )
}
