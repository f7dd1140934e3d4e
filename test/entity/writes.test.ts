import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { roleOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 4 })
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())
beforeEach(async () => {
  await acme.sql('update teams set parent_team_id = null')
  await acme.sql('delete from team_members')
  await acme.sql('delete from teams')
  await acme.sql('delete from audit_logs')
})

const nobody = '00000000-0000-7000-8000-000000000000'
const CREATE = `mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id name description settings createdAt updatedAt } } }`
const UPDATE = `mutation($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id name description settings } } }`
const UPDATE_USER = `mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { id username fullName } } }`

interface TeamAnswer {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly settings: object
}

async function createTeam(input: Record<string, unknown>): Promise<TeamAnswer> {
  const { createTeam } = await acme.as('admin').query<{ createTeam: { team: TeamAnswer } }>(CREATE, { input })
  return createTeam.team
}

interface Entry {
  readonly event_type: string
  readonly resource_type: string
  readonly resource_id: string
  readonly user_id: string
  readonly actor_kind: string
  readonly actor_role_level: string
  readonly request_id: string
  readonly old_values: Record<string, unknown> | null
  readonly new_values: Record<string, unknown> | null
  readonly changed_fields: string[]
}
const auditTrail = () =>
  acme.sql<Entry & Record<string, unknown>>('select * from audit_logs order by occurred_at, id')
const teamNames = async (): Promise<string[]> =>
  (await acme.sql<{ name: string }>('select name from teams order by name')).map(({ name }) => name)
const keyOf = (id: string): string => Buffer.from(id, 'base64url').toString().split('\n')[1]!
const viewerId = async (): Promise<string> => encodeId('User', [await acme.as('viewer').identityId()])

describe('a new object', () => {
  test('is stored with its defaults and an entry in the audit trail that says who made what', async () => {
    const answer = await acme.as('admin').send<{ createTeam: { team: TeamAnswer } }>(CREATE, {
      input: { name: 'Research', description: '' },
    })
    const { team } = answer.data.createTeam
    expect(team).toMatchObject({ name: 'Research', description: '', settings: {} })
    expect(await auditTrail()).toMatchObject([
      {
        event_type: 'create',
        event_category: 'data_change',
        result: 'success',
        resource_type: 'team',
        resource_id: keyOf(team.id),
        user_id: await acme.as('admin').identityId(),
        actor_kind: 'user',
        actor_role_level: 'admin',
        request_id: answer.headers['x-request-id'],
        ip_address: '127.0.0.1',
        old_values: null,
        new_values: { name: 'Research', description: '' },
        changed_fields: ['name', 'description'],
      },
    ])
  })

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['an empty name', { name: '' }, { code: 'BAD_USER_INPUT', field: 'name' }],
    ['a name of spaces', { name: '   ' }, { code: 'BAD_USER_INPUT', field: 'name' }],
    [
      'a name that is too long',
      { name: 'x'.repeat(201) },
      { code: 'BAD_USER_INPUT', field: 'name', rule: 'teams_name_check' },
    ],
    ['a NUL character', { name: 'a\0' }, { code: 'BAD_USER_INPUT', field: 'name' }],
    ['half a surrogate pair', { name: '\ud83d' }, { code: 'BAD_USER_INPUT', field: 'name' }],
    [
      'null where a default would do',
      { name: 'A', settings: null },
      { code: 'BAD_USER_INPUT', field: 'settings' },
    ],
    [
      'settings that cannot be stored',
      { name: 'A', settings: { a: ['\0'] } },
      { code: 'BAD_USER_INPUT', field: 'settings' },
    ],
    [
      'a team above that does not exist',
      { name: 'A', parentTeamId: encodeId('Team', [nobody]) },
      { code: 'BAD_USER_INPUT', field: 'parentTeamId' },
    ],
    [
      'a lead that does not exist',
      { name: 'A', leadId: encodeId('User', [nobody]) },
      { code: 'BAD_USER_INPUT', field: 'leadId' },
    ],
    [
      'the id of another type',
      { name: 'A', leadId: encodeId('Team', [nobody]) },
      { code: 'BAD_USER_INPUT', field: 'leadId' },
    ],
    ['a raw key', { name: 'A', leadId: nobody }, { code: 'BAD_USER_INPUT', field: 'leadId' }],
  ])('with %s is refused, naming the field, and leaves nothing behind', async (_, input, extensions) => {
    const { data, errors } = await acme.as('admin').send(CREATE, { input })
    expect(errors?.map((error) => error.extensions)).toEqual([extensions])
    expect(data).toEqual({ createTeam: null })
    expect(await teamNames()).toEqual([])
    expect(await auditTrail()).toEqual([])
  })

  test.each([
    ['without a required field', { description: 'x' }],
    ['with null for it', { name: null }],
    ['with a field it cannot have', { name: 'A', createdAt: '2026-01-01T00:00:00Z' }],
    ['with settings that are no object', { name: 'A', settings: [] }],
  ])('%s is refused before anything runs', async (_, input) => {
    gateway.statements.length = 0
    expect(await acme.as('admin').refusal(CREATE, { input })).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(gateway.statements).toEqual([])
  })

  test('may not take a name that is taken, whatever its letter case', async () => {
    await createTeam({ name: 'Research' })
    expect(await acme.as('admin').refusal(CREATE, { input: { name: 'RESEARCH' } })).toMatchObject({
      extensions: { code: 'CONFLICT_DUPLICATE', field: 'name', rule: 'teams_name_key' },
    })
    expect(await teamNames()).toEqual(['Research'])
    expect(await auditTrail()).toHaveLength(1)
  })

  test('may not name what was deleted', async () => {
    const gone = await createTeam({ name: 'Gone' })
    await acme
      .as('admin')
      .query(`mutation($id: ID!) { deleteTeam(id: $id) { team { id } } }`, { id: gone.id })
    const input = { name: 'Below', parentTeamId: gone.id }
    expect(await acme.as('admin').refusal(CREATE, { input })).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', field: 'parentTeamId' },
    })
  })

  test('is not made when its audit entry cannot be written', async () => {
    const role = roleOf(acme.id)
    await acme.sql(`revoke insert on audit_logs from ${role}`)
    try {
      const refusal = await acme.as('admin').refusal(CREATE, { input: { name: 'Unseen' } })
      expect(refusal.extensions).toEqual({
        code: 'INTERNAL_SERVER_ERROR',
        requestId: expect.any(String) as string,
      })
      expect(refusal.message).not.toContain('audit_logs')
    } finally {
      await acme.sql(`grant insert on audit_logs to ${role}`)
    }
    expect(await teamNames()).toEqual([])
  })
})

describe('a change', () => {
  test('leaves what it does not name as it is, and writes down what it did change', async () => {
    const { id } = await createTeam({
      name: 'Research',
      description: 'Finds out',
      settings: { color: 'red' },
    })
    const { updateTeam } = await acme.as('admin').query<{ updateTeam: { team: TeamAnswer } }>(UPDATE, {
      input: { id, description: null, name: 'Research' },
    })
    expect(updateTeam.team).toEqual({ id, name: 'Research', description: null, settings: { color: 'red' } })
    const [, entry] = await auditTrail()
    expect(entry).toMatchObject({
      event_type: 'update',
      old_values: { description: 'Finds out' },
      new_values: { description: null },
      changed_fields: ['description'],
    })
  })

  test('that changes nothing leaves no entry', async () => {
    const { id } = await createTeam({ name: 'Research' })
    await acme.as('admin').query(UPDATE, { input: { id } })
    await acme.as('admin').query(UPDATE, { input: { id, name: 'Research', settings: {} } })
    expect(await auditTrail()).toHaveLength(1)
  })

  test('moves the time of the last change', async () => {
    const { id } = await createTeam({ name: 'Research' })
    await acme.as('admin').query(UPDATE, { input: { id, name: 'Discovery' } })
    const [row] = await acme.sql<{ later: boolean }>('select updated_at > created_at as later from teams')
    expect(row).toEqual({ later: true })
  })

  test('to null is refused where there has to be a value', async () => {
    const { id } = await createTeam({ name: 'Research' })
    for (const field of ['name', 'settings']) {
      expect(await acme.as('admin').refusal(UPDATE, { input: { id, [field]: null } })).toMatchObject({
        extensions: { code: 'BAD_USER_INPUT', field },
      })
    }
    expect(await auditTrail()).toHaveLength(1)
  })

  test.each([
    ['that does not exist', encodeId('Team', [nobody]), { code: 'NOT_FOUND', type: 'Team' }],
    ['of another type', encodeId('User', [nobody]), { code: 'BAD_USER_INPUT', field: 'id' }],
    ['that is none', 'x', { code: 'BAD_USER_INPUT', field: 'id' }],
  ])('of an id %s is refused', async (_, id, extensions) => {
    expect((await acme.as('admin').refusal(UPDATE, { input: { id, name: 'A' } })).extensions).toEqual(
      extensions,
    )
  })

  test('of something deleted is refused', async () => {
    const { id } = await createTeam({ name: 'Gone' })
    await acme.sql('update teams set deleted_at = now()')
    expect(await acme.as('admin').refusal(UPDATE, { input: { id, name: 'Back' } })).toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('of personal data is written down without the data', async () => {
    const id = await viewerId()
    await acme
      .as('admin')
      .query(UPDATE_USER, { input: { id, fullName: 'Vera Viewer', username: null, jobTitle: 'Analyst' } })
    const [entry] = await auditTrail()
    expect(entry).toMatchObject({
      old_values: { fullName: '***', jobTitle: null },
      new_values: { fullName: '***', jobTitle: 'Analyst' },
    })
    expect(JSON.stringify(entry)).not.toContain('Vera')
    await acme.as('admin').query(UPDATE_USER, { input: { id, fullName: null } })
    expect((await auditTrail()).at(-1)).toMatchObject({
      old_values: { fullName: '***' },
      new_values: { fullName: null },
    })
  })

  test('to a name for mentions that another person has is refused', async () => {
    const [id, other] = [await viewerId(), encodeId('User', [await acme.as('member').identityId()])]
    await acme.as('admin').query(UPDATE_USER, { input: { id, username: 'vera' } })
    expect(
      await acme.as('admin').refusal(UPDATE_USER, { input: { id: other, username: 'Vera' } }),
    ).toMatchObject({
      extensions: { code: 'CONFLICT_DUPLICATE', field: 'username' },
    })
  })
})

describe('several mutations in one request', () => {
  test('run in order, each on its own', async () => {
    const { data, errors } = await acme.as('admin').send(`mutation {
      first: createTeam(input: { name: "A" }) { team { name } }
      second: createTeam(input: { name: "a" }) { team { name } }
      third: createTeam(input: { name: "C" }) { team { name } } }`)
    expect(data).toEqual({ first: { team: { name: 'A' } }, second: null, third: { team: { name: 'C' } } })
    expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
      [['second'], 'CONFLICT_DUPLICATE'],
    ])
    expect(await teamNames()).toEqual(['A', 'C'])
    expect((await auditTrail()).map(({ new_values }) => new_values)).toEqual([{ name: 'A' }, { name: 'C' }])
  })

  test('read below each what was written until then', async () => {
    const parent = await createTeam({ name: 'Top' })
    const below = `parent { name children(orderBy: [{ field: NAME }]) { totalCount nodes { name } } }`
    const data = await acme.as('admin').query(
      `mutation($top: ID!) {
        a: createTeam(input: { name: "A", parentTeamId: $top }) { team { ${below} } }
        rename: updateTeam(input: { id: $top, name: "Renamed" }) { team { name } }
        b: createTeam(input: { name: "B", parentTeamId: $top }) { team { ${below} } } }`,
      { top: parent.id },
    )
    expect(data).toEqual({
      a: { team: { parent: { name: 'Top', children: { totalCount: 1, nodes: [{ name: 'A' }] } } } },
      rename: { team: { name: 'Renamed' } },
      b: {
        team: {
          parent: { name: 'Renamed', children: { totalCount: 2, nodes: [{ name: 'A' }, { name: 'B' }] } },
        },
      },
    })
  })

  test('need one connection at a time, so that many requests at once do not starve each other', async () => {
    const top = await createTeam({ name: 'Top' })
    const request = (name: string) =>
      acme.as('admin').send(
        `mutation($top: ID!) {
          a: createTeam(input: { name: "a ${name}", parentTeamId: $top }) { team { parent { name } } }
          b: createTeam(input: { name: "b ${name}", parentTeamId: $top }) { team { parent { name } } } }`,
        { top: top.id },
      )
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => request(String(index))))
    expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([])
    expect(await teamNames()).toHaveLength(25)
  })
})

describe('a query', () => {
  test('keeps the data of the fields that did not fail', async () => {
    await createTeam({ name: 'Research' })
    await acme.sql(`revoke select on team_members from ${roleOf(acme.id)}`)
    try {
      const { data, errors } = await acme.as('admin').send(`{
        before: teams { nodes { name } }
        broken: teamMembers { nodes { id } }
        nested: teams { nodes { members { nodes { id } } name lead { id } } }
        after: users { totalCount } }`)
      expect(data).toEqual({
        before: { nodes: [{ name: 'Research' }] },
        broken: null,
        nested: { nodes: [{ members: null, name: 'Research', lead: null }] },
        after: { totalCount: 4 },
      })
      expect(errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
        [['broken'], 'INTERNAL_SERVER_ERROR'],
        [['nested', 'nodes', 0, 'members'], 'INTERNAL_SERVER_ERROR'],
      ])
    } finally {
      await acme.sql(`grant select on team_members to ${roleOf(acme.id)}`)
    }
  })

  test('sees one snapshot: what is written while it runs stays unseen', async () => {
    await acme.sql(`insert into teams (name, lead_id) values ('Before', $1)`, [
      await acme.as('viewer').identityId(),
    ])
    await acme.sql(`update users set full_name = 'Before' where id = $1`, [
      await acme.as('viewer').identityId(),
    ])
    const writer = await gateway.database.admin.connect()
    try {
      await writer.query(
        `begin; set local search_path = org_${acme.id}; lock table users in access exclusive mode`,
      )
      const asked = acme.as('admin').send(`{ teams { nodes { name lead { fullName } } } }`)
      await waitingFor('users')
      await writer.query(`update users set full_name = 'After'; update teams set name = 'After'; commit`)
      expect((await asked).data).toEqual({
        teams: { nodes: [{ name: 'Before', lead: { fullName: 'Before' } }] },
      })
    } finally {
      writer.release(true)
    }
    const later = await acme.as('admin').query(`{ teams { nodes { name lead { fullName } } } }`)
    expect(later).toEqual({ teams: { nodes: [{ name: 'After', lead: { fullName: 'After' } }] } })
  })
})

/** Waits until somebody waits for a lock on a table. */
async function waitingFor(table: string): Promise<void> {
  for (;;) {
    const [row] = await acme.sql<{ waiting: boolean }>(
      `select exists (select from pg_locks where not granted and relation = 'org_${acme.id}.${table}'::regclass) as waiting`,
    )
    if (row?.waiting === true) return
  }
}
