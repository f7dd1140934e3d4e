/** One schema per run, named in SCHEMA, as `knex migrate:latest` is looped over schemas. */
export default {
  client: 'pg',
  connection: process.env.DATABASE_URL,
  searchPath: [process.env.SCHEMA, 'public'],
  migrations: { directory: './knex', schemaName: process.env.SCHEMA },
}
