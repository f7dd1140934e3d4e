import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql'
import { expect, test } from 'vitest'
import { accountSchema } from '../../src/account/account-schema.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { platformSchema } from '../../src/platform/platform-schema.js'

const sdl = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema))

test('each schema is the same whatever was built before it', () => {
  const builders = [platformSchema, accountSchema, buildTenantSchema]
  const first = builders.map((build) => sdl(build()))
  const again = [...builders].reverse().map((build) => sdl(build()))
  expect(again.reverse()).toEqual(first)
})

/** In an organization they write its own tools: other rows, in another table. */
const OF_BOTH = ['createTool', 'updateTool']

test('the tenant API cannot even name an operation of the control plane', () => {
  const tenant = buildTenantSchema()
  const fields = Object.keys(platformSchema().getMutationType()!.getFields())
  expect(fields.filter((field) => field in tenant.getMutationType()!.getFields()).sort()).toEqual(OF_BOTH)
  expect(tenant.getQueryType()!.getFields()).not.toHaveProperty('organizations')
  expect(tenant.getType('Fleet')).toBeUndefined()
})

test('the platform API cannot name what is inside an organization', () => {
  const platform = platformSchema()
  for (const name of ['User', 'Team', 'UsageEvent', 'AuditEntry', 'ApiKey']) {
    expect(platform.getType(name)).toBeUndefined()
  }
})
