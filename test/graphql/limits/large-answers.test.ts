import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type Answer, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

const tooManyValues = { code: 'LIMIT_EXCEEDED', limit: 'queryCost', allowed: 5_000_000 }
const tooManySelections = { code: 'LIMIT_EXCEEDED', limit: 'queryFields', allowed: 5_000 }

const send = (query: string, variables = {}): Promise<Answer<Record<string, unknown>>> =>
  acme.as('owner').send(query, variables)

async function expectRefused(query: string, extensions: object, variables = {}): Promise<void> {
  gateway.statements.length = 0
  const { errors } = await send(query, variables)
  expect(errors?.[0]?.extensions).toMatchObject(extensions)
  expect(gateway.statements).toEqual([])
}

const nested = (size: string) =>
  `teams(first: ${size}) { nodes { members(first: ${size}) { nodes { usageEvents(first: ${size}) { nodes { id } } } } } }`

describe('an operation is refused before anything of it runs', () => {
  test('when its lists within lists could hold more values than one process should', async () => {
    await expectRefused(`{ ${nested('500')} }`, tooManyValues)
    await expectRefused(`query($size: Int) { ${nested('$size')} }`, tooManyValues, { size: 500 })
    await expectRefused(
      `{ teams { nodes { children { nodes { children { nodes { children { nodes { id } } } } } } } } }`,
      tooManyValues,
    )
    await expectRefused(
      `{ teams(last: 500) { edges { node { members(last: 500) { edges { node { teams(last: 500) { edges { cursor } } } } } } } } }`,
      tooManyValues,
    )
  })

  test('when the lists are hidden in fragments', async () => {
    const fragment = `fragment Deep on Team { members(first: 500) { ...Members } } fragment Members on UserConnection { nodes { ... { teams(first: 500) { nodes { id } } } } }`
    await expectRefused(`{ teams(first: 500) { nodes { ...Deep } } } ${fragment}`, tooManyValues)
    await expectRefused(
      `query($id: ID!) { node(id: $id) { ... on Team { children(first: 500) { nodes { ...Deep } } } } } ${fragment}`,
      tooManyValues,
      { id: 'x' },
    )
  })

  test('when fragments within fragments select more fields than could ever be looked at', async () => {
    const bomb = Array.from(
      { length: 12 },
      (_, level) => `fragment F${level} on Team { ...F${level + 1} ...F${level + 1} }`,
    )
    await expectRefused(
      `{ teams { nodes { ...F0 } } } ${bomb.join(' ')} fragment F12 on Team { id name }`,
      tooManySelections,
    )
  })

  test('when the answer of a mutation would be too large: nothing is written', async () => {
    await expectRefused(
      `mutation { createTeam(input: { name: "A" }) { team { members(first: 500) { nodes { teams(first: 500) { nodes { members(first: 500) { nodes { id } } } } } } } } }`,
      tooManyValues,
    )
    expect(await acme.sql('select from teams')).toEqual([])
  })
})

describe('an operation runs', () => {
  test('three pages deep, with all its pages as long as they are by default', async () => {
    const { errors } = await send(
      `{ teams { nodes { name members { nodes { email usageEvents { nodes { id occurredAt totalCost { amount currency } tool { name } } } } } } } }`,
    )
    expect(errors).toBeUndefined()
  })

  test('when what would be too much is left out', async () => {
    const skipped = await send(
      `query($all: Boolean!) { teams(first: 500) @include(if: $all) { nodes { members(first: 500) { nodes { teams(first: 500) { nodes { id } } } } } } viewer { role } }`,
      { all: false },
    )
    expect(skipped.data).toEqual({ viewer: { role: 'OWNER' } })
  })

  test('with as many small things as are served together', async () => {
    const many = Array.from({ length: 50 }, (_, index) => `f${index}: viewer { role }`)
    const { data } = await send(`{ ${many.join(' ')} }`)
    expect(Object.keys(data)).toHaveLength(50)
  })
})
