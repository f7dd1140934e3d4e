import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import type { MembershipRole } from '../../src/tenancy/tenant-people.js'
import { TestGateway, type Answer, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let other: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  other = await gateway.organization()
})
afterAll(() => gateway?.close())
beforeEach(async () => {
  await acme.sql('delete from idempotency_keys')
  await acme.sql('delete from team_members')
  await acme.sql('update teams set parent_team_id = null')
  await acme.sql('delete from teams')
  await acme.sql('delete from audit_logs')
})

const CREATE = `mutation($name: String!) { createTeam(input: { name: $name }) { team { id name createdAt } } }`
const CREATE_KEYED = `mutation($name: String!, $key: String) {
  createTeam(input: { name: $name }, idempotencyKey: $key) { team { id name } } }`

interface Sent {
  readonly role?: MembershipRole
  readonly organization?: TestOrganization
  readonly key?: string
}

/** Sends an operation with the header `idempotency-key`. */
async function send<Data = Record<string, unknown>>(
  query: string,
  variables: Record<string, unknown> = {},
  { role = 'admin', organization = acme, key }: Sent = {},
): Promise<Answer<Data>> {
  const headers = {
    ...(await organization.as(role).headers()),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  return gateway.send<Data>('/graphql', headers, query, variables)
}

/** What a client reads of an answer. */
const bodyOf = ({ data, errors }: Answer<unknown>) => ({ data, errors })
const codesOf = ({ errors }: Answer<unknown>) => errors?.map(({ extensions }) => extensions.code)
const teamNames = async (organization = acme) =>
  (await organization.sql<{ name: string }>('select name from teams order by id')).map(({ name }) => name)
const auditTrail = () => acme.sql<Record<string, unknown>>('select * from audit_logs')
const kept = () => acme.sql<Record<string, unknown>>('select * from idempotency_keys')

describe('a mutation sent again with its idempotency key', () => {
  test('is answered with the first result, by header and by argument', async () => {
    const byHeader = await send(CREATE, { name: 'A' }, { key: 'k-1' })
    expect(bodyOf(await send(CREATE, { name: 'A' }, { key: 'k-1' }))).toEqual(bodyOf(byHeader))
    const byArgument = await send(CREATE_KEYED, { name: 'B', key: 'k-2' })
    expect(bodyOf(await send(CREATE_KEYED, { name: 'B', key: 'k-2' }))).toEqual(bodyOf(byArgument))
    expect([byHeader.errors, byArgument.errors]).toEqual([undefined, undefined])
    expect(await teamNames()).toEqual(['A', 'B'])
    expect(await auditTrail()).toHaveLength(2)
  })

  test('is answered with the result of then, whatever became of the object', async () => {
    const first = await send(CREATE, { name: 'A' }, { key: 'k' })
    await acme.sql(`update teams set name = 'Renamed'`)
    expect(bodyOf(await send(CREATE, { name: 'A' }, { key: 'k' }))).toEqual(bodyOf(first))
  })

  test('may be written differently, select other fields, and name its values in place', async () => {
    await send(CREATE, { name: 'A' }, { key: 'k' })
    const inline = await send(
      `mutation Again { ... { createTeam(input: { name: "A" }) { team { name } } } }`,
      {},
      { key: 'k' },
    )
    expect(bodyOf(inline)).toEqual({ data: { createTeam: { team: { name: 'A' } } }, errors: undefined })
    expect(await teamNames()).toEqual(['A'])
  })

  test('is answered the same however often it comes, also once it is executed from a cache', async () => {
    const first = bodyOf(await send(CREATE, { name: 'A' }, { key: 'k' }))
    for (let repeat = 0; repeat < 6; repeat++) {
      expect(bodyOf(await send(CREATE, { name: 'A' }, { key: 'k' }))).toEqual(first)
    }
  })

  test('waits for the first one when both arrive at once', async () => {
    const writer = await gateway.database.admin.connect()
    try {
      await writer.query(`begin; lock table ${schemaOf(acme.id)}.teams in share row exclusive mode`)
      const both = [send(CREATE, { name: 'A' }, { key: 'k' }), send(CREATE, { name: 'A' }, { key: 'k' })]
      await eventually(async () => {
        const { rows } = await gateway.database.admin.query<{ locktype: string }>(
          `select locktype from pg_locks where not granted
             and database in (0, (select oid from pg_database where datname = current_database())) order by locktype`,
        )
        return rows.map(({ locktype }) => locktype).join() === 'advisory,relation'
      })
      await writer.query('commit')
      const [first, second] = await Promise.all(both)
      expect(first?.errors).toBeUndefined()
      expect(bodyOf(second!)).toEqual(bodyOf(first!))
    } finally {
      await writer.query('rollback')
      writer.release()
    }
    expect(await teamNames()).toEqual(['A'])
    expect(await auditTrail()).toHaveLength(1)
  })

  test('is carried out once, however many arrive at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(CREATE, { name: 'A' }, { key: 'k' })),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(bodyOf(answer)))).size).toBe(1)
    expect(await teamNames()).toEqual(['A'])
  })

  test('is refused to an actor that lost the right to it', async () => {
    const id = await acme.as('member').identityId()
    const promote = (role: string) =>
      acme.sql(`update public.memberships set role = $2 where identity_id = $1 and organization_id = $3`, [
        id,
        role,
        acme.organizationId,
      ])
    await promote('admin')
    gateway.directory.forget(acme.id)
    expect((await send(CREATE, { name: 'A' }, { role: 'member', key: 'k' })).errors).toBeUndefined()
    await promote('member')
    gateway.directory.forget(acme.id)
    expect(codesOf(await send(CREATE, { name: 'A' }, { role: 'member', key: 'k' }))).toEqual(['FORBIDDEN'])
  })

  test('is carried out again after 24 hours', async () => {
    const first = await send(CREATE, { name: 'A' }, { key: 'k' })
    const [row] = await acme.sql<{ hours: number }>(
      `select extract(epoch from expires_at - created_at)::float / 3600 as hours from idempotency_keys`,
    )
    expect(row).toEqual({ hours: 24 })
    await acme.sql(`update idempotency_keys set expires_at = now() - interval '1 second'`)
    await acme.sql('delete from teams')
    const again = await send(CREATE, { name: 'A' }, { key: 'k' })
    expect(again.errors).toBeUndefined()
    expect(again.data).not.toEqual(first.data)
    expect(await teamNames()).toEqual(['A'])
  })
})

describe('an idempotency key', () => {
  test('means nothing to another actor or in another organization', async () => {
    await send(CREATE, { name: 'A' }, { key: 'k' })
    expect(codesOf(await send(CREATE, { name: 'A' }, { role: 'owner', key: 'k' }))).toEqual([
      'CONFLICT_DUPLICATE',
    ])
    expect((await send(CREATE, { name: 'B' }, { role: 'owner', key: 'k' })).errors).toBeUndefined()
    expect((await send(CREATE, { name: 'A' }, { organization: other, key: 'k' })).errors).toBeUndefined()
    expect(await teamNames()).toEqual(['A', 'B'])
    expect(await teamNames(other)).toEqual(['A'])
  })

  test('of an API key is that key’s own', async () => {
    const { data } = await send<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "Robot", role: "admin" }) { secret } }`,
    )
    const robot = { 'x-api-key': data.createApiKey.secret, 'idempotency-key': 'k' }
    const first = await gateway.send('/graphql', robot, CREATE, { name: 'A' })
    expect(first.errors).toBeUndefined()
    expect(bodyOf(await gateway.send('/graphql', robot, CREATE, { name: 'A' }))).toEqual(bodyOf(first))
    expect(codesOf(await send(CREATE, { name: 'A' }, { key: 'k' }))).toEqual(['CONFLICT_DUPLICATE'])
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['other values', CREATE, { name: 'B' }],
    ['another mutation', `mutation { createTeams(inputs: [{ name: "A" }]) { results { team { id } } } }`, {}],
    ['another name for the field', `mutation { made: createTeam(input: { name: "A" }) { team { id } } }`, {}],
    [
      'one field more',
      `mutation { createTeam(input: { name: "A" }) { team { id } } second: createTeam(input: { name: "B" }) { team { id } } }`,
      {},
    ],
    ['the argument instead of the header', CREATE_KEYED, { name: 'A', key: 'k' }],
  ])('used for %s is refused, and nothing is written', async (_, query, variables) => {
    await send(CREATE, { name: 'A' }, { key: 'k' })
    const answer = await send(query, variables, query === CREATE_KEYED ? {} : { key: 'k' })
    expect(new Set(codesOf(answer))).toEqual(new Set(['IDEMPOTENCY_MISMATCH']))
    expect(answer.status).toBe(200)
    expect(await teamNames()).toEqual(['A'])
  })

  test('that a failed mutation had is as good as new', async () => {
    await acme.sql(`insert into teams (name) values ('A')`)
    expect(codesOf(await send(CREATE, { name: 'A' }, { key: 'k' }))).toEqual(['CONFLICT_DUPLICATE'])
    expect(await kept()).toEqual([])
    await acme.sql('delete from teams')
    expect((await send(CREATE, { name: 'A' }, { key: 'k' })).errors).toBeUndefined()
    expect(await teamNames()).toEqual(['A'])
  })

  test('is kept with the change or not at all', async () => {
    const role = schemaOf(acme.id)
    await acme.sql(`revoke insert on idempotency_keys from ${role}`)
    try {
      expect(codesOf(await send(CREATE, { name: 'A' }, { key: 'k' }))).toEqual(['INTERNAL_SERVER_ERROR'])
    } finally {
      await acme.sql(`grant insert on idempotency_keys to ${role}`)
    }
    expect(await teamNames()).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['a space', 'a b'],
    ['256 characters', 'k'.repeat(256)],
    ['a letter beyond ASCII', 'schlüssel'],
    ['a line break', 'a\nb'],
    ['NUL', 'a\0'],
    ['half a surrogate pair', '\ud83d'],
  ])('of %s is refused before anything runs', async (_, key) => {
    gateway.statements.length = 0
    const answer = await send(CREATE_KEYED, { name: 'A', key })
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'idempotencyKey' })
    expect(gateway.statements).toEqual([])
  })

  test('that does not fit in the header is refused for mutations and ignored for queries', async () => {
    const long = 'k'.repeat(256)
    const answer = await send(CREATE, { name: 'A' }, { key: long })
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'idempotency-key' })
    expect(await send('{ viewer { role } }', {}, { key: long })).toMatchObject({
      data: { viewer: { role: 'ADMIN' } },
    })
    expect((await send(CREATE, { name: 'A' }, { key: 'k'.repeat(255) })).errors).toBeUndefined()
  })

  test('as an argument goes before the header, and null is none', async () => {
    await send(CREATE_KEYED, { name: 'A', key: 'own' }, { key: 'of the header' })
    expect((await kept()).map(({ key }) => key)).toEqual(['own'])
    await send(CREATE_KEYED, { name: 'B', key: null })
    expect(codesOf(await send(CREATE_KEYED, { name: 'B', key: null }))).toEqual(['CONFLICT_DUPLICATE'])
  })

  test('past its time is cleared away by later ones, some at a time', async () => {
    await acme.sql(
      `insert into idempotency_keys (actor_id, key, operation_hash, scope, response, expires_at)
       select gen_random_uuid(), 'old ' || n, 'x', 'x', '{}', now() - interval '1 minute' from generate_series(1, 30) n`,
    )
    await send(CREATE, { name: 'A' }, { key: 'k-1' })
    expect(await kept()).toHaveLength(11)
    await send(CREATE, { name: 'B' }, { key: 'k-2' })
    expect(await kept()).toHaveLength(2)
  })
})

describe('several mutations in one operation under one header', () => {
  const BOTH = `mutation($second: String!) {
    a: createTeam(input: { name: "A" }) { team { id name } }
    b: createTeam(input: { name: $second }) { team { id name } } }`

  test('are each answered with their own first result', async () => {
    const first = await send(BOTH, { second: 'B' }, { key: 'k' })
    expect(first.errors).toBeUndefined()
    expect(bodyOf(await send(BOTH, { second: 'B' }, { key: 'k' }))).toEqual(bodyOf(first))
    expect(await teamNames()).toEqual(['A', 'B'])
  })

  test('are carried out again where they failed, and only there', async () => {
    await acme.sql(`insert into teams (name) values ('B')`)
    const first = await send<{ a: unknown }>(BOTH, { second: 'B' }, { key: 'k' })
    expect(codesOf(first)).toEqual(['CONFLICT_DUPLICATE'])
    await acme.sql(`delete from teams where name = 'B'`)
    const second = await send<{ a: unknown; b: unknown }>(BOTH, { second: 'B' }, { key: 'k' })
    expect(second.errors).toBeUndefined()
    expect(second.data).toMatchObject({ a: first.data.a, b: { team: { name: 'B' } } })
    expect(await teamNames()).toEqual(['A', 'B'])
  })

  test('are refused where their values differ', async () => {
    await send(BOTH, { second: 'B' }, { key: 'k' })
    const answer = await send<{ a: unknown }>(BOTH, { second: 'C' }, { key: 'k' })
    expect(answer.data).toMatchObject({ a: { team: { name: 'A' } }, b: null })
    expect(codesOf(answer)).toEqual(['IDEMPOTENCY_MISMATCH'])
  })

  test('may have keys of their own', async () => {
    const query = `mutation {
      a: createTeam(input: { name: "A" }, idempotencyKey: "1") { team { id } }
      same: createTeam(input: { name: "A" }, idempotencyKey: "1") { team { id } }
      other: createTeam(input: { name: "B" }, idempotencyKey: "1") { team { id } } }`
    const { data, errors } = await send<{ a: unknown; same: unknown }>(query)
    expect(data.same).toEqual(data.a)
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['other'], 'IDEMPOTENCY_MISMATCH'],
    ])
    expect(await teamNames()).toEqual(['A'])
  })
})

describe('the secret of a new API key', () => {
  const CREATE_KEY = `mutation { createApiKey(input: { name: "Robot" }) { secret apiKey { id } } }`

  test('is kept nowhere: a retry is told that the key was made, and which', async () => {
    await acme.sql('delete from public.api_keys where organization_id = $1', [acme.organizationId])
    const first = await send<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
      CREATE_KEY,
      {},
      { key: 'k' },
    )
    const { secret, apiKey } = first.data.createApiKey
    const again = await send(CREATE_KEY, {}, { key: 'k' })
    expect(again.errors?.[0]?.extensions).toEqual({
      code: 'CONFLICT',
      field: 'idempotencyKey',
      id: apiKey.id,
    })
    expect(JSON.stringify(await kept())).not.toContain(secret)
    const keys = await acme.sql('select id from public.api_keys where organization_id = $1', [
      acme.organizationId,
    ])
    expect(keys).toHaveLength(1)
  })
})

describe('every mutation', () => {
  /** Uses in an order in which each one succeeds; `$…` are ids that earlier ones made or that are there. */
  const USES: readonly (readonly [string, string])[] = [
    [
      'createSavedQuery',
      'createSavedQuery(input: { name: "Mine", document: "{ __typename }" }) { savedQuery { id name createdAt } }',
    ],
    [
      'updateSavedQuery',
      'updateSavedQuery(input: { id: "$saved", description: "x" }) { savedQuery { id description updatedAt } }',
    ],
    ['deleteSavedQuery', 'deleteSavedQuery(id: "$saved") { savedQuery { id name } }'],
    [
      'createTeam',
      'createTeam(input: { name: "Top", settings: { z: 1, a: [1.5, null, "x"] } }) { team { id name settings createdAt updatedAt } }',
    ],
    [
      'createTeams',
      'createTeams(inputs: [{ name: "One" }, { name: "ONE" }]) { results { team { id name } error { code message field } } }',
    ],
    [
      'upsertTeam',
      'upsertTeam(input: { name: "top", description: "x" }) { created team { id name description updatedAt } }',
    ],
    [
      'updateTeam',
      'updateTeam(input: { id: "$team", description: "y" }) { team { id description updatedAt } }',
    ],
    [
      'moveTeam',
      'moveTeam(input: { id: "$one", under: "$team" }) { team { id parentTeamId parent { name } } }',
    ],
    [
      'addTeamMember',
      'addTeamMember(input: { teamId: "$one", userId: "$user" }) { teamMember { id role joinedAt leftAt } }',
    ],
    [
      'removeTeamMember',
      'removeTeamMember(input: { teamId: "$one", userId: "$user" }) { teamMember { id role joinedAt leftAt } }',
    ],
    ['deleteTeam', 'deleteTeam(id: "$one") { team { id name updatedAt } }'],
    ['restoreTeam', 'restoreTeam(id: "$one") { team { id name updatedAt } }'],
    [
      'updateUser',
      'updateUser(input: { id: "$user", jobTitle: "Analyst" }) { user { id email jobTitle status updatedAt } }',
    ],
    ['restoreUser', 'restoreUser(id: "$gone") { user { id email updatedAt } }'],
    ['createTool', 'createTool(input: { name: "Prism" }) { tool { id name origin createdAt } }'],
    [
      'createTools',
      'createTools(inputs: [{ name: "Beam" }, { name: "BEAM" }]) { results { tool { id name } error { code message field } } }',
    ],
    [
      'upsertTool',
      'upsertTool(input: { name: "PRISM", vendor: "x" }) { created tool { id vendor updatedAt } }',
    ],
    ['updateTool', 'updateTool(input: { id: "$tool", aliases: ["p"] }) { tool { id aliases updatedAt } }'],
    ['deleteTool', 'deleteTool(id: "$tool") { tool { id name updatedAt } }'],
    ['restoreTool', 'restoreTool(id: "$tool") { tool { id name updatedAt } }'],
    ['revokeApiKey', 'revokeApiKey(id: "$apiKey") { apiKey { id status revokedAt monthlyQuota } }'],
    [
      'recordUsage',
      'recordUsage(events: [{ occurredAt: "2026-01-01T00:00:00.000001Z", actionType: "chat", reportedCost: { amount: "0.1234567890123456789012345678901234567890", currency: "EUR" } }, { occurredAt: "1969-01-01T00:00:00Z" }]) { accepted rejected results { status id field reason } }',
    ],
  ]

  test('answers a retry equally and does nothing again', async () => {
    const { data } = await send<{ createApiKey: { apiKey: { id: string } } }>(
      `mutation { createApiKey(input: { name: "Robot" }) { apiKey { id } } }`,
    )
    const gone = await acme.as('viewer').identityId()
    await acme.sql('update users set deleted_at = now() where id = $1', [gone])
    const ids: Record<string, string> = {
      user: encodeId('User', [await acme.as('member').identityId()]),
      gone: encodeId('User', [gone]),
      apiKey: data.createApiKey.apiKey.id,
    }
    for (const [name, use] of USES) {
      for (const [alias, team] of [
        ['team', 'top'],
        ['one', 'one'],
      ] as const) {
        const [row] = await acme.sql<{ id: string }>('select id from teams where lower(name) = $1', [team])
        if (row !== undefined) ids[alias] = encodeId('Team', [row.id])
      }
      const [saved] = await acme.sql<{ id: string }>('select id from saved_queries')
      if (saved !== undefined) ids['saved'] = encodeId('SavedQuery', [saved.id])
      const [tool] = await acme.sql<{ id: string }>(`select id from in_house_tools where name = 'Prism'`)
      if (tool !== undefined) ids['tool'] = encodeId('Tool', [tool.id])
      const query = `mutation { ${use.replace(/\$(\w+)/g, (_, id: string) => ids[id] ?? id)} }`
      const first = bodyOf(await send(query, {}, { key: `key-of-${name}` }))
      expect({ name, errors: first.errors }).toEqual({ name, errors: undefined })
      const entries = (await auditTrail()).length
      expect({ name, ...bodyOf(await send(query, {}, { key: `key-of-${name}` })) }).toEqual({
        name,
        ...first,
      })
      expect({ name, entries: (await auditTrail()).length }).toEqual({ name, entries })
    }
  })

  test('is in this list, or has a secret', () => {
    const fields = Object.keys(buildTenantSchema().getMutationType()!.getFields())
    expect([...USES.map(([name]) => name), 'createApiKey'].sort()).toEqual(fields.sort())
  })
})

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
