import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOfDocument } from '../../../src/graphql/execution/persisted-documents.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

const TEAMS = 'query ($first: Int) { teams(first: $first, orderBy: [{ field: NAME }]) { nodes { name } } }'
const OTHER = '{ teams { nodes { description } } }'

let gateway: TestGateway
let acme: TestOrganization
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orgscope-manifest-'))
  const file = join(folder, 'manifest.json')
  await writeFile(file, JSON.stringify({ [hashOfDocument(TEAMS)]: TEAMS }))
  gateway = await TestGateway.start({ config: { persistedDocuments: file, persistedOnly: true } })
  acme = await gateway.organization()
  await acme.sql(
    `insert into teams (name) select 'Team ' || lpad(n::text, 4, '0') from generate_series(1, 620) n`,
  )
})
afterAll(async () => {
  await gateway?.close()
  await rm(folder, { recursive: true, force: true })
})

async function table(body: object, headers?: Record<string, string>) {
  const response = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { accept: 'text/csv', ...(headers ?? (await acme.as('viewer').headers())) },
    payload: body,
  })
  return { status: response.statusCode, text: response.body }
}
const named = (text: string) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: hashOfDocument(text) } },
})
const codeOf = ({ text }: { text: string }) =>
  (JSON.parse(text) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code

describe('where only registered documents are served', () => {
  test.each([
    ['its hash', named(TEAMS)],
    ['its text', { query: TEAMS }],
  ])('a registered one is exported, all pages of it, named by %s', async (_, body) => {
    const all = await table(body)
    expect(all.status).toBe(200)
    const lines = all.text.trim().split(/\r?\n/)
    expect([lines.length, lines[0], lines[1], lines.at(-1)]).toEqual([621, 'name', 'Team 0001', 'Team 0620'])
    expect((await table({ ...body, variables: { first: 2 } })).text.trim().split(/\r?\n/)).toHaveLength(3)
  })

  test('no other one is, whatever it is called', async () => {
    for (const body of [{ query: OTHER }, named(OTHER), { query: OTHER, ...named(TEAMS) }, {}]) {
      const refused = await table(body)
      expect([refused.status, codeOf(refused)]).toEqual([400, 'PERSISTED_QUERY_ONLY'])
    }
  })

  test('who may ask nothing is told that first', async () => {
    const refused = await table({ query: OTHER }, {})
    expect([refused.status, codeOf(refused)]).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('GraphiQL’s question for the schema is answered with the reason why there is none', async () => {
    const { errors } = await acme
      .as('viewer')
      .send('query IntrospectionQuery { __schema { types { name } } }')
    expect(errors?.[0]?.message).toMatch(/Only documents that were registered/)
    expect(errors?.[0]?.extensions['code']).toBe('PERSISTED_QUERY_ONLY')
  })
})
