import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { preparedName } from '../../src/tenancy/prepared-statements.js'
import { accountScope, tenantScope, type SessionScope } from '../../src/tenancy/session-scope.js'
import { TestGateway } from '../support/gateway.js'
import { BROAD, crowd, faults } from './support/crowd.js'
import { CLEAN, preparedOn, statesOf } from './support/pool-state.js'
import { settle, type Resident } from './support/population.js'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

let gateway: TestGateway
let residents: readonly Resident[]
beforeAll(async () => {
  // One connection, so that every organization runs its statements where the others prepared theirs.
  gateway = await TestGateway.start({ poolSize: 1 })
  residents = await settle(gateway)
})
afterAll(() => gateway?.close())

/** The organizations whose statement this name can stand for. */
function scopesOf(): readonly (readonly [string, SessionScope])[] {
  return [
    ['nobody', accountScope()] as const,
    ...residents.map(({ canary, organization }) => {
      return [canary.tenant, tenantScope(canary.tenant, organization.organizationId)] as const
    }),
  ]
}

describe('statements prepared on a connection that organizations share', () => {
  test('are each for one organization and one text, and answer it alone', async () => {
    for (let round = 0; round < 4; round++) expect(faults(await crowd(residents, 15), residents)).toEqual([])
    const prepared = await preparedOn(gateway.pool)
    const owners = prepared.map(({ name, statement }) =>
      scopesOf().flatMap(([owner, scope]) => (preparedName(scope, statement) === name ? [owner] : [])),
    )
    expect(owners.filter(({ length }) => length !== 1)).toEqual([])
    const listed = prepared.flatMap(({ statement }, index) =>
      statement.startsWith('/* teams.list */') ? owners[index] : [],
    )
    expect(new Set(listed)).toEqual(new Set(residents.map(({ canary }) => canary.tenant)))
    expect(new Set(prepared.map(({ name }) => name)).size).toBe(prepared.length)
    expect(await statesOf(gateway.pool)).toEqual([CLEAN])
  })

  test('are not among those of a gateway that is told to do without', async () => {
    const { database } = gateway
    const plain = await TestGateway.start({ database, poolSize: 1 })
    Object.assign(plain.session, { preparedStatements: false })
    try {
      const [resident] = residents as [Resident]
      const headers = await resident.headers('owner')
      for (let round = 0; round < 4; round++) await plain.send('/graphql', headers, BROAD)
      expect(await preparedOn(plain.pool)).toEqual([])
    } finally {
      await plain.close()
    }
  })
})
