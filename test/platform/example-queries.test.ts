import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountApi } from '../../src/account/account-api.js'
import { exampleQueries } from '../../src/http/graphiql/example-queries.js'
import type { TestGateway } from '../support/gateway.js'
import { platformAdmin, platformGateway, type PlatformAdmin } from './platform-gateway.js'

let gateway: TestGateway
let admin: PlatformAdmin
beforeAll(async () => {
  gateway = await platformGateway({ apis: (parts) => [accountApi(parts)] })
  admin = await platformAdmin(gateway, 'auditor')
})
afterAll(() => gateway.close())

test.each(exampleQueries.platform)('GraphiQL’s example for platform admins works: %s', async (query) => {
  expect(await admin.query(query)).toMatchObject({ organizations: { nodes: [] } })
})

test.each(exampleQueries.account)('GraphiQL’s example for accounts works: %s', async (query) => {
  const token = await gateway.issuer.sign({ identityId: admin.identityId, expiresIn: 60 })
  const { errors, data } = await gateway.send('/account/graphql', { authorization: `Bearer ${token}` }, query)
  expect(errors).toBeUndefined()
  expect(data).toMatchObject({ me: { email: expect.stringContaining('@') as string }, myOrganizations: [] })
})
