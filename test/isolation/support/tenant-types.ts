import { isObjectType, type GraphQLSchema } from 'graphql'
import type pg from 'pg'
import { allEntities } from '../../../src/entity/entity.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import type { Canary } from './canary.js'
import { readTables } from './catalogue.js'
import { scopedTables } from './scope.js'

/** Types of an API whose objects are rows of tenants: of their schemas, or shared ones that belong to them. */
export async function tenantTypes(
  admin: pg.Pool,
  schema: GraphQLSchema,
  canary: Canary,
): Promise<ReadonlySet<string>> {
  const own = await readTables(admin, schemaOf(canary.tenant))
  const scoped = scopedTables(await readTables(admin, 'public'), canary)
  const tables = new Set([...own.keys(), ...scoped].map((name) => name.split('.')[1]))
  const entities = allEntities().filter(
    ({ name, table }) => tables.has(table) && isObjectType(schema.getType(name)),
  )
  return new Set(entities.map(({ name }) => name))
}
