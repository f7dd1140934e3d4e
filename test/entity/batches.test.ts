import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway, type TestClient, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let admin: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization({ modules: [] })
  admin = acme.as('admin')
})
afterAll(() => gateway?.close())
beforeEach(async () => {
  await acme.sql('delete from teams where parent_team_id is not null')
  await acme.sql('delete from teams')
  await acme.sql('delete from audit_logs')
})

const nobody = '00000000-0000-7000-8000-000000000000'
const CREATE_MANY = `mutation($inputs: [CreateTeamInput!]!) { createTeams(inputs: $inputs) {
  results { team { id name description settings parent { name } } error { code message field } } } }`
const UPSERT = `mutation($input: CreateTeamInput!) { upsertTeam(input: $input) {
  created team { id name description settings updatedAt } } }`

interface Result {
  readonly team: { readonly id: string; readonly name: string; readonly settings: object } | null
  readonly error: { readonly code: string; readonly message: string; readonly field: string | null } | null
}
type Input = Readonly<Record<string, unknown>>

async function createTeams(inputs: readonly Input[]): Promise<readonly Result[]> {
  const data = await admin.query<{ createTeams: { results: Result[] } }>(CREATE_MANY, { inputs })
  return data.createTeams.results
}
const told = (results: readonly Result[]) =>
  results.map(({ team, error }) => team?.name ?? [error?.code, error?.field])
const teamNames = async () =>
  (await acme.sql<{ name: string }>('select name from teams order by id')).map(({ name }) => name)
const auditTrail = () =>
  acme.sql<Record<string, unknown>>('select * from audit_logs order by occurred_at, id')

describe('many new objects at once', () => {
  test('are added in the order of the inputs, each with its defaults and its entry in the audit trail', async () => {
    const results = await createTeams([
      { name: 'A' },
      { name: 'B', settings: { color: 'red' } },
      { name: 'C', description: null },
    ])
    expect(results).toMatchObject([
      { team: { name: 'A', settings: {}, description: null }, error: null },
      { team: { name: 'B', settings: { color: 'red' } }, error: null },
      { team: { name: 'C', settings: {} }, error: null },
    ])
    expect(await teamNames()).toEqual(['A', 'B', 'C'])
    expect(await auditTrail()).toMatchObject([
      { event_type: 'create', resource_type: 'team', new_values: { name: 'A' }, changed_fields: ['name'] },
      { new_values: { name: 'B', settings: { color: 'red' } } },
      { new_values: { name: 'C', description: null }, changed_fields: ['name', 'description'] },
    ])
    const ids = (await auditTrail()).map(({ resource_id }) => encodeId('Team', [resource_id]))
    expect(ids).toEqual(results.map(({ team }) => team?.id))
  })

  test('do not stop each other: every bad one says what is wrong with it', async () => {
    const [taken] = await createTeams([{ name: 'Taken' }])
    const gone = encodeId('Team', [nobody])
    const user = encodeId('User', [await acme.as('viewer').identityId()])
    const results = await createTeams([
      { name: 'One' },
      { name: '  ' },
      { name: 'TAKEN' },
      { name: 'x'.repeat(201) },
      { name: 'Two', parentTeamId: taken?.team?.id },
      { name: 'No', parentTeamId: gone },
      { name: 'No', leadId: encodeId('User', [nobody]) },
      { name: 'No', parentTeamId: user },
      { name: 'a\0' },
      { name: 'Three', leadId: user },
    ])
    expect(told(results)).toEqual([
      'One',
      ['BAD_USER_INPUT', 'name'],
      ['CONFLICT_DUPLICATE', 'name'],
      ['BAD_USER_INPUT', 'name'],
      'Two',
      ['BAD_USER_INPUT', 'parentTeamId'],
      ['BAD_USER_INPUT', 'leadId'],
      ['BAD_USER_INPUT', 'parentTeamId'],
      ['BAD_USER_INPUT', 'name'],
      'Three',
    ])
    expect(results[2]?.error?.message).toBe('The value of name is already taken.')
    expect(await teamNames()).toEqual(['Taken', 'One', 'Two', 'Three'])
    expect(await auditTrail()).toHaveLength(4)
  })

  test('that exclude each other: the first one stays', async () => {
    const results = await createTeams([
      { name: 'Same' },
      { name: 'Other' },
      { name: 'SAME' },
      { name: 'same' },
    ])
    expect(told(results)).toEqual([
      'Same',
      'Other',
      ['CONFLICT_DUPLICATE', 'name'],
      ['CONFLICT_DUPLICATE', 'name'],
    ])
    expect(await teamNames()).toEqual(['Same', 'Other'])
  })

  test('may not stand below what was deleted', async () => {
    const [gone] = await createTeams([{ name: 'Gone' }])
    await acme.sql('update teams set deleted_at = now()')
    const results = await createTeams([{ name: 'Below', parentTeamId: gone?.team?.id }, { name: 'Beside' }])
    expect(told(results)).toEqual([['BAD_USER_INPUT', 'parentTeamId'], 'Beside'])
  })

  test('leave nothing behind when all of them are bad', async () => {
    expect(told(await createTeams([{ name: '' }, { name: ' ' }]))).toEqual([
      ['BAD_USER_INPUT', 'name'],
      ['BAD_USER_INPUT', 'name'],
    ])
    expect([await teamNames(), await auditTrail()]).toEqual([[], []])
  })

  test('need a number of statements that does not grow with theirs', async () => {
    const count = async (inputs: readonly Input[]) => {
      gateway.statements.length = 0
      await admin.query(
        `mutation($inputs: [CreateTeamInput!]!) { createTeams(inputs: $inputs) { results { team { id } } } }`,
        {
          inputs,
        },
      )
      return gateway.statements.length
    }
    const several = (prefix: string, length: number) =>
      Array.from({ length }, (_, index) => ({ name: `${prefix} ${index}` }))
    const few = await count(several('few', 2))
    expect(await count(several('many', 200))).toBe(few)
    // Rows, names taken, their audit entries, their events, and the wake-up.
    expect(few).toBeLessThanOrEqual(6)
  })

  test('are at most 1,000, and one at least', async () => {
    const inputs = Array.from({ length: 1_001 }, (_, index) => ({ name: `Team ${index}` }))
    gateway.statements.length = 0
    expect((await admin.refusal(CREATE_MANY, { inputs })).extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'inputs',
      allowed: 1_000,
      asked: 1_001,
    })
    expect((await admin.refusal(CREATE_MANY, { inputs: [] })).extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'inputs',
    })
    expect(gateway.statements).toEqual([])
    const results = await createTeams(
      inputs.slice(1).map((input, index) => (index % 100 ? input : { name: '' })),
    )
    expect(results.filter(({ error }) => error !== null)).toHaveLength(10)
    expect(await teamNames()).toHaveLength(990)
  })

  test('are all refused when the audit trail cannot be written', async () => {
    const role = schemaOf(acme.id)
    await acme.sql(`revoke insert on audit_logs from ${role}`)
    try {
      expect((await admin.refusal(CREATE_MANY, { inputs: [{ name: 'A' }] })).code).toBe(
        'INTERNAL_SERVER_ERROR',
      )
    } finally {
      await acme.sql(`grant insert on audit_logs to ${role}`)
    }
    expect(await teamNames()).toEqual([])
  })
})

interface Upserted {
  readonly created: boolean
  readonly team: { readonly id: string; readonly name: string; readonly description: string | null }
}
const upsert = async (input: Input): Promise<Upserted> =>
  (await admin.query<{ upsertTeam: Upserted }>(UPSERT, { input })).upsertTeam

describe('an upsert', () => {
  test('adds what is not there, and changes what is', async () => {
    const first = await upsert({ name: 'Research', description: 'Finds out', settings: { a: 1 } })
    expect(first).toMatchObject({ created: true, team: { name: 'Research', description: 'Finds out' } })
    const second = await upsert({ name: 'RESEARCH', description: 'Knows' })
    expect(second).toMatchObject({
      created: false,
      team: { id: first.team.id, name: 'RESEARCH', description: 'Knows', settings: { a: 1 } },
    })
    expect(await auditTrail()).toMatchObject([
      { event_type: 'create', new_values: { name: 'Research', description: 'Finds out' } },
      {
        event_type: 'update',
        old_values: { name: 'Research', description: 'Finds out' },
        new_values: { name: 'RESEARCH', description: 'Knows' },
      },
    ])
  })

  test('tells cousins of one name apart', async () => {
    const top = await upsert({ name: 'Top' })
    const below = await upsert({ name: 'Squad', parentTeamId: top.team.id })
    expect(await upsert({ name: 'Squad' })).toMatchObject({ created: true })
    expect(await upsert({ name: 'squad', parentTeamId: top.team.id })).toMatchObject({
      created: false,
      team: { id: below.team.id },
    })
  })

  test('leaves the deleted alone', async () => {
    const gone = await upsert({ name: 'Research' })
    await acme.sql('update teams set deleted_at = now()')
    const fresh = await upsert({ name: 'Research' })
    expect(fresh.created).toBe(true)
    expect(fresh.team.id).not.toBe(gone.team.id)
  })

  test('by many at once adds one object, which the others change', async () => {
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          upsert({ name: `Race ${round}`, description: String(index) }),
        ),
      )
      expect(answers.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(answers.map(({ team }) => team.id)).size).toBe(1)
    }
    expect(await teamNames()).toEqual(['Race 0', 'Race 1', 'Race 2'])
  })

  test.each([
    ['an empty name', { name: ' ' }, 'name'],
    [
      'a team above that does not exist',
      { name: 'A', parentTeamId: encodeId('Team', [nobody]) },
      'parentTeamId',
    ],
  ])('of %s is refused', async (_, input, field) => {
    expect((await admin.refusal(UPSERT, { input })).extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field,
    })
    expect(await teamNames()).toEqual([])
  })

  test('goes by a key that a unique index guards', async () => {
    const [index] = await acme.sql<{ definition: string }>(
      `select pg_get_indexdef('teams_name_key'::regclass) as definition`,
    )
    expect(index?.definition).toMatch(
      /UNIQUE INDEX .*\(parent_team_id, lower\(name\)\) NULLS NOT DISTINCT WHERE \(deleted_at IS NULL\)/,
    )
  })
})
