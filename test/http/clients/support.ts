import { vi } from 'vitest'
import { WebSocket } from 'ws'
import type { TestGateway, TestOrganization } from '../../support/gateway.js'

/** Nineteen people beside those of every test organization: pages of five end within a department and among nulls. */
const MORE_PEOPLE = `
  insert into users (email, department)
  select 'person' || n || '@clients.example', (array['Legal', 'Sales', null])[n % 3 + 1]
  from generate_series(1, 19) n`

/** An organization whose people take several pages. */
export async function peopledOrganization(gateway: TestGateway): Promise<TestOrganization> {
  const organization = await gateway.organization()
  await organization.sql(MORE_PEOPLE)
  return organization
}

export const PEOPLE = `
  query People($after: String) {
    users(first: 5, after: $after, orderBy: [{ field: DEPARTMENT, nulls: FIRST }]) {
      totalCount
      edges { cursor node { id email } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`

export interface People {
  readonly users: {
    readonly totalCount: number
    readonly edges: readonly { readonly cursor: string; readonly node: { readonly email: string } }[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  } | null
}

/** Everybody's address in the order that `PEOPLE` asks for, as the database sees it. */
export async function everybody(organization: TestOrganization): Promise<string[]> {
  const rows = await organization.sql<{ email: string }>(
    `select email from users where deleted_at is null order by department nulls first, id`,
  )
  return rows.map(({ email }) => email)
}

export function addressesOf(people: People | undefined): string[] {
  return people?.users?.edges.map(({ node }) => node.email) ?? []
}

export const TEAM = `query Team($id: ID!) { team(id: $id) { id name description updatedAt } }`

export interface Team {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly updatedAt: string
}

export interface TeamData {
  readonly team: Team | null
}

export const ADD_TEAM = `
  mutation AddTeam($name: String!) { createTeam(input: { name: $name }) { team { id name description updatedAt } } }`

export const DESCRIBE_TEAM = `
  mutation DescribeTeam($id: ID!, $text: String, $seen: DateTime) {
    updateTeam(input: { id: $id, description: $text }, expectedUpdatedAt: $seen) {
      team { id name description updatedAt }
    }
  }`

export const FOLLOW_TEAM = `
  subscription FollowTeam($id: ID) {
    entityChanged(type: TEAM, id: $id) { cursor node { ... on Team { id name description updatedAt } } }
  }`

/** A subscription that takes a permission which a viewer has not. */
export const FOLLOW_KEYS = `subscription FollowKeys { entityChanged(type: API_KEY) { cursor } }`

/** A team that somebody else has added. */
export async function newTeam(organization: TestOrganization, name: string): Promise<string> {
  const { createTeam } = await organization
    .as('admin')
    .query<{ createTeam: { team: Team } }>(ADD_TEAM, { name })
  return createTeam.team.id
}

/** Changes a team as somebody else. */
export async function describeElsewhere(
  organization: TestOrganization,
  id: string,
  text: string,
): Promise<void> {
  await organization.as('admin').query(DESCRIBE_TEAM, { id, text })
}

/** Gives Node 20 what browsers have. */
export function provideWebSocket(): void {
  vi.stubGlobal('WebSocket', WebSocket)
}
