import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestGateway, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let organizations: TestOrganization[]
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 1 })
  Object.assign(gateway.session, { tenantsPerConnection: 3 })
  organizations = []
  for (let number = 0; number < 3; number++) organizations.push(await gateway.organization())
})
afterAll(() => gateway?.close())

/** Reads in an organization; resolves to the backend that is there afterwards. */
async function backendAfter(organization: TestOrganization): Promise<number> {
  await organization.as('admin').query('{ teams { nodes { name } } }')
  const { rows } = await gateway.pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]!.pid
}

test('a connection is closed once it has served as many organizations as it may, and not before', async () => {
  const [first, second, third] = organizations as [TestOrganization, TestOrganization, TestOrganization]
  const backend = await backendAfter(first)
  for (let time = 0; time < 5; time++) {
    expect(await backendAfter(second)).toBe(backend)
    expect(await backendAfter(first)).toBe(backend)
  }
  const next = await backendAfter(third)
  expect(next).not.toBe(backend)
  expect(await backendAfter(third)).toBe(next)
})

test('what is written on its last use is there', async () => {
  for (const organization of [...organizations, ...organizations]) {
    const { createTeam } = await organization
      .as('admin')
      .query<{ createTeam: { team: { name: string } } }>(
        `mutation { createTeam(input: { name: "Team ${Math.random()}" }) { team { name } } }`,
      )
    const { teams } = await organization
      .as('admin')
      .query<{ teams: { nodes: { name: string }[] } }>('{ teams { nodes { name } } }')
    expect(teams.nodes.map(({ name }) => name)).toContain(createTeam.team.name)
  }
})
