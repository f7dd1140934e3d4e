import { schemaOf } from '../../dist/tenancy/tenant-id.js'
import { Child } from '../support/child.js'
import { startPostgraphile } from '../support/postgraphile.js'
import { ServedProgram } from '../support/served-program.js'
import { createKeys } from '../support/usage-query.js'
import { orgscope } from './dialects/orgscope.js'
import { plain } from './dialects/plain.js'
import { postgraphile } from './dialects/postgraphile.js'

/**
 * The servers that are compared, each a process of its own on the same database. Each has a name, the `url` and `pid`
 * it runs at, the `dialect` it is asked in (by query), and the headers it wants from an organization. The gateway is
 * the program as an operator runs it, with an API key of each organization; the others ask for no credentials.
 */
export class Servers {
  #running = []

  static async start(database, tenants, { offline, report }) {
    const servers = new Servers()
    try {
      await servers.#startAll(database, tenants, { offline, report })
    } catch (error) {
      await servers.stop()
      throw error
    }
    return servers
  }

  get all() {
    return this.#running
  }

  /** Those that can be asked a query. */
  asked(query) {
    return this.#running.filter(({ dialect }) => query in dialect)
  }

  async stop() {
    await Promise.all(this.#running.map(({ process }) => process.stop()))
  }

  async #startAll(database, tenants, { offline, report }) {
    const gateway = await ServedProgram.start(database)
    const keys = await createKeys(tenants, database)
    const keyOf = new Map(tenants.map(({ tenant }, index) => [tenant, keys[index]]))
    this.#running.push({
      name: 'orgscope',
      process: gateway,
      pid: gateway.pid,
      url: `${gateway.url}/graphql`,
      dialect: orgscope,
      headers: (tenant) => ({ 'x-api-key': keyOf.get(tenant) }),
    })
    if (!offline) {
      const template = schemaOf(tenants[0].tenant)
      await this.#add('PostGraphile', postgraphile, await startPostgraphile(database, template, report))
    }
    await this.#add('naive Apollo', plain, startPeer('naive-apollo.js', database))
    await this.#add('json_agg', { b: plain.b }, startPeer('json-aggregate.js', database))
  }

  async #add(name, dialect, child) {
    const server = { name, process: child, pid: child.pid, dialect, headers: () => ({}) }
    this.#running.push(server)
    server.url = (await child.ask()).url
  }
}

function startPeer(file, { gatewayUrl }) {
  const env = { ...process.env, NODE_ENV: 'production' }
  return new Child(`../peers/${file}`, [JSON.stringify({ gatewayUrl })], { env })
}
