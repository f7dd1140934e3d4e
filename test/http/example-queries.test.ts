import { Kind, parse, print } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpointPaths } from '../../src/http/endpoint-paths.js'
import { exampleQueries } from '../../src/http/graphiql/example-queries.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { ask } from './support.js'
import { createOrganization, makePlatformAdmin, tenantGateway } from './tenant-gateway.js'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

test.each(['tenant', 'account', 'platform'] as const)(
  'every example query of the %s API has a name and answers without an error',
  async (api) => {
    const acme = await createOrganization(database)
    await makePlatformAdmin(database, acme.ownerId)
    const gateway = await tenantGateway(database)
    const token = await gateway.issuer.sign({ identityId: acme.ownerId, expiresIn: 60 })
    const headers = { authorization: `Bearer ${token}`, 'org-id': acme.tenant }
    const operations = exampleQueries[api].flatMap((text) => parse(text).definitions)
    expect(operations.length).toBeGreaterThan(0)
    for (const operation of operations) {
      expect(operation).toMatchObject({ kind: Kind.OPERATION_DEFINITION, name: { kind: Kind.NAME } })
      const { status, body } = await ask(gateway.url + endpointPaths[api], print(operation), headers)
      expect([status, body.errors]).toEqual([200, undefined])
    }
  },
)
