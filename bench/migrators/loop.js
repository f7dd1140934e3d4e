import { fileURLToPath } from 'node:url'
import knex from 'knex'
import { runner } from 'node-pg-migrate'
import config from './knexfile.js'

/**
 * `node loop.js <node-pg-migrate|knex> <schema …>` with DATABASE_URL: loops a tool over schemas inside one process,
 * which spares it the start of a program per schema, and prints the milliseconds it took.
 */
const [tool, ...schemas] = process.argv.slice(2)
const folder = (name) => fileURLToPath(new URL(name, import.meta.url))

const tools = {
  'node-pg-migrate': (schema) =>
    runner({
      databaseUrl: process.env.DATABASE_URL,
      dir: folder('node-pg-migrate'),
      direction: 'up',
      schema: [schema, 'public'],
      migrationsSchema: schema,
      migrationsTable: 'pgmigrations',
      log: () => {},
    }),
  async knex(schema) {
    const database = knex({
      ...config,
      searchPath: [schema, 'public'],
      migrations: { directory: folder('knex'), schemaName: schema },
    })
    try {
      await database.migrate.latest()
    } finally {
      await database.destroy()
    }
  },
}

const began = performance.now()
for (const schema of schemas) await tools[tool](schema)
console.log(performance.now() - began)
