import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import { TestGateway, type TestClient, type TestOrganization } from '../../support/gateway.js'

const EVENTS = 1_203

let gateway: TestGateway
let acme: TestOrganization
let viewer: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = acme.as('viewer')
  await acme.sql(`insert into teams (name) values ('=Legal'), ('Sales, "EMEA"')`)
  await acme.sql(`update users set department = 'Legal' where email like 'member@%'`)
  await acme.sql(
    `insert into usage_events (session_id, occurred_at, tool_name, total_cost, cost_source, user_id, team_id)
     select 'table', timestamptz '2026-01-01' + n * interval '1 minute', case when n % 3 = 0 then '=tool' || n end,
       n::numeric / 3, 'priced', case when n % 2 = 0 then (select id from users where email like 'member@%') end,
       (select id from teams order by (n % 2 = 0) = (name like '=%') limit 1)
     from generate_series(1, ${EVENTS}) n`,
  )
})
afterAll(() => gateway?.close())

interface TableAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}
async function table(
  query: string,
  {
    variables = {},
    accept = 'text/csv',
    client = viewer,
    operationName,
  }: { variables?: object; accept?: string; client?: TestClient | null; operationName?: string } = {},
): Promise<TableAnswer> {
  const response = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', ...(await client?.headers()), accept },
    payload: JSON.stringify({ query, variables, operationName }),
  })
  return { status: response.statusCode, headers: response.headers, text: response.body }
}

const OF_TABLE = 'filter: { sessionId: { eq: "table" } }'
const ROW = `id occurredAt tool: toolName totalCost { amount currency } user { department email } team { name }`

interface Row {
  readonly id: string
  readonly occurredAt: string
  readonly tool: string | null
  readonly totalCost: { readonly amount: string; readonly currency: string }
  readonly user: { readonly department: string; readonly email: string } | null
  readonly team: { readonly name: string }
}
interface ListOfRows {
  readonly usageEvents: {
    readonly nodes: Row[]
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  }
}
/** All rows by the usual pages. */
async function allRows(): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: string | null = null; ;) {
    const { usageEvents }: ListOfRows = await viewer.query<ListOfRows>(
      `query($after: String) { usageEvents(${OF_TABLE}, first: 500, after: $after) { nodes { ${ROW} } pageInfo { endCursor hasNextPage } } }`,
      { after },
    )
    rows.push(...usageEvents.nodes)
    if (!usageEvents.pageInfo.hasNextPage) return rows
    after = usageEvents.pageInfo.endCursor
  }
}

describe('a list asked for as CSV', () => {
  test('holds all rows of all pages, with objects as columns and no formulas', async () => {
    gateway.statements.length = 0
    const { status, headers, text } = await table(
      `{ usageEvents(${OF_TABLE}) { nodes { ${ROW} } totalCount pageInfo { hasNextPage } } }`,
    )
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="usageEvents.csv"',
    })
    expect(gateway.statements.filter((sql) => sql.includes('usageEvents.count'))).toEqual([])
    const safe = (value: string | null | undefined): string => (value ?? '').replace(/^=/, "'=")
    const expected = (await allRows()).map(({ id, occurredAt, tool, totalCost, user, team }) => [
      id,
      occurredAt,
      safe(tool),
      totalCost.amount,
      totalCost.currency,
      user?.department ?? '',
      user?.email ?? '',
      safe(team.name),
    ])
    expect(expected).toHaveLength(EVENTS)
    const [heading, ...rows] = parse(text, { record_delimiter: '\r\n' }) as string[][]
    expect(heading).toEqual([
      'id',
      'occurredAt',
      'tool',
      'totalCost.amount',
      'totalCost.currency',
      'user.department',
      'user.email',
      'team.name',
    ])
    expect(rows).toEqual(expected)
  })

  test('is read by variables and fragments, and by edges, behind a cursor and to a number', async () => {
    const all = await allRows()
    const query = `
      query Other { users { nodes { id } } }
      query Mine($of: UsageEventFilter, $first: Int = 3, $after: String, $mail: Boolean!) {
        usageEvents(filter: $of, first: $first, after: $after) { ...Page }
      }
      fragment Page on UsageEventConnection { edges { cursor node { ...Facts user { email @include(if: $mail) department } } } }
      fragment Facts on UsageEvent { id }
      `
    const ask = async (variables: object): Promise<string[][]> => {
      const answer = await table(query, {
        operationName: 'Mine',
        variables: { of: { sessionId: { eq: 'table' } }, mail: false, ...variables },
      })
      expect([answer.status, answer.text.slice(0, 40)]).toEqual([200, expect.stringContaining('cursor')])
      return parse(answer.text, { record_delimiter: '\r\n' }) as string[][]
    }
    const [heading, ...rows] = await ask({})
    expect(heading).toEqual(['cursor', 'node.id', 'node.user.department'])
    expect(rows.map(([, id]) => id)).toEqual(all.slice(0, 3).map(({ id }) => id))
    const behind = await ask({ first: 700, after: rows[2]![0], mail: true })
    expect(behind[0]).toEqual(['cursor', 'node.id', 'node.user.email', 'node.user.department'])
    expect(behind.slice(1).map(([, id]) => id)).toEqual(all.slice(3, 703).map(({ id }) => id))
    expect(await ask({ first: 0 })).toHaveLength(1)
  })

  test('can be lines of JSON instead', async () => {
    const { headers, text } = await table(`{ usageEvents(${OF_TABLE}, first: 600) { nodes { ${ROW} } } }`, {
      accept: 'application/x-ndjson',
    })
    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual((await allRows()).slice(0, 600))
  })
})

test('an aggregate is a table of its groups', async () => {
  const { status, text } = await table(
    `{ usageEventsAggregate(${OF_TABLE}, groupBy: [{ field: OCCURRED_AT, bucket: DAY }, { field: USER_ID }]) {
      group { occurredAt user { department } } count sum { totalCost { amount currency } } p95 { inputTokens } } }`,
  )
  expect(status).toBe(200)
  const [heading, first] = text.split('\r\n')
  expect(heading).toBe(
    'group.occurredAt,group.user.department,count,sum.totalCost.amount,sum.totalCost.currency,p95.inputTokens',
  )
  expect(first).toMatch(/^2026-01-01T00:00:00Z,Legal,601,[\d.]+,USD,0$/)
})

describe('what is no table is refused in JSON, saying what one needs:', () => {
  const event = encodeId('UsageEvent', ['00000000-0000-7000-8000-000000000000', '2026-01-01T00:00:00Z'])
  test.each([
    ['a change', 'mutation { deleteTeam(id: "x") { team { id } } }'],
    ['two lists', '{ users { nodes { id } } teams { nodes { id } } }'],
    ['one object', `{ usageEvent(id: "${event}") { id } }`],
    ['a list in an object', '{ viewer { modules } }'],
    ['a list in each row', '{ users { nodes { id usageEvents { nodes { id } } } } }'],
    ['rows and edges', '{ users { nodes { id } edges { cursor } } }'],
    ['rows twice', '{ users { nodes { id } others: nodes { email } } }'],
    ['no rows', '{ users { totalCount } }'],
    ['skipped rows', '{ users { nodes @skip(if: true) { id } } }'],
    ['the end of a list', '{ users(last: 3) { nodes { id } } }'],
    ['what stands ahead of a cursor', '{ users(before: "x") { nodes { id } } }'],
    ['a fragment at the root', '{ ...Root } fragment Root on Query { users { nodes { id } } }'],
    ['a directive at the root', '{ users @include(if: true) { nodes { id } } }'],
    ['the schema', '{ __schema { types { name } } }'],
  ])('%s', async (_, query) => {
    const { status, headers, text } = await table(query)
    expect(status).toBe(400)
    expect(headers['content-type']).toMatch(/json/)
    const { errors } = JSON.parse(text) as { errors: { message: string; extensions: object }[] }
    expect(errors[0]).toMatchObject({
      message: expect.stringMatching(/^A table needs /) as unknown,
      extensions: { code: 'BAD_USER_INPUT', field: 'query' },
    })
  })
})

describe('an error is an error, with its status and in JSON:', () => {
  const LIST = '{ users { nodes { id } } }'
  test.each<[string, Parameters<typeof table>, number, string]>([
    ['nobody asks', [LIST, { client: null }], 401, 'UNAUTHENTICATED'],
    ['nobody asks for what is no table', ['{ viewer { role } }', { client: null }], 401, 'UNAUTHENTICATED'],
    ['the document is broken', ['{ users'], 400, 'GRAPHQL_PARSE_FAILED'],
    ['a field is unknown', ['{ users { nodes { nothing } } }'], 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a variable is missing',
      ['query($f: Int!) { users(first: $f) { nodes { id } } }'],
      400,
      'BAD_USER_INPUT',
    ],
    ['no operation has that name', [LIST, { operationName: 'Nothing' }], 400, 'OPERATION_RESOLUTION_FAILURE'],
    ['a cursor is garbage', ['{ users(after: "x") { nodes { id } } }'], 400, 'BAD_USER_INPUT'],
    ['a number is negative', ['{ users(first: -1) { nodes { id } } }'], 400, 'BAD_USER_INPUT'],
    ['a filter is refused', ['{ users(filter: { email: null }) { nodes { id } } }'], 400, 'BAD_USER_INPUT'],
    ['a right is missing', ['{ auditEntries { nodes { id } } }'], 403, 'FORBIDDEN'],
  ])('%s', async (_, request, status, code) => {
    const answer = await table(...request)
    const { errors } = JSON.parse(answer.text) as { errors: { extensions: { code: string } }[] }
    expect([answer.status, errors[0]!.extensions.code]).toEqual([status, code])
    expect(answer.headers['content-type']).toMatch(/json/)
    expect(answer.headers['content-disposition']).toBeUndefined()
  })

  test('there are more groups than an aggregate has, and a part was not asked for', async () => {
    await acme.sql(
      `insert into usage_events (session_id, tool_name) select 'many', 'tool ' || n from generate_series(1, 5001) n`,
    )
    const many = (first: string) =>
      table(
        `{ usageEventsAggregate(filter: { sessionId: { eq: "many" } }, groupBy: [{ field: TOOL_NAME }] ${first}) { group { toolName } count } }`,
      )
    const refused = await many('')
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      400,
      { errors: [{ extensions: { code: 'LIMIT_EXCEEDED', limit: 'groups' } }] },
    ])
    const { status, text } = await many('first: 5000')
    expect([status, text.split('\r\n').length]).toEqual([200, 5_002])
    await acme.sql(`delete from usage_events where session_id = 'many'`)
  })
})

describe('a table that is read slowly', () => {
  const WIDE = 4_000
  beforeAll(async () => {
    const server = gateway.server
    if (server.server.address() === null) await server.listen({ port: 0, host: '127.0.0.1' })
    await acme.sql(
      `insert into usage_events (session_id, occurred_at, metadata)
       select 'wide', timestamptz '2026-01-01' + n * interval '1 second', jsonb_build_object('n', n, 'filling', repeat('x', 8000))
       from generate_series(1, ${WIDE}) n`,
    )
  })

  async function open(): Promise<IncomingMessage> {
    const { port } = gateway.server.server.address() as AddressInfo
    const headers = {
      'content-type': 'application/json',
      accept: 'application/x-ndjson',
      ...(await viewer.headers()),
    }
    const request = httpRequest({ port, method: 'POST', path: '/graphql', headers })
    request.end(
      JSON.stringify({
        query: `{ usageEvents(filter: { sessionId: { eq: "wide" } }, orderBy: [{ field: OCCURRED_AT }]) { nodes { metadata } } }`,
      }),
    )
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }
  const waitFor = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  test('holds what there was when it began, whatever comes and goes meanwhile', async () => {
    const response = await open()
    await once(response, 'readable')
    const pages = gateway.statements.filter((sql) => sql.includes('usageEvents.list')).length
    expect(pages, 'it waits for its reader').toBeGreaterThan(0)
    await acme.sql(`delete from usage_events where session_id = 'wide' and (metadata->>'n')::int = ${WIDE}`)
    await acme.sql(
      `insert into usage_events (session_id, occurred_at, metadata) values ('wide', '2026-02-01', '{"n": 0}')`,
    )
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string
    const seen = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { metadata: { n: number } }).metadata.n)
    expect(seen).toEqual(Array.from({ length: WIDE }, (_, index) => index + 1))
    await waitFor(() => gateway.pool.idleCount === gateway.pool.totalCount)
  })

  test('gives its connection back when the reader goes away', async () => {
    const response = await open()
    await once(response, 'readable')
    expect(gateway.pool.idleCount).toBeLessThan(gateway.pool.totalCount)
    response.destroy()
    await waitFor(() => gateway.pool.idleCount === gateway.pool.totalCount)
    const { status } = await table('{ users { nodes { id } } }')
    expect(status).toBe(200)
  })

  test('is broken off when a later page fails, so that nobody takes a part for the whole', async () => {
    const response = await open()
    await once(response, 'readable')
    let killed = 0
    while (killed === 0) {
      const { rowCount } = await gateway.database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'orgscope_gateway' and state = 'idle in transaction'`,
      )
      killed = rowCount ?? 0
    }
    await expect(
      (async () => {
        for await (const chunk of response) void chunk
      })(),
    ).rejects.toThrow(/aborted/)
  })
})
