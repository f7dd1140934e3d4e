import pg from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { prepareCluster } from '../../../src/database/prepare-cluster.js'
import { targetOf, type MigrationTarget } from '../../../src/fleet/migration-message.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../../support/database.js'

/** A superuser's connection to a database of a file's own, in which schemas are migrated by hand. */
export interface MigrationDatabase {
  readonly client: pg.Client
  /** Makes an empty schema with its role, as a tenant has it before its first migration. */
  createSchema(target: MigrationTarget): Promise<MigrationTarget>
}

/** A target for `createSchema` whose role no other test has. */
export function uniqueTarget(prefix: string): MigrationTarget {
  return targetOf(uniqueTenant(prefix))
}

/** Makes a database before the tests of a file and drops it after them, with the roles made in it. */
export function migrationDatabase({ migrated }: { migrated: boolean }): MigrationDatabase {
  const roles: string[] = []
  let database: TestDatabase | undefined
  let connected: pg.Client | undefined

  beforeAll(async () => {
    database = await freshDatabase(migrated ? {} : { from: null })
    await prepareCluster({ admin: database.admin })
    connected = new pg.Client({ connectionString: database.adminUrl })
    await connected.connect()
  })
  afterAll(async () => {
    await connected?.end()
    await database?.drop()
    await dropRoles(roles)
  })

  const client = (): pg.Client => {
    if (connected === undefined) throw new Error('the database is made before the first test')
    return connected
  }
  return {
    get client() {
      return client()
    },
    async createSchema(target) {
      await client().query(
        `create role ${target.schemaName} nologin in role orgscope_tenant;
         create schema ${target.schemaName} authorization orgscope_owner;
         grant usage on schema ${target.schemaName} to ${target.schemaName}`,
      )
      roles.push(target.schemaName)
      return target
    },
  }
}

async function dropRoles(roles: readonly string[]): Promise<void> {
  if (roles.length === 0) return
  const server = new pg.Client({ connectionString: inject('adminUrl') })
  await server.connect()
  await server.query(`drop role ${roles.join(', ')}`)
  await server.end()
}
