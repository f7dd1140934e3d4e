import { CombinedError, gql, type AnyVariables, type Client, type OperationResult } from 'urql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { eventually, subscribed } from '../../support/subscriber.js'
import {
  ADD_TEAM,
  addressesOf,
  DESCRIBE_TEAM,
  describeElsewhere,
  everybody,
  FOLLOW_KEYS,
  FOLLOW_TEAM,
  newTeam,
  PEOPLE,
  peopledOrganization,
  provideWebSocket,
  TEAM,
  type People,
  type TeamData,
} from './support.js'
import { overEventStream, overWebSocket, urqlClient } from './urql-client.js'

let gateway: TestGateway
let acme: TestOrganization
let url: string
beforeAll(async () => {
  provideWebSocket()
  gateway = await TestGateway.start()
  acme = await peopledOrganization(gateway)
  url = await gateway.url()
})
afterAll(() => gateway?.close())

async function clientOf(role: 'admin' | 'viewer', forward = overWebSocket): Promise<Client> {
  const headers = await acme.as(role).headers()
  return urqlClient(url, headers, forward(url, headers))
}

/** Opens a view of a query; what it shows now. `each` is told everything it shows. */
function view<Data>(
  client: Client,
  query: string,
  variables: AnyVariables,
  each: (data: Data | undefined) => void = () => {},
): () => Data | undefined {
  let shown: Data | undefined
  const { unsubscribe } = client.query<Data>(gql(query), variables).subscribe(({ data }) => {
    shown = data
    each(data)
  })
  onTestFinished(unsubscribe)
  return () => shown
}

function errorsOf({ error }: OperationResult) {
  expect(error).toBeInstanceOf(CombinedError)
  return error?.graphQLErrors ?? []
}

test('a list is walked page by page into one list, in the database’s order', async () => {
  const client = await clientOf('admin')
  const shown = view<People>(client, PEOPLE, {})
  let page = (await client.query<People>(gql(PEOPLE), {})).data?.users?.pageInfo
  while (page?.hasNextPage) {
    const { data } = await client.query<People>(gql(PEOPLE), { after: page.endCursor })
    page = data?.users?.pageInfo
  }
  const all = await everybody(acme)
  expect(all.length).toBeGreaterThan(20)
  expect(addressesOf(shown())).toEqual(all)
  expect(shown()?.users?.totalCount).toBe(all.length)
})

test('what a mutation answers is in every view of the object', async () => {
  const client = await clientOf('admin')
  const { data } = await client.mutation<{ createTeam: TeamData }>(gql(ADD_TEAM), { name: 'Viewed' })
  const id = data?.createTeam.team?.id
  const shown = view<TeamData>(client, TEAM, { id })
  await eventually(() => shown()?.team?.description).toBe(null)
  await client.mutation(gql(DESCRIBE_TEAM), { id, text: 'Seen at once' })
  expect(shown()?.team?.description).toBe('Seen at once')
})

test('an optimistic change of what has changed since is taken back, and the error holds what it is now', async () => {
  const client = await clientOf('admin')
  const id = await newTeam(acme, 'Contended')
  const descriptions: unknown[] = []
  const shown = view<TeamData>(client, TEAM, { id }, (data) => descriptions.push(data?.team?.description))
  await eventually(() => descriptions).toEqual([null])
  await describeElsewhere(acme, id, 'theirs')
  const seen = shown()?.team?.updatedAt
  const [error] = errorsOf(await client.mutation(gql(DESCRIBE_TEAM), { id, text: 'mine', seen }))
  expect(error?.extensions).toMatchObject({ code: 'CONFLICT', current: { id, description: 'theirs' } })
  await eventually(() => descriptions).toEqual([null, 'mine', null])
})

test('queries go by GET as well, which is urql’s own choice', async () => {
  const methods: unknown[] = []
  const client = await clientOf('admin')
  const { data } = await client.query(
    gql('{ viewer { role } }'),
    {},
    {
      preferGetMethod: true,
      fetch: (input, init) => {
        methods.push(init?.method)
        return fetch(input, init)
      },
    },
  )
  expect([methods, data]).toMatchObject([['GET'], { viewer: { role: 'ADMIN' } }])
})

describe('refusals are errors of urql with their code', () => {
  const nobody = () => urqlClient(url, { 'org-id': acme.id, authorization: 'Bearer nonsense' })

  test.each([
    ['UNAUTHENTICATED', async () => nobody().query(gql(TEAM), { id: 'x' })],
    ['FORBIDDEN', async () => (await clientOf('viewer')).mutation(gql(ADD_TEAM), { name: 'No' })],
    ['BAD_USER_INPUT', async () => (await clientOf('admin')).query(gql(TEAM), { id: 'x' })],
  ])('%s', async (code, act) => {
    const [error] = errorsOf(await act())
    expect(error?.extensions).toMatchObject({ code })
  })
})

describe.each([
  ['WebSocket', overWebSocket],
  ['server-sent events', overEventStream],
])('over %s', (transport, forward) => {
  test('a subscription brings a change of others into every view of the object', async () => {
    const client = await clientOf('admin', forward)
    const id = await newTeam(acme, `Followed over ${transport}`)
    const shown = view<TeamData>(client, TEAM, { id })
    await eventually(() => shown()?.team?.description).toBe(null)
    const { unsubscribe } = client.subscription(gql(FOLLOW_TEAM), { id }).subscribe(() => {})
    await subscribed(gateway, 1)
    await describeElsewhere(acme, id, 'Changed elsewhere')
    await eventually(() => shown()?.team?.description).toBe('Changed elsewhere')
    unsubscribe()
    await subscribed(gateway, 0)
  })

  test('a subscription that takes more rights ends with the error and its code', async () => {
    const client = await clientOf('viewer', forward)
    const [error] = errorsOf(await client.subscription(gql(FOLLOW_KEYS), {}).toPromise())
    expect(error?.extensions).toEqual({ code: 'FORBIDDEN', permission: 'api_key.read' })
  })
})

describe('a client that is not let in hears why', () => {
  const headers = () => ({ 'org-id': acme.id, authorization: 'Bearer nonsense' })

  test('over WebSocket by the close code', async () => {
    const { error } = await urqlClient(url, headers()).subscription(gql(FOLLOW_KEYS), {}).toPromise()
    expect(error).toBeInstanceOf(CombinedError)
    expect(error?.networkError).toMatchObject({ code: 4401 })
  })

  test('over server-sent events by the error', async () => {
    const client = urqlClient(url, headers(), overEventStream(url, headers()))
    const [error] = errorsOf(await client.subscription(gql(FOLLOW_KEYS), {}).toPromise())
    expect(error?.extensions).toEqual({ code: 'UNAUTHENTICATED' })
  })
})

test('the set-up leaves the cache nothing to warn of', async () => {
  const warn = vi.spyOn(console, 'warn')
  const client = await clientOf('admin')
  await client.query(gql('{ viewer { role } organization { id name } }'), {})
  await client.query(
    gql('{ viewer { modules } usageEvents(first: 1) { nodes { id totalCost { amount } } } }'),
    {},
  )
  expect(warn).not.toHaveBeenCalled()
})
