import { gql, type ApolloClient } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { eventually, subscribed } from '../../support/subscriber.js'
import { apolloClient } from './apollo-client.js'
import { asInBrowsers, everybody, PEOPLE, peopledOrganization, type People } from './support.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  asInBrowsers()
  gateway = await TestGateway.start()
  acme = await peopledOrganization(gateway)
})
afterAll(() => gateway?.close())

async function clientOf(role: 'admin' | 'viewer', token?: string): Promise<ApolloClient> {
  const { authorization = '' } = await acme.as(role).headers()
  return apolloClient(await gateway.url(), acme.id, async () => token ?? authorization.replace('Bearer ', ''))
}

interface Team {
  readonly team: { readonly id: string; readonly name: string; readonly description: string | null; readonly updatedAt: string } | null
}

/** What a view shows now. */
function watch<Data>(list: { subscribe: (o: object) => unknown, getCurrentResult: () => { data?: unknown } }): () => Data {
  list.subscribe({})
  return () => (list.getCurrentResult().data ?? {}) as Data
}

function errorsOf(error: unknown) {
  expect(error).toBeInstanceOf(CombinedGraphQLErrors)
  return (error as CombinedGraphQLErrors).errors
}

async function newTeam(name: string): Promise<string> {
  const { createTeam } = await acme.as('admin').query<{ createTeam: { team: { id: string } } }>('mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }', { name })
  return createTeam.team.id
}
const CHANGE = `mutation ($id: ID!, $text: String) { updateTeam(input: { id: $id, description: $text }) { team { id } } }`
const FOLLOW = gql`subscription Follow($id: ID) { entityChanged(type: TEAM, id: $id) { cursor node { ... on Team { id description updatedAt } } } }`
const TEAM = gql`query Team($id: ID!) { team(id: $id) { id name description updatedAt } }`
const ADD = gql`mutation Add($name: String!) { createTeam(input: { name: $name }) { team { id name description updatedAt } } }`
const DESCRIBE = gql`
  mutation Describe($id: ID!, $text: String, $seen: DateTime) {
    updateTeam(input: { id: $id, description: $text }, expectedUpdatedAt: $seen) {
      team { id description updatedAt }
    }
  }`


test('a query fills the normalized cache by the global ids', async () => {
  const client = await clientOf('admin')
  const id = await newTeam('Cached')
  const { data } = await client.query<Team>({ query: TEAM, variables: { id } })
  expect(data?.team).toMatchObject({ id, name: 'Cached' })
  expect(client.cache.identify({ __typename: 'Team', id })).toBe(`Team:${id}`)
  expect(client.cache.extract()).toHaveProperty([`Team:${id}`, 'name'], 'Cached')
})

test('a list is walked page by page into one list, in the database’s order', async () => {
  const client = await clientOf('admin')
  const list = client.watchQuery<People>({ query: gql(PEOPLE) })
  const shown = watch(list)
  let page = (await list.refetch()).data?.users?.pageInfo
  while (page?.hasNextPage) {
    const { data } = await list.fetchMore({ variables: { after: page.endCursor } })
    page = data?.users?.pageInfo
    await new Promise((r) => setTimeout(r, 50))
    console.log(shown().users?.edges.length, list.getCurrentResult().networkStatus, list.getCurrentResult().loading)
  }
  const all = await everybody(acme)
  expect(all.length).toBeGreaterThan(20)
  expect(shown().users?.edges.map(({ node }) => node.email)).toEqual(all)
  expect(shown().users?.totalCount).toBe(all.length)
})

test('what a mutation answers is at once in every view of the object', async () => {
  const client = await clientOf('admin')
  const { data } = await client.mutate<{ createTeam: Team }>({ mutation: ADD, variables: { name: 'Viewed' } })
  const id = data?.createTeam.team.id
  const shown = watch(client.watchQuery<Team>({ query: TEAM, variables: { id } }))
  await eventually(() => shown().team?.description).toBe(null)
  await client.mutate({ mutation: DESCRIBE, variables: { id, text: 'Seen at once' } })
  expect(shown().team?.description).toBe('Seen at once')
})

test('an optimistic change of what has changed since is taken back, and the error holds what it is now', async () => {
  const client = await clientOf('admin')
  const id = await newTeam('Contended')
  const view = client.watchQuery<Team>({ query: TEAM, variables: { id } })
  const shown = watch(view)
  await view.refetch()
  await acme.as('admin').query(CHANGE, { id, text: 'theirs' })
  const refusal = client.mutate({
    mutation: DESCRIBE,
    variables: { id, text: 'mine', seen: shown().team?.updatedAt },
    optimisticResponse: { updateTeam: { __typename: 'UpdateTeamPayload', team: { ...shown().team, description: 'mine' } } },
  })
  expect(shown().team?.description).toBe('mine')
  const [error] = errorsOf(await refusal.catch((reason: unknown) => reason))
  expect(shown().team?.description).toBe(null)
  expect(error?.extensions).toMatchObject({ code: 'CONFLICT', current: { id, description: 'theirs' } })
  console.log(error)
})

describe('refusals are errors of Apollo Client with their code', () => {
  test.each([
    ['UNAUTHENTICATED', 'a token that is none', async () => (await clientOf('admin', 'nonsense')).query({ query: TEAM, variables: { id: 'x' } })],
    ['FORBIDDEN', 'a mutation that takes more rights', async () => (await clientOf('viewer')).mutate({ mutation: ADD, variables: { name: 'No' } })],
    ['BAD_USER_INPUT', 'an id that is none', async () => (await clientOf('admin')).query({ query: TEAM, variables: { id: 'x' } })],
  ])('%s: %s', async (code, _case, act) => {
    const [error] = errorsOf(await act().catch((reason: unknown) => reason))
    expect(error?.extensions).toMatchObject({ code })
  })
})

test('a subscription brings a change of others into every view of the object', async () => {
  const client = await clientOf('admin')
  const id = await newTeam('Followed')
  const view = client.watchQuery<Team>({ query: TEAM, variables: { id } })
  const shown = watch(view)
  await view.refetch()
  const received: unknown[] = []
  const subscription = client
    .subscribe({ query: FOLLOW, variables: { id } })
    .subscribe({ next: (message) => received.push(message) })
  await subscribed(gateway, 1)
  await acme.as('admin').query(CHANGE, { id, text: 'Changed elsewhere' })
  await eventually(() => shown().team?.description).toBe('Changed elsewhere')
  console.log(JSON.stringify(received))
  subscription.unsubscribe()
  await subscribed(gateway, 0)
})

test('a subscription that is refused ends with the error and its code', async () => {
  for (const client of [await clientOf('admin', 'nonsense'), await clientOf('viewer')]) {
    const result = await new Promise((resolve) => {
      client.subscribe({ query: gql`subscription { entityChanged(type: API_KEY) { cursor } }` }).subscribe({ next: resolve, error: resolve })
    })
    console.log(result)
  }
})
