import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestGateway, type TestClient, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let viewer: TestClient
let member: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = acme.as('viewer')
  member = acme.as('member')
})
afterAll(() => gateway?.close())
beforeEach(() => acme.sql(`delete from saved_queries`))

const DOCUMENT = 'query People($first: Int!) { users(first: $first) { nodes { email } } }'

interface Saved {
  readonly id: string
  readonly name: string
}
async function save(client: TestClient, input: object = {}): Promise<Saved> {
  const { createSavedQuery } = await client.query<{ createSavedQuery: { savedQuery: Saved } }>(
    `mutation($input: CreateSavedQueryInput!) { createSavedQuery(input: $input) { savedQuery { id name } } }`,
    { input: { name: 'People', document: DOCUMENT, variables: { first: 3 }, ...input } },
  )
  return createSavedQuery.savedQuery
}
const namesFor = async (client: TestClient): Promise<string[]> =>
  (
    await client.query<{ savedQueries: { nodes: Saved[] } }>(`{ savedQueries { nodes { id name } } }`)
  ).savedQueries.nodes.map(({ name }) => name)
const change = (client: TestClient, id: string, input: object) =>
  client.send(
    `mutation($input: UpdateSavedQueryInput!) { updateSavedQuery(input: $input) { savedQuery { name visibility variables } } }`,
    { input: { id, ...input } },
  )
const remove = (client: TestClient, id: string) =>
  client.send(`mutation($id: ID!) { deleteSavedQuery(id: $id) { savedQuery { name } } }`, { id })

describe('a saved query', () => {
  test('is kept with its variables for its owner, who is the one who saves it', async () => {
    const { id } = await save(member, { description: 'Who is here.' })
    const { savedQuery } = await member.query(
      `query($id: ID!) { savedQuery(id: $id) { name description document variables visibility owner { email } } }`,
      { id },
    )
    expect(savedQuery).toEqual({
      name: 'People',
      description: 'Who is here.',
      document: DOCUMENT,
      variables: { first: 3 },
      visibility: 'PRIVATE',
      owner: { email: member.email },
    })
  })

  test('that is private is nobody else’s, not even the owner of the organization’s', async () => {
    const { id } = await save(member)
    expect(await namesFor(member)).toEqual(['People'])
    for (const role of ['viewer', 'admin', 'owner'] as const) {
      const other = acme.as(role)
      expect(await namesFor(other)).toEqual([])
      const found = await other.query(
        `query($id: ID!) { savedQuery(id: $id) { name } node(id: $id) { id }
          savedQueries(filter: { name: { startsWith: "P" } }) { totalCount } }`,
        { id },
      )
      expect(found).toEqual({ savedQuery: null, node: null, savedQueries: { totalCount: 0 } })
      for (const answer of [await change(other, id, { name: 'Mine' }), await remove(other, id)])
        expect(answer.errors?.[0]?.extensions.code).toBe('NOT_FOUND')
    }
  })

  test('that is shared is found by people, and by keys only when it is public', async () => {
    await save(member, { name: 'private' })
    await save(member, { name: 'shared', visibility: 'SHARED' })
    await save(member, { name: 'public', visibility: 'PUBLIC' })
    expect(await namesFor(member)).toEqual(['private', 'public', 'shared'])
    expect(await namesFor(viewer)).toEqual(['public', 'shared'])
    const { createApiKey } = await acme
      .as('owner')
      .query<{ createApiKey: { secret: string } }>(
        `mutation { createApiKey(input: { name: "notebook", role: "viewer" }) { secret } }`,
      )
    const headers = { 'x-api-key': createApiKey.secret }
    const { data } = await gateway.send('/graphql', headers, `{ savedQueries { nodes { name } } }`)
    expect(data).toEqual({ savedQueries: { nodes: [{ name: 'public' }] } })
    const { errors } = await gateway.send(
      '/graphql',
      headers,
      `mutation { createSavedQuery(input: { name: "mine", document: "{ viewer { role } }" }) { savedQuery { id } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })

  test('is changed and deleted by its owner only, also when everybody finds it', async () => {
    const { id } = await save(member, { visibility: 'SHARED' })
    for (const answer of [
      await change(viewer, id, { name: 'Mine' }),
      await change(acme.as('owner'), id, { visibility: 'PUBLIC' }),
      await remove(viewer, id),
    ])
      expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    expect((await change(member, id, { name: 'All', visibility: 'PRIVATE' })).data).toEqual({
      updateSavedQuery: { savedQuery: { name: 'All', visibility: 'PRIVATE', variables: { first: 3 } } },
    })
    expect(await namesFor(viewer)).toEqual([])
    expect((await remove(member, id)).data).toEqual({ deleteSavedQuery: { savedQuery: { name: 'All' } } })
    expect((await remove(member, id)).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  })

  test('has a name of its own among those of its owner', async () => {
    await save(member)
    await save(viewer)
    expect(
      await member.refusal(
        `mutation { createSavedQuery(input: { name: "People", document: "{ viewer { role } }" }) { savedQuery { id } } }`,
      ),
    ).toMatchObject({ code: 'CONFLICT_DUPLICATE' })
  })

  test('leaves a trace of who saved it', async () => {
    await save(member)
    const [entry] = await acme.sql<{ event_type: string; user_id: string }>(
      `select event_type, user_id from audit_logs where resource_type = 'saved_query' order by occurred_at desc limit 1`,
    )
    expect(entry).toEqual({ event_type: 'create', user_id: await member.identityId() })
  })

  test.each<[string, object, object]>([
    ['a blank name', { name: ' ' }, { code: 'BAD_USER_INPUT', field: 'name' }],
    ['a name without end', { name: 'x'.repeat(201) }, { code: 'BAD_USER_INPUT', field: 'name' }],
    ['no document', { document: '' }, { code: 'BAD_USER_INPUT', field: 'document' }],
    ['a broken document', { document: '{ users' }, { code: 'BAD_USER_INPUT', field: 'document' }],
    [
      'a document of another API',
      { document: '{ fleet { tenants { total } } }' },
      { code: 'BAD_USER_INPUT', field: 'document' },
    ],
    [
      'a change',
      { document: 'mutation { deleteTeam(id: "x") { team { id } } }' },
      { code: 'BAD_USER_INPUT', field: 'document' },
    ],
    [
      'two queries',
      { document: 'query A { viewer { role } } query B { viewer { role } }' },
      { code: 'BAD_USER_INPUT', field: 'document' },
    ],
    [
      'a document without end',
      { document: `{ viewer { role } } #${'x'.repeat(100_000)}` },
      { code: 'LIMIT_EXCEEDED', limit: 'document', allowed: 100_000, asked: 100_021 },
    ],
    ['a NUL character', { variables: { a: '\0' } }, { code: 'BAD_USER_INPUT', field: 'variables' }],
  ])('is not kept with %s', async (_, input, extensions) => {
    const { errors } = await member.send(
      `mutation($input: CreateSavedQueryInput!) { createSavedQuery(input: $input) { savedQuery { id } } }`,
      { input: { name: 'People', document: DOCUMENT, ...input } },
    )
    expect(errors?.map((error) => error.extensions)).toEqual([extensions])
    expect(await namesFor(member)).toEqual([])
  })
})
