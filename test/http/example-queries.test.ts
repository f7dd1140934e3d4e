import { Kind, parse, print, validate } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenantApi } from '../../src/graphql/tenant-api.js'
import { exampleQueries } from '../../src/http/graphiql/example-queries.js'
import { TenantDirectory } from '../../src/tenancy/tenant-directory.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { createOrganization, tenantGateway } from './tenant-gateway.js'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

test('every example query of the tenant API is valid and answers without an error', async () => {
  const acme = await createOrganization(database)
  const gateway = await tenantGateway(database)
  const pool = database.pool(database.gatewayUrl, 1)
  const session = { statementTimeout: 5_000 }
  const { schema } = tenantApi({ pool, session, directory: new TenantDirectory(pool, session) })
  for (const document of exampleQueries.tenant.map((text) => parse(text))) {
    expect(validate(schema, document)).toEqual([])
    for (const definition of document.definitions) {
      expect(definition.kind).toBe(Kind.OPERATION_DEFINITION)
      const { status, body } = await gateway.askAs(acme.ownerId, acme.tenant, print(definition))
      expect([status, body.errors]).toEqual([200, undefined])
    }
  }
})

test('every endpoint has an example that names its operation', () => {
  for (const texts of Object.values(exampleQueries)) {
    expect(texts.length).toBeGreaterThan(0)
    for (const text of texts) {
      for (const definition of parse(text).definitions) {
        expect(definition).toMatchObject({ name: { kind: Kind.NAME } })
      }
    }
  }
})
