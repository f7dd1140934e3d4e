import { graphql, type GraphQLSchema } from 'graphql'
import { createTenantContext } from '../../../src/graphql/tenant-context.js'
import type { TestGateway } from '../../support/gateway.js'
import type { Resident } from './population.js'
import type { Ask, Reply } from './walker.js'

/** Runs operations as an organization's owner against a schema that no gateway serves, in the gateway's database. */
export function inProcess(gateway: TestGateway, schema: GraphQLSchema, resident: Resident): Ask {
  return async (document): Promise<Reply> => {
    const contextValue = await createTenantContext(gateway, {
      actor: { kind: 'person', identityId: await resident.organization.as('owner').identityId() },
      organizationHeaders: [resident.canary.tenant],
      requestId: 'in process',
      ipAddress: undefined,
      userAgent: undefined,
    })
    const { data, errors = [] } = await graphql({ schema, source: document, contextValue })
    await contextValue.end()
    return {
      status: 200,
      text: JSON.stringify({ data, errors }),
      data: data ?? null,
      errors: errors.map(({ message, path }) => ({
        message,
        extensions: { code: 'UNKNOWN' },
        ...(path === undefined ? {} : { path }),
      })),
    }
  }
}
