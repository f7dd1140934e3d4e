import { CombinedError, gql, type AnyVariables, type Client, type OperationResult } from 'urql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { eventually, subscribed } from '../../support/subscriber.js'
import {
  ADD_TEAM, addressesOf, DESCRIBE_TEAM, describeElsewhere, everybody, FOLLOW_KEYS, FOLLOW_TEAM, newTeam, PEOPLE, peopledOrganization, provideWebSocket, TEAM, type People, type Team, type TeamData,
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

/** What a view of a query shows now. */
function view<Data>(client: Client, query: string, variables: AnyVariables): () => Data | undefined {
  let shown: Data | undefined
  const { unsubscribe } = client.query<Data>(gql(query), variables).subscribe(({ data }) => { shown = data })
  onTestFinished(unsubscribe)
  return () => shown
}

function errorsOf({ error }: OperationResult) {
  expect(error).toBeInstanceOf(CombinedError)
  return error?.graphQLErrors ?? []
}

test('the cache', async () => {
  const warn = vi.spyOn(console, 'warn')
  const client = await clientOf('admin')
  const shown = view<People>(client, PEOPLE, {})
  let page = (await client.query<People>(gql(PEOPLE), {}).toPromise()).data?.users?.pageInfo
  while (page?.hasNextPage) {
    const { data } = await client.query<People>(gql(PEOPLE), { after: page.endCursor }).toPromise()
    page = data?.users?.pageInfo
    console.log(addressesOf(data).length)
  }
  console.log(addressesOf(shown()).length)
  expect(addressesOf(shown())).toEqual(await everybody(acme))
})

test('mutation', async () => {
  const client = await clientOf('admin')
  const { data } = await client.mutation<{ createTeam: { team: Team } }>(gql(ADD_TEAM), { name: 'Viewed' }).toPromise()
  const id = data?.createTeam.team.id
  const shown = view<TeamData>(client, TEAM, { id })
  await eventually(() => shown()?.team?.description).toBe(null)
  await client.mutation(gql(DESCRIBE_TEAM), { id, text: 'Seen at once' }).toPromise()
  await eventually(() => shown()?.team?.description).toBe('Seen at once')
  const r = await client.mutation(gql(DESCRIBE_TEAM), { id, text: 'x', seen: '2020-01-01T00:00:00Z' }).toPromise()
  console.log(r.error, errorsOf(r)[0]?.extensions)
  console.log(await client.query('{ viewer { role } usageEventsAggregate { count sum { totalCost { amount } } } }', {}).toPromise().then(r => [r.data, r.error]))
})

test('refusals', async () => {
  const c = await clientOf('viewer')
  const r = await c.mutation(gql(ADD_TEAM), { name: 'V' }).toPromise()
  console.log(r.error, errorsOf(r)[0]?.extensions)
  const d = urqlClient(url, { 'org-id': acme.id, authorization: 'Bearer x' })
  const q = await d.query(gql(TEAM), { id: 'x' }).toPromise()
  console.log(q.error, errorsOf(q)[0]?.extensions)
  const q2 = await d.query(gql(TEAM), { id: 'x' }, { preferGetMethod: true }).toPromise()
  console.log(q2.error, errorsOf(q2)[0]?.extensions)
})

test.each([['ws', overWebSocket], ['sse', overEventStream]])('sub %s', async (_n, forward) => {
  const client = await clientOf('admin', forward)
  const id = await newTeam(acme, 'Followed' + _n)
  const shown = view<TeamData>(client, TEAM, { id })
  await eventually(() => shown()?.team?.description).toBe(null)
  const r: unknown[] = []
  const { unsubscribe } = client.subscription(gql(FOLLOW_TEAM), { id }).subscribe((x) => r.push(x))
  await subscribed(gateway, 1)
  await describeElsewhere(acme, id, 'Changed elsewhere')
  await eventually(() => shown()?.team?.description).toBe('Changed elsewhere')
  unsubscribe()
  await subscribed(gateway, 0)
  const v = await clientOf('viewer', forward)
  console.log(await new Promise((resolve) => v.subscription(gql(FOLLOW_KEYS), {}).subscribe((x) => resolve([x.error, x.error?.networkError, x.error?.graphQLErrors[0]?.extensions]))))
  const h = { 'org-id': acme.id, authorization: 'Bearer x' }
  const bad = urqlClient(url, h, forward(url, h))
  console.log(await new Promise((resolve) => bad.subscription(gql(FOLLOW_KEYS), {}).subscribe((x) => resolve([x.error, x.error?.networkError, x.error?.graphQLErrors[0]?.extensions]))))
})
