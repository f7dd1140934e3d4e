import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedServer } from '../../dist/database/embedded/embedded-server.js'
import { createPool } from '../../dist/database/pool.js'
import { prepareCluster } from '../../dist/database/prepare-cluster.js'
import { loadMigrations } from '../../dist/fleet/migration-files.js'
import { migrateUp } from '../../dist/fleet/migrate-up.js'

const TEMPLATE = 'orgscope_bench_template'
const GATEWAY_PASSWORD = 'gateway-in-benchmarks'

/**
 * A Postgres of the benchmarks' own, in a temporary folder and on a free port, with the settings and the durability
 * that `npm start` gives: nothing is switched off to look faster. Only where nothing is measured it need not be durable.
 */
export class BenchServer {
  #server
  #directory
  #databases = 0

  static async start({ durable = true } = {}) {
    const bench = new BenchServer()
    bench.#directory = await mkdtemp(join(tmpdir(), 'orgscope-bench-'))
    bench.#server = await startEmbeddedServer({
      directory: bench.#directory,
      ...(durable ? {} : { settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } }),
    })
    try {
      await bench.#buildTemplate()
      bench.version = (await bench.#query('show server_version')).rows[0].server_version
    } catch (error) {
      await bench.stop()
      throw error
    }
    return bench
  }

  get dataDirectory() {
    return this.#server.dataDirectory
  }

  async stop() {
    await this.#server.stop()
    await rm(this.#directory, { recursive: true, force: true })
    await rm(this.#server.dataDirectory, { recursive: true, force: true })
  }

  /** A migrated database without tenants; `close` ends its pools and drops it. */
  async database() {
    const name = `bench_${++this.#databases}`
    await this.#query(`create database ${name} template ${TEMPLATE}`)
    const database = new BenchDatabase(urlOf(this.#server.adminUrl, name), () =>
      this.#query(`drop database ${name} with (force)`),
    )
    // CREATE DATABASE does not copy the privileges of the database itself.
    await prepareCluster({ admin: database.admin, gatewayUrl: database.gatewayUrl })
    return database
  }

  async #buildTemplate() {
    await this.#query(`create database ${TEMPLATE}`)
    const url = urlOf(this.#server.adminUrl, TEMPLATE)
    const admin = createPool({ connectionString: url, max: 2, applicationName: 'bench' })
    try {
      await prepareCluster({ admin, gatewayUrl: gatewayUrlOf(url) })
      const { failures } = await migrateUp(admin, await loadMigrations())
      if (failures.length > 0) throw new Error(`${failures[0].migration}: ${failures[0].reason}`)
    } finally {
      await admin.end()
    }
  }

  async #query(text) {
    const pool = createPool({ connectionString: this.#server.adminUrl, max: 1, applicationName: 'bench' })
    try {
      return await pool.query(text)
    } finally {
      await pool.end()
    }
  }
}

/** One migrated database and the pools opened on it. */
export class BenchDatabase {
  #pools = []
  #drop

  constructor(adminUrl, drop) {
    this.adminUrl = adminUrl
    this.gatewayUrl = gatewayUrlOf(adminUrl)
    this.#drop = drop
    this.admin = this.pool(adminUrl)
  }

  /** A pool as the gateway opens it, ended by `close`. */
  pool(connectionString, max = 10) {
    return this.adopt(createPool({ connectionString, max, applicationName: 'bench' }))
  }

  /** Ends somebody else's pool with this database. */
  adopt(pool) {
    // An interrupted run stops the server under its connections, and still has to clean up behind itself.
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    this.#pools.push(pool)
    return pool
  }

  async close() {
    await Promise.all(this.#pools.map((pool) => pool.end()))
    await this.#drop()
  }
}

/** The same database for somebody else. */
export function urlAs(url, user, password) {
  const changed = new URL(url)
  changed.username = user
  changed.password = password
  return changed.href
}

function gatewayUrlOf(url) {
  return urlAs(url, 'orgscope_gateway', GATEWAY_PASSWORD)
}

function urlOf(url, database) {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
