import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestGateway, type TestClient, type TestOrganization } from '../support/gateway.js'
import { eventually, overEventStream, overWebSocket, subscribed } from '../support/subscriber.js'

let gateway: TestGateway
let acme: TestOrganization
let admin: TestClient

beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  admin = acme.as('admin')
})
afterAll(() => gateway.close())

const TEAMS = /* GraphQL */ `
  subscription ($id: ID, $after: String) {
    entityChanged(type: TEAM, id: $id, after: $after) {
      cursor
      type
      action
      objectId
      changedFields
      occurredAt
      node {
        id
        ... on Team {
          name
          parent {
            name
          }
        }
      }
    }
  }
`
const USAGE = /* GraphQL */ `
  subscription ($filter: UsageEventFilter, $after: String) {
    usageEventAdded(filter: $filter, after: $after) {
      cursor
      usageEvent {
        id
        requestId
        inputTokens
        user {
          email
        }
        tool {
          name
        }
      }
    }
  }
`

interface TeamChange {
  readonly cursor: string
  readonly type: string
  readonly action: string
  readonly objectId: string
  readonly changedFields: string[]
  readonly node: {
    readonly id: string
    readonly name: string
    readonly parent: { name: string } | null
  } | null
}
type Teams = { readonly entityChanged: TeamChange }
interface Added {
  readonly usageEventAdded: {
    readonly cursor: string
    readonly usageEvent: { readonly requestId: string; readonly user: { email: string } | null }
  }
}

async function createTeam(client: TestClient, name: string): Promise<string> {
  const { createTeam: made } = await client.query<{ createTeam: { team: { id: string } } }>(
    `mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }`,
    { name },
  )
  return made.team.id
}

async function report(
  client: TestClient,
  requestIds: readonly string[],
  extra: Record<string, unknown> = {},
): Promise<void> {
  const events = requestIds.map((requestId) => ({
    occurredAt: '2026-01-15T08:00:00Z',
    modelName: 'gpt-4o-mini',
    inputTokens: 10,
    outputTokens: 1,
    requestId,
    ...extra,
  }))
  const { recordUsage } = await client.query<{ recordUsage: { accepted: number } }>(
    `mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { accepted } }`,
    { events },
  )
  expect(recordUsage.accepted).toBe(events.length)
}

test.each([
  ['a WebSocket', overWebSocket],
  ['server-sent events', overEventStream],
])('a subscriber over %s is told of what is created, changed and deleted', async (_name, subscribe) => {
  const seen = await subscribe<Teams>(gateway, await admin.headers(), TEAMS)
  await subscribed(gateway, 1)
  const id = await createTeam(admin, `Newcomers over ${_name}`)
  await eventually(() => seen.messages.length).toBe(1)
  await admin.query(
    `mutation ($id: ID!) { updateTeam(input: { id: $id, description: "new" }) { team { id } } }`,
    {
      id,
    },
  )
  await eventually(() => seen.messages.length).toBe(2)
  await admin.query(`mutation ($id: ID!) { deleteTeam(id: $id) { team { id } } }`, { id })
  await eventually(() => seen.messages.length).toBe(3)
  const changes = seen.messages.map(({ data }) => data!.entityChanged)
  expect(changes).toMatchObject([
    { type: 'TEAM', action: 'CREATED', objectId: id, changedFields: ['name'] },
    { type: 'TEAM', action: 'UPDATED', objectId: id, changedFields: ['description'] },
    { type: 'TEAM', action: 'DELETED', objectId: id, node: null },
  ])
  expect(changes[0]!.node).toEqual({ id, name: `Newcomers over ${_name}`, parent: null })
  seen.stop()
  await subscribed(gateway, 0)
})

test('a subscriber to one object hears of that one only', async () => {
  const [one, other] = [await createTeam(admin, 'One'), await createTeam(admin, 'Other')]
  const seen = await overWebSocket<Teams>(gateway, await admin.headers(), TEAMS, { id: one })
  await subscribed(gateway, 1)
  for (const id of [other, one]) {
    await admin.query(
      `mutation ($id: ID!) { updateTeam(input: { id: $id, description: "x" }) { team { id } } }`,
      {
        id,
      },
    )
  }
  await eventually(() => seen.messages.length).toBe(1)
  expect(seen.messages[0]!.data!.entityChanged.objectId).toBe(one)
  seen.stop()
  await subscribed(gateway, 0)
})

test('a batch of usage is announced once and told event by event, with relations, in order', async () => {
  const seen = await overWebSocket<Added>(gateway, await admin.headers(), USAGE)
  await subscribed(gateway, 1)
  const [before] = await acme.sql<{ count: number }>(`select count(*) from outbox_events`)
  const names = Array.from({ length: 130 }, (_, index) => `batch-${String(index).padStart(3, '0')}`)
  const userId = await memberUser()
  gateway.statements.length = 0
  await report(admin, names, { userId })
  await eventually(() => seen.messages.length).toBe(names.length)
  expect(seen.messages.map(({ data }) => data!.usageEventAdded.usageEvent.requestId)).toEqual(names)
  expect(new Set(seen.messages.map(({ data }) => data!.usageEventAdded.usageEvent.user?.email))).toEqual(
    new Set([acme.as('member').email]),
  )
  const [after] = await acme.sql<{ count: number }>(`select count(*) from outbox_events`)
  expect(after!.count - before!.count).toBe(1)
  const labels = gateway.statements.map((sql) => /\/\* (\S+) \*\//.exec(sql)?.[1])
  // Three readings of fifty: one statement for the events of each, and one for all their users.
  expect(labels.filter((label) => label === 'usage.events.added')).toHaveLength(3)
  expect(labels.filter((label) => label === 'users.select')).toHaveLength(3)
  seen.stop()
  await subscribed(gateway, 0)
})

test('a filter decides which usage is told, and a wrong one is refused', async () => {
  const seen = await overWebSocket<Added>(gateway, await admin.headers(), USAGE, {
    filter: { requestId: { startsWith: 'wanted' } },
  })
  await subscribed(gateway, 1)
  await report(admin, ['unwanted', 'wanted-1', 'other', 'wanted-2'])
  await eventually(() => seen.messages.length).toBe(2)
  expect(seen.messages.map(({ data }) => data!.usageEventAdded.usageEvent.requestId)).toEqual([
    'wanted-1',
    'wanted-2',
  ])
  seen.stop()
  const refused = await overWebSocket(gateway, await admin.headers(), USAGE, {
    filter: { requestId: { eq: null } },
  })
  await refused.ended
  expect(refused.messages[0]!.errors![0]!.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
})

test('a member is told of its own usage only, an API key that may not read of none', async () => {
  const member = acme.as('member')
  const [own, all] = await Promise.all([
    overWebSocket<Added>(gateway, await member.headers(), USAGE),
    overWebSocket<Added>(gateway, await admin.headers(), USAGE),
  ])
  await subscribed(gateway, 2)
  await report(admin, ['anonymous'])
  await report(admin, ['mine'], { userId: await memberUser() })
  await report(admin, ['last'])
  await eventually(() => all.messages.length).toBe(3)
  await eventually(() => own.messages.length).toBe(1)
  expect(own.messages[0]!.data!.usageEventAdded.usageEvent.requestId).toBe('mine')
  own.stop()
  all.stop()
  const key = await apiKey()
  const refused = await overWebSocket(gateway, { 'x-api-key': key.secret }, USAGE)
  await refused.ended
  expect(refused.messages).toMatchObject([
    { errors: [{ extensions: { code: 'FORBIDDEN', permission: 'usage.read' } }] },
  ])
})

test('a person hears of its own entry, whoever changes it, and of no other', async () => {
  const query = `subscription { entityChanged(type: USER) { action objectId } }`
  const own = await overWebSocket<Teams>(gateway, await acme.as('member').headers(), query)
  await subscribed(gateway, 1)
  const mine = await memberUser()
  const { users } = await admin.query<{ users: { nodes: { id: string }[] } }>(`{ users { nodes { id } } }`)
  for (const { id } of users.nodes) {
    await admin.query(
      `mutation ($id: ID!) { updateUser(input: { id: $id, jobTitle: "x" }) { user { id } } }`,
      { id },
    )
  }
  await admin.query(`mutation ($id: ID!) { updateUser(input: { id: $id, jobTitle: "y" }) { user { id } } }`, {
    id: mine,
  })
  await eventually(() => own.messages.length).toBe(2)
  expect(own.messages.map(({ data }) => data!.entityChanged.objectId)).toEqual([mine, mine])
  own.stop()
})

test('a role taken away is felt by the next event', async () => {
  const viewer = acme.as('viewer')
  const seen = await overWebSocket<Added>(gateway, await viewer.headers(), USAGE)
  await subscribed(gateway, 1)
  await report(admin, ['still-allowed'])
  await eventually(() => seen.messages.length).toBe(1)
  await setRole(viewer, 'member')
  await report(admin, ['not-yours'])
  await report(admin, ['yours'], { userId: await userOf(viewer) })
  await eventually(() => seen.messages.length).toBe(2)
  expect(seen.messages[1]!.data!.usageEventAdded.usageEvent.requestId).toBe('yours')
  seen.stop()
  await setRole(viewer, 'viewer')
  await subscribed(gateway, 0)
})

test('what is resumed goes on behind the last cursor, in the middle of a batch too', async () => {
  const first = await overWebSocket<Added>(gateway, await admin.headers(), USAGE)
  await subscribed(gateway, 1)
  const names = Array.from({ length: 120 }, (_, index) => `resume-${index}`)
  await report(admin, names)
  await report(admin, ['later-1', 'later-2'])
  await eventually(() => first.messages.length).toBe(122)
  first.stop()
  await subscribed(gateway, 0)
  await report(admin, ['missed'])
  for (const last of [0, 49, 50, 119, 120, 121]) {
    const { cursor } = first.messages[last]!.data!.usageEventAdded
    const second = await overWebSocket<Added>(gateway, await admin.headers(), USAGE, { after: cursor })
    const expected = [...names, 'later-1', 'later-2', 'missed'].slice(last + 1)
    await eventually(() => second.messages.length).toBe(expected.length)
    expect(second.messages.map(({ data }) => data!.usageEventAdded.usageEvent.requestId)).toEqual(expected)
    second.stop()
  }
  await subscribed(gateway, 0)
})

test('a cursor that is not kept any more, or is none, is refused', async () => {
  const first = await overWebSocket<Teams>(gateway, await admin.headers(), TEAMS)
  await subscribed(gateway, 1)
  await createTeam(admin, 'Soon forgotten')
  await createTeam(admin, 'Kept')
  await eventually(() => first.messages.length).toBe(2)
  first.stop()
  const [old, kept] = first.messages.map(({ data }) => data!.entityChanged.cursor)
  await acme.sql(`delete from outbox_events where id = (
    select id from outbox_events order by transaction_id desc, id desc offset 1 limit 1)`)
  const codeOf = async (after: string): Promise<unknown> => {
    const refused = await overWebSocket(gateway, await admin.headers(), TEAMS, { after })
    await refused.ended
    return refused.messages[0]?.errors?.[0]?.extensions.code
  }
  expect(await codeOf(old!)).toBe('EVENTS_EXPIRED')
  expect(await codeOf('nonsense')).toBe('BAD_USER_INPUT')
  expect(await codeOf(Buffer.from(`1\n${2n ** 70n}\n${crypto.randomUUID()}`).toString('base64url'))).toBe(
    'BAD_USER_INPUT',
  )
  const second = await overWebSocket<Teams>(gateway, await admin.headers(), TEAMS, { after: kept })
  await subscribed(gateway, 1)
  await createTeam(admin, 'After all')
  await eventually(() => second.messages.length).toBe(1)
  second.stop()
  await subscribed(gateway, 0)
})

test('what is rolled back is not told', async () => {
  const seen = await overWebSocket<Teams>(gateway, await admin.headers(), TEAMS)
  await subscribed(gateway, 1)
  const { code } = await admin.refusal(`mutation { createTeam(input: { name: "   " }) { team { id } } }`)
  expect(code).toBe('BAD_USER_INPUT')
  await createTeam(admin, 'Told')
  await eventually(() => seen.messages.length).toBe(1)
  expect(seen.messages[0]!.data!.entityChanged.node!.name).toBe('Told')
  seen.stop()
})

test('a subscription sent like a query is told where it belongs', async () => {
  const refusal = await admin.refusal(`subscription { usageEventAdded { cursor } }`)
  expect(refusal.code).toBe('BAD_USER_INPUT')
  expect(refusal.message).toContain('WebSocket')
})

async function memberUser(): Promise<string> {
  return userOf(acme.as('member'))
}

async function userOf(client: TestClient): Promise<string> {
  const { viewer } = await client.query<{ viewer: { userId: string } }>(`{ viewer { userId } }`)
  return viewer.userId
}

async function apiKey(): Promise<{ id: string; secret: string }> {
  const { createApiKey } = await admin.query<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
    `mutation { createApiKey(input: { name: "reporter" }) { apiKey { id } secret } }`,
  )
  return { id: createApiKey.apiKey.id, secret: createApiKey.secret }
}

async function setRole(client: TestClient, role: string): Promise<void> {
  await acme.sql(`update public.memberships set role = $1 where organization_id = $2 and identity_id = $3`, [
    role,
    acme.organizationId,
    await client.identityId(),
  ])
  await acme.sql(`select pg_notify('orgscope_directory', $1)`, [acme.id])
}
