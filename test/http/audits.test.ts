import { auditServer } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountApi } from '../../src/account/account-api.js'
import { listen } from '../../src/http/listen.js'
import { endpointPaths } from '../../src/http/endpoint-paths.js'
import { platformAdmin, platformGateway } from '../platform/platform-gateway.js'
import type { TestGateway } from '../support/gateway.js'

/** The audits of graphql-http are facts of the GraphQL-over-HTTP specification, each MUST, SHOULD or MAY. */
describe('the audits of the GraphQL-over-HTTP specification', () => {
  let gateway: TestGateway
  let url: string
  let headers: Record<keyof typeof endpointPaths, Record<string, string>>

  beforeAll(async () => {
    gateway = await platformGateway({ apis: ({ pool, session }) => [accountApi({ pool, session })] })
    url = await listen(gateway.server, '127.0.0.1', 0)
    const organization = await gateway.organization()
    const owner = await organization.as('owner').headers()
    const { identityId } = await platformAdmin(gateway)
    const token = await gateway.issuer.sign({ identityId, expiresIn: 600 })
    headers = {
      tenant: owner,
      account: { authorization: owner['authorization']! },
      platform: { authorization: `Bearer ${token}` },
    }
  })
  afterAll(() => gateway.close())

  test.each(Object.keys(endpointPaths) as (keyof typeof endpointPaths)[])(
    'all pass at the endpoint of the %s API',
    async (api) => {
      const results = await auditServer({
        url: url + endpointPaths[api],
        fetchFn: (address: string, init: RequestInit = {}) =>
          fetch(address, { ...init, headers: { ...headersOf(init), ...headers[api] } }),
      })
      expect(results.length).toBeGreaterThanOrEqual(61)
      const failed = results.flatMap((result) =>
        result.status === 'ok' ? [] : [`${result.id} ${result.name}: ${result.reason}`],
      )
      expect(failed).toEqual([])
    },
  )
})

/** What an audit sends, plus the header that a client outside a browser page proves itself with. */
function headersOf({ method = 'GET', headers }: RequestInit): Record<string, string> {
  const given = Object.fromEntries(new Headers(headers))
  return method === 'GET' ? { ...given, 'apollo-require-preflight': 'yes' } : given
}
