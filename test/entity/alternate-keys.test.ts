import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEntities } from '../../src/entity/entity.js'
import { encodeId } from '../../src/entity/global-id.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let owner: QuickClient
let provider: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  owner = await quick(acme.as('owner'))
  await acme.sql(`insert into tool_catalog (name) values ('Quill'), ('quill')`)
  const [row] = await acme.sql<{ id: string }>(
    `insert into llm_providers (name, provider_type) values ('Inkwell', 'other') returning id`,
  )
  provider = encodeId('Provider', [row!.id])
  await acme.sql(`insert into llm_models (provider_id, model_name) values ($1, 'ink-1')`, [row!.id])
})
afterAll(() => gateway?.close())

describe('one object', () => {
  test('is found by its name as by its id', async () => {
    const { byName } = await owner.query<{ byName: { id: string; name: string } }>(
      `{ byName: tool(name: "Quill") { id name } }`,
    )
    expect(byName.name).toBe('Quill')
    expect(await owner.query(`query($id: ID!) { tool(id: $id) { id name } }`, { id: byName.id })).toEqual({
      tool: byName,
    })
  })

  test('is found by the several parts of a name', async () => {
    const model = await owner.query(
      `query($provider: ID!) { model(providerId: $provider, modelName: "ink-1") { modelName provider { name } }
        provider(name: "Inkwell") { id } }`,
      { provider },
    )
    expect(model).toEqual({
      model: { modelName: 'ink-1', provider: { name: 'Inkwell' } },
      provider: { id: provider },
    })
  })

  test('is found in any letter case where it is unique in any, and only there', async () => {
    const email = acme.as('viewer').email
    const { user, tool } = await owner.query<Record<string, unknown>>(
      `query($email: EmailAddress!) { user(email: $email) { email } tool(name: "QUILL") { id } }`,
      { email: email.toUpperCase() },
    )
    expect(user).toEqual({ email })
    expect(tool).toBeNull()
  })

  test('is nobody’s when it was deleted, even though another has its name now', async () => {
    await acme.sql(
      `insert into users (email, job_title, deleted_at) values ('twice@acme.example', 'first', now())`,
    )
    await acme.sql(`insert into users (email, job_title) values ('TWICE@acme.example', 'second')`)
    expect(await owner.query(`{ user(email: "twice@acme.example") { jobTitle } }`)).toEqual({
      user: { jobTitle: 'second' },
    })
  })

  test('that may not be read is not there for who knows its name', async () => {
    const member = await quick(acme.as('member'))
    const [own, other] = [acme.as('member').email, acme.as('owner').email]
    const data = await member.query(
      `query($own: EmailAddress!, $other: EmailAddress!) { own: user(email: $own) { email } other: user(email: $other) { email } }`,
      { own, other },
    )
    expect(data).toEqual({ own: { email: own }, other: null })
  })

  test.each<[string, string, string]>([
    ['nothing', 'tool { id }', 'name'],
    ['null', 'tool(id: null, name: null) { id }', 'name'],
    ['both its id and its name', `tool(id: "${encodeId('Tool', ['x'])}", name: "Quill") { id }`, 'name'],
    ['half of its name', 'model(modelName: "ink-1") { id }', 'providerId'],
    ['its id and half of its name', 'model(id: "x", modelName: "ink-1") { id }', 'modelName'],
    [
      'the id of another type for a part of its name',
      `model(providerId: "${encodeId('Tool', ['00000000-0000-7000-8000-000000000000'])}", modelName: "a") { id }`,
      'providerId',
    ],
    ['a name that cannot be stored', 'tool(name: "a\\u0000") { id }', 'name'],
  ])('cannot be named by %s', async (_, field, at) => {
    const { errors } = await owner.send(`{ ${field} }`)
    expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field: at }])
  })
})

test('every natural key has a unique index over the rows that are not deleted', async () => {
  const keyed = allEntities().filter(({ alternateKey }) => alternateKey.length > 0)
  expect(keyed.map(({ name }) => name)).toEqual(expect.arrayContaining(['Tool', 'Model', 'Provider', 'User']))
  const tables = keyed.flatMap((entity) => [
    entity,
    ...(entity.shared === undefined
      ? []
      : [{ ...entity, table: entity.shared.table, naturalKey: undefined }]),
  ])
  for (const { name, table, alternateKey, ignoreCase, naturalKey } of tables) {
    // What is unique whatever its letter case is unique letter by letter too.
    const strict = naturalKey?.ignoringCase ?? []
    const columns = alternateKey.map(({ field, column }) =>
      ignoreCase.has(field) || strict.includes(field) ? `lower(${column})` : column,
    )
    const { rows } = await gateway.database.admin.query<{ indexdef: string }>(
      `select indexdef from pg_indexes where tablename = $1 and schemaname in ('public', $2)`,
      [table, schemaOf(acme.id)],
    )
    const fitting = rows.filter(({ indexdef }) =>
      new RegExp(
        `^CREATE UNIQUE .*\\(${columns.join(', ').replace(/[()]/g, '\\$&')}\\)( WHERE \\(deleted_at IS NULL\\))?$`,
      ).test(indexdef),
    )
    expect([name, fitting.length]).toEqual([name, 1])
  }
})
