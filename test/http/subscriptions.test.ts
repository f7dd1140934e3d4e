import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { closeHttpServer } from '../../src/http/shutdown.js'
import { TestGateway, type TestClient, type TestOrganization } from '../support/gateway.js'
import {
  eventually,
  overEventStream,
  overWebSocket,
  subscribed,
  type Received,
} from '../support/subscriber.js'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({
    config: {
      subscriptionConnections: 5,
      subscriptionStallLimit: 400,
      introspection: false,
      maxQueryTokens: 200,
    },
  })
})
afterAll(() => gateway.close())

const TEAMS = `subscription ($after: String) { entityChanged(type: TEAM, after: $after) { cursor node { ... on Team { name } } } }`
type Teams = { readonly entityChanged: { readonly cursor: string; readonly node: { readonly name: string } } }

const both = [
  ['WebSocket', overWebSocket],
  ['server-sent events', overEventStream],
] as const

function createTeam(client: TestClient, name: string): Promise<unknown> {
  return client.query(`mutation ($name: String!) { createTeam(input: { name: $name }) { team { id } } }`, {
    name,
  })
}

function notify({ id }: TestOrganization): Promise<unknown> {
  return gateway.database.admin.query(`select pg_notify('orgscope_directory', $1)`, [id])
}

function codes({ messages }: Received<unknown>): unknown[] {
  return messages.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions.code))
}

/** The close event of a WebSocket on which `messages` were sent. */
async function closed(
  messages: readonly unknown[],
  protocols: string[] = ['graphql-transport-ws'],
): Promise<{ code: number; reason: string }> {
  const socket = new WebSocket(`${(await gateway.url()).replace('http', 'ws')}/graphql`, protocols)
  await once(socket, 'open')
  for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return { code, reason: String(reason) }
}

describe('who is let in', () => {
  test('a WebSocket is let in by the rules of any request', async () => {
    const [acme, rival] = [await gateway.organization(), await gateway.organization()]
    const { authorization } = await acme.as('admin').headers()
    const refused = async (payload: Record<string, unknown>): Promise<number> =>
      (await closed([{ type: 'connection_init', payload }])).code
    expect(await refused({})).toBe(4401)
    expect(await refused({ 'org-id': acme.id, authorization: 'Bearer nonsense' })).toBe(4401)
    expect(await refused({ authorization })).toBe(4400)
    expect(await refused({ 'org-id': 'Not An Id', authorization })).toBe(4400)
    expect(await refused({ 'org-id': acme.id, 'x-org-id': rival.id, authorization })).toBe(4400)
    expect(await refused({ 'org-id': rival.id, authorization })).toBe(4404)
    expect(await refused({ 'org-id': 'there_is_none', authorization })).toBe(4404)
    expect(await refused({ 'org-id': 42, authorization })).toBe(4400)
  })

  test('an event stream says in itself why a client is not let in, and is completed', async () => {
    const [acme, rival] = [await gateway.organization(), await gateway.organization()]
    const { authorization = '' } = await acme.as('admin').headers()
    const refused = async (headers: Record<string, string>): Promise<unknown> => {
      const stream = await overEventStream(gateway, headers, TEAMS)
      return [await stream.ended, codes(stream)]
    }
    expect(await refused({})).toEqual([undefined, ['UNAUTHENTICATED']])
    expect(await refused({ authorization })).toEqual([undefined, ['TENANT_REQUIRED']])
    expect(await refused({ 'org-id': rival.id, authorization })).toEqual([undefined, ['TENANT_NOT_FOUND']])
  })

  test('what is not an event stream’s client is refused with a status', async () => {
    const { status } = await fetch(`${await gateway.url()}/graphql/stream`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify({ query: TEAMS }),
    })
    expect(status).toBe(406)
  })

  test('headers are found whatever their letter case, and a bound key needs no organization', async () => {
    const acme = await gateway.organization()
    const admin = acme.as('admin')
    const { authorization } = await admin.headers()
    const seen = await overWebSocket<Teams>(
      gateway,
      { 'Org-Id': acme.id, Authorization: authorization },
      TEAMS,
    )
    const { createApiKey } = await admin.query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "watcher", role: "viewer" }) { secret } }`,
    )
    const keyed = await overWebSocket<Teams>(gateway, { 'X-Api-Key': createApiKey.secret }, TEAMS)
    await subscribed(gateway, 2)
    await createTeam(admin, 'Seen')
    await eventually(() => [seen.messages.length, keyed.messages.length]).toEqual([1, 1])
    seen.stop()
    keyed.stop()
    await subscribed(gateway, 0)
  })

  test('an organization may have so many connections, whatever others have', async () => {
    const [acme, rival] = [await gateway.organization(), await gateway.organization()]
    const headers = await acme.as('admin').headers()
    const open = await Promise.all(Array.from({ length: 5 }, () => overWebSocket(gateway, headers, TEAMS)))
    await subscribed(gateway, 5)
    expect((await closed([{ type: 'connection_init', payload: headers }])).code).toBe(1013)
    const stream = await fetch(`${await gateway.url()}/graphql/stream?query=${encodeURIComponent(TEAMS)}`, {
      headers: { accept: 'text/event-stream', ...headers },
    })
    expect(stream.status).toBe(429)
    expect(stream.headers.get('retry-after')).toBe('10')
    const other = await overWebSocket(gateway, await rival.as('admin').headers(), TEAMS)
    await subscribed(gateway, 6)
    open[0]!.stop()
    await subscribed(gateway, 5)
    await eventually(async () => (await gatewayHasRoom(headers)).valueOf()).toBe(true)
    for (const { stop } of [...open, other]) stop()
    await subscribed(gateway, 0)
  })

  async function gatewayHasRoom(headers: Record<string, string>): Promise<boolean> {
    const again = await overWebSocket(gateway, headers, TEAMS)
    await Promise.race([again.ended, new Promise((resolve) => setTimeout(resolve, 200))])
    const hasRoom = !again.isEnded()
    again.stop()
    return hasRoom
  }
})

describe('what is refused', () => {
  test.each(both)('queries, mutations and broken documents over %s', async (_name, subscribe) => {
    const acme = await gateway.organization()
    const headers = await acme.as('admin').headers()
    const refused = async (query: string): Promise<unknown> => {
      const answer = await subscribe(gateway, headers, query)
      const error = (await answer.ended) as undefined | { extensions: { code: string } }[]
      return codes(answer)[0] ?? error?.[0]?.extensions.code
    }
    expect(await refused('{ viewer { role } }')).toBe('BAD_REQUEST')
    expect(await refused('mutation { deleteTeam(id: "x") { team { id } } }')).toBe('BAD_REQUEST')
    expect(await refused('subscription {')).toBe('GRAPHQL_PARSE_FAILED')
    expect(await refused('subscription { nothingLikeIt }')).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(await refused('subscription { __schema { types { name } } }')).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(await refused(`subscription { ${'entityChanged(type: TEAM) { cursor } '.repeat(60)} }`)).toBe(
      'LIMIT_EXCEEDED',
    )
    expect(await refused('subscription { entityChanged(type: TEAM, id: "nonsense") { cursor } }')).toBe(
      'BAD_USER_INPUT',
    )
    await subscribed(gateway, 0)
  })

  test('what is not the protocol', async () => {
    expect((await closed(['not json'])).code).toBe(4400)
    expect((await closed([{ type: 'subscribe', id: '1', payload: { query: TEAMS } }])).code).toBe(4401)
    expect((await closed([], [])).code).toBe(4406)
    const socket = new WebSocket(`${(await gateway.url()).replace('http', 'ws')}/elsewhere`)
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('404')
  })

  test('a module the organization does not have', async () => {
    const small = await gateway.organization({ modules: [] })
    const seen = await overWebSocket(
      gateway,
      await small.as('admin').headers(),
      'subscription { usageEventAdded { cursor } }',
    )
    await seen.ended
    expect(codes(seen)).toEqual(['MODULE_NOT_ENABLED'])
  })
})

describe('who has to go', () => {
  /** Makes somebody connected lose access, and says how both transports told it. */
  async function dismissed(
    organization: TestOrganization,
    headers: Record<string, string>,
    dismiss: () => Promise<unknown>,
  ): Promise<{ code: number; told: unknown }> {
    const socket = await overWebSocket(gateway, headers, TEAMS)
    const stream = await overEventStream(gateway, headers, TEAMS)
    await subscribed(gateway, 2)
    await dismiss()
    await notify(organization)
    const { code } = (await socket.ended) as { code: number }
    expect(await stream.ended).toBeUndefined()
    await subscribed(gateway, 0)
    return { code, told: codes(stream).at(-1) }
  }

  test('everybody, when the organization is suspended', async () => {
    const acme = await gateway.organization()
    const suspend = () =>
      acme.sql(`update public.tenant_schemas set state = 'suspended' where organization_id = $1`, [
        acme.organizationId,
      ])
    expect(await dismissed(acme, await acme.as('admin').headers(), suspend)).toEqual({
      code: 4503,
      told: 'TENANT_SUSPENDED',
    })
  })

  test('a person whose membership ends, and nobody else', async () => {
    const acme = await gateway.organization()
    const admin = acme.as('admin')
    const viewer = acme.as('viewer')
    const staying = await overWebSocket<Teams>(gateway, await admin.headers(), TEAMS)
    await subscribed(gateway, 1)
    const leaving = await overWebSocket(gateway, await viewer.headers(), TEAMS)
    await subscribed(gateway, 2)
    await acme.sql(
      `update public.memberships set status = 'left' where organization_id = $1 and identity_id = $2`,
      [acme.organizationId, await viewer.identityId()],
    )
    await notify(acme)
    expect(await leaving.ended).toMatchObject({ code: 4404 })
    await createTeam(admin, 'Still here')
    await eventually(() => staying.messages.length).toBe(1)
    staying.stop()
    await subscribed(gateway, 0)
  })

  test('a program whose key is revoked', async () => {
    const acme = await gateway.organization()
    const admin = acme.as('admin')
    const { createApiKey } = await admin.query<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
      `mutation { createApiKey(input: { name: "watcher", role: "viewer" }) { secret apiKey { id } } }`,
    )
    const revoke = () =>
      admin.query(`mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { status } } }`, {
        id: createApiKey.apiKey.id,
      })
    expect(await dismissed(acme, { 'x-api-key': createApiKey.secret }, revoke)).toEqual({
      code: 4401,
      told: 'UNAUTHENTICATED',
    })
  })

  test('a person whose token ends', async () => {
    const acme = await gateway.organization()
    const identityId = await acme.as('admin').identityId()
    const token = await gateway.issuer.sign({ identityId, expiresIn: 2 })
    const headers = { 'org-id': acme.id, authorization: `Bearer ${token}` }
    const socket = await overWebSocket(gateway, headers, TEAMS)
    const stream = await overEventStream(gateway, headers, TEAMS)
    await subscribed(gateway, 2)
    expect(await socket.ended).toMatchObject({ code: 4403 })
    await stream.ended
    expect(codes(stream)).toEqual(['UNAUTHENTICATED'])
    await subscribed(gateway, 0)
  })

  test('a client that does not read, over WebSocket', async () => {
    const acme = await gateway.organization()
    const { socket, close } = await lazyReader(acme)
    const flooding = flood(acme)
    await subscribed(gateway, 0)
    // The reason stands behind all that was sent before.
    socket.resume()
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
    expect({ code, reason: String(reason) }).toEqual({
      code: 4413,
      reason: expect.stringContaining('Too slow') as string,
    })
    close()
    await flooding
  })

  test('a client that does not read, over server-sent events', async () => {
    const acme = await gateway.organization()
    const leaving = new AbortController()
    const stream = await fetch(`${await gateway.url()}/graphql/stream?query=${encodeURIComponent(HEAVY)}`, {
      headers: { accept: 'text/event-stream', ...(await acme.as('admin').headers()) },
      signal: leaving.signal,
    })
    expect(stream.status).toBe(200)
    await subscribed(gateway, 1)
    await flood(acme)
    await subscribed(gateway, 0)
    await expect(stream.text()).rejects.toThrow()
    leaving.abort()
  })

  const HEAVY = `subscription { usageEventAdded { usageEvent { ${Array.from({ length: 12 }, (_, index) => `m${index}: metadata`).join(' ')} } } }`

  async function lazyReader(
    organization: TestOrganization,
  ): Promise<{ socket: WebSocket; close: () => void }> {
    const socket = new WebSocket(
      `${(await gateway.url()).replace('http', 'ws')}/graphql`,
      'graphql-transport-ws',
    )
    await once(socket, 'open')
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: await organization.as('admin').headers() }),
    )
    await once(socket, 'message')
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: HEAVY } }))
    await subscribed(gateway, 1)
    socket.pause()
    return { socket, close: () => socket.terminate() }
  }

  /** More than any socket's buffers take: 300 events of 120 kB. */
  async function flood(organization: TestOrganization): Promise<void> {
    const events = Array.from({ length: 50 }, () => ({
      occurredAt: '2026-01-15T08:00:00Z',
      modelName: 'gpt-4o-mini',
      inputTokens: 1,
      outputTokens: 1,
      metadata: { text: 'x'.repeat(10_000) },
    }))
    for (let time = 0; time < 6; time++) {
      await organization
        .as('admin')
        .query(`mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { accepted } }`, {
          events,
        })
    }
  }
})

test('whoever reconnects resumes from the last cursor by itself, and misses nothing', async () => {
  const acme = await gateway.organization()
  const admin = acme.as('admin')
  const names: string[] = []
  const variables: { after?: string } = {}
  let sockets = 0
  let current: WebSocket | undefined
  const client = createClient({
    url: `${(await gateway.url()).replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => admin.headers(),
    retryAttempts: 5,
    retryWait: () => Promise.resolve(),
    on: {
      opened: (socket) => {
        sockets++
        current = socket as WebSocket
      },
    },
  })
  // The client sends the same payload again when it reconnects: the cursor is kept in it.
  const stop = client.subscribe<Teams>(
    { query: TEAMS, variables },
    {
      next: ({ data }) => {
        names.push(data!.entityChanged.node.name)
        variables.after = data!.entityChanged.cursor
      },
      error: () => {},
      complete: () => {},
    },
  )
  await subscribed(gateway, 1)
  await createTeam(admin, 'before')
  await eventually(() => names).toEqual(['before'])
  current!.terminate()
  await createTeam(admin, 'meanwhile')
  await eventually(() => names).toEqual(['before', 'meanwhile'])
  await createTeam(admin, 'after')
  await eventually(() => names).toEqual(['before', 'meanwhile', 'after'])
  expect(sockets).toBe(2)
  stop()
  await subscribed(gateway, 0)
})

test('one connection may have so many subscriptions at once', async () => {
  const acme = await gateway.organization()
  const client = createClient({
    url: `${(await gateway.url()).replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: await acme.as('admin').headers(),
    retryAttempts: 0,
    lazy: false,
  })
  const refused: unknown[] = []
  for (let index = 0; index < 101; index++) {
    client.subscribe(
      { query: TEAMS },
      { next: () => {}, error: (error) => refused.push(error), complete: () => {} },
    )
  }
  await subscribed(gateway, 100)
  await eventually(() => refused).toMatchObject([[{ extensions: { code: 'LIMIT_EXCEEDED', allowed: 100 } }]])
  await client.dispose()
  await subscribed(gateway, 0)
})

test('a gateway that stops sends its clients away to come back', async () => {
  const stopping = await TestGateway.start()
  const acme = await stopping.organization()
  const headers = await acme.as('admin').headers()
  const socket = await overWebSocket(stopping, headers, TEAMS)
  const stream = await overEventStream(stopping, headers, TEAMS)
  const url = await stopping.url()
  const unknown = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  const unknownClosed = once(unknown, 'close')
  await once(unknown, 'open')
  await subscribed(stopping, 2)
  await closeHttpServer(stopping.server, 5_000)
  expect(await socket.ended).toMatchObject({ code: 1001 })
  expect((await unknownClosed)[0]).toBe(1001)
  // An end without completion: the client would try again, were it allowed to.
  expect(await stream.ended).toBeInstanceOf(Error)
  await stopping.close()
})
