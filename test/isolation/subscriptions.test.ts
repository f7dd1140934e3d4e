import { randomUUID } from 'node:crypto'
import { getNamedType, isEnumType } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import {
  eventually,
  overEventStream,
  overWebSocket,
  subscribed,
  type Received,
} from '../support/subscriber.js'
import { canaryOf, leaksIn } from './support/canary.js'

let gateway: TestGateway
let organizations: TestOrganization[]
beforeAll(async () => {
  gateway = await TestGateway.start()
  organizations = [await gateway.organization(), await gateway.organization()]
})
afterAll(() => gateway?.close())

const schema = buildTenantSchema()
const { entityChanged, ...others } = schema.getSubscriptionType()!.getFields()

/** Every type whose changes are announced. */
function announcedTypes(): string[] {
  const type = getNamedType(entityChanged!.args.find(({ name }) => name === 'type')!.type)
  if (!isEnumType(type)) throw new Error('the types of entityChanged are no enum')
  return type.getValues().map(({ name }) => name)
}

const NODE = `__typename id
  ... on Team { name description members { nodes { email } } }
  ... on User { email displayName jobTitle team { name } }
  ... on TeamMember { team { name } user { email } }
  ... on ApiKey { name keyPrefix }`

/** A subscription to everything the API announces, by name; one that is added later fails here until it is. */
const subscriptions: Readonly<Record<string, string>> = {
  usageEventAdded: `usageEventAdded { cursor usageEvent {
    id username department toolName requestId metadata user { email } team { name } tool { name } } }`,
}

const documents = [
  ...announcedTypes().map(
    (type) =>
      `subscription { entityChanged(type: ${type}) { cursor type objectId changedFields node { ${NODE} } } }`,
  ),
  ...Object.keys(others).map((name) => `subscription { ${subscriptions[name] ?? name} }`),
]

/** Does everything that is announced, with the organization's marker in every text, and returns how many events. */
async function live(organization: TestOrganization): Promise<number> {
  const admin = organization.as('admin')
  // Names are unique, and what stays the same is no change.
  const marker = `${canaryOf(organization).marker} ${randomUUID()}`
  const { users } = await admin.query<{ users: { nodes: { id: string; email: string }[] } }>(
    '{ users { nodes { id email } } }',
  )
  const userId = users.nodes[0]!.id
  const { createTeam } = await admin.query<{ createTeam: { team: { id: string } } }>(
    `mutation ($name: String!) { createTeam(input: { name: $name, description: $name }) { team { id } } }`,
    { name: `team ${marker}` },
  )
  const teamId = createTeam.team.id
  const ids = { teamId, userId, marker }
  await admin.query(
    `mutation ($teamId: ID!, $userId: ID!) { addTeamMember(input: { teamId: $teamId, userId: $userId }) { teamMember { id } } }`,
    ids,
  )
  await admin.query(
    `mutation ($userId: ID!, $marker: String!) { updateUser(input: { id: $userId, jobTitle: $marker }) { user { id } } }`,
    ids,
  )
  await admin.query(
    `mutation ($marker: String!) { createTool(input: { name: $marker, vendor: $marker }) { tool { id } } }`,
    ids,
  )
  await admin.query(
    `mutation ($marker: String!) { createApiKey(input: { name: $marker }) { apiKey { id } } }`,
    ids,
  )
  await admin.query(
    `mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { accepted } }`,
    {
      events: Array.from({ length: 3 }, (_, index) => ({
        occurredAt: '2026-01-15T08:00:00Z',
        modelName: 'gpt-4o-mini',
        inputTokens: 1,
        outputTokens: 1,
        userId,
        toolName: marker,
        requestId: `${marker} ${index}`,
        metadata: { marker },
      })),
    },
  )
  return 8
}

test.each([
  ['WebSocket', overWebSocket],
  ['server-sent events', overEventStream],
])('no event over %s shows another organization, whatever both do at once', async (_name, subscribe) => {
  const received = await Promise.all(
    organizations.map(async (organization) => {
      const headers = await organization.as('admin').headers()
      return Promise.all(documents.map((document) => subscribe(gateway, headers, document)))
    }),
  )
  await subscribed(gateway, documents.length * organizations.length)
  const rounds = 3
  const expected = (
    await Promise.all(
      organizations.map(async (organization) => {
        let events = 0
        for (let round = 0; round < rounds; round++) events += await live(organization)
        return events
      }),
    )
  )[0]!
  const count = (of: Received<unknown>[]): number =>
    of.reduce((sum, { messages }) => sum + messages.length, 0)
  for (const of of received) await eventually(() => count(of)).toBe(expected)
  const canaries = organizations.map(canaryOf)
  for (const [index, of] of received.entries()) {
    // Every subscription brought something, and what it brought is the organization's own.
    expect(of.filter(({ messages }) => messages.length === 0)).toEqual([])
    expect(of.flatMap(({ messages }) => messages.flatMap(({ errors = [] }) => errors))).toEqual([])
    const text = JSON.stringify(of.map(({ messages }) => messages))
    expect(text).toContain(canaries[index]!.marker)
    expect(
      leaksIn(
        text,
        canaries.filter((_canary, other) => other !== index),
      ),
    ).toEqual([])
  }
  for (const { stop } of received.flat()) stop()
  await subscribed(gateway, 0)
})

test('a cursor of one organization resumes nothing in another', async () => {
  const [home, foreign] = organizations as [TestOrganization, TestOrganization]
  const query = `subscription ($after: String) { usageEventAdded(after: $after) { cursor usageEvent { id } } }`
  type Added = { usageEventAdded: { cursor: string } }
  const seen = await overWebSocket<Added>(gateway, await home.as('admin').headers(), query)
  await subscribed(gateway, 1)
  await live(home)
  await eventually(() => seen.messages.length).toBe(3)
  seen.stop()
  const after = seen.messages[0]!.data!.usageEventAdded.cursor
  const stolen = await overWebSocket(gateway, await foreign.as('admin').headers(), query, { after })
  await stolen.ended
  expect(stolen.messages).toMatchObject([{ errors: [{ extensions: { code: 'EVENTS_EXPIRED' } }] }])
})
