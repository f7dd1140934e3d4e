import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestGateway, type TestClient } from '../support/gateway.js'

let gateway: TestGateway
let viewer: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  viewer = (await gateway.organization()).as('viewer')
})
afterAll(() => gateway?.close())

test.each([
  ['an unknown field', '{ team(id: "x") { nam } }', /Did you mean "name"/],
  ['an unknown root field', '{ teems { totalCount } }', /Did you mean "teams"/],
  ['an unknown argument', '{ teams(fist: 3) { totalCount } }', /Did you mean "first"/],
  [
    'an unknown enum value',
    '{ teams(orderBy: [{ field: NAMES }]) { totalCount } }',
    /Did you mean the enum value "NAME"/,
  ],
  ['an unknown input field', '{ teams(filter: { nam: { eq: "x" } }) { totalCount } }', /Did you mean "name"/],
])('%s is refused with a suggestion', async (_, document, hint) => {
  const { code, message } = await viewer.refusal(document)
  expect(code).toBe('GRAPHQL_VALIDATION_FAILED')
  expect(message).toMatch(hint)
})

test('10,000 aliases are refused before the database is asked', async () => {
  await viewer.query('{ __typename }')
  const before = gateway.statements.length
  const aliases = Array.from({ length: 10_000 }, (_, n) => `a${n}:id`).join(' ')
  const { extensions } = await viewer.refusal(`{ teams { nodes { ${aliases} } } }`)
  // A document of so many words is too long to be read at all, let alone to be measured.
  expect(extensions['code']).toBe('LIMIT_EXCEEDED')
  expect(gateway.statements).toHaveLength(before)
})

test('a body of 5 MB is refused with the limit', async () => {
  const response = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: await viewer.headers(),
    payload: { query: `{ __typename } #${'x'.repeat(5_000_000)}` },
  })
  const { errors } = JSON.parse(response.body) as { errors: { extensions: Record<string, unknown> }[] }
  expect(response.statusCode).toBe(400)
  expect(errors[0]?.extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' })
})

test.each(['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'text/plain'])(
  'a body of the type %s, which a foreign page may send unasked, is refused',
  async (type) => {
    const response = await gateway.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...(await viewer.headers()), 'content-type': type },
      payload: '{"query":"{ __typename }"}',
    })
    expect(response.statusCode).toBe(415)
  },
)
