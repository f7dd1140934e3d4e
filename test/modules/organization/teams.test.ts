import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import { TestGateway, type TestClient, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let admin: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization({ modules: [] })
  admin = acme.as('admin')
})
afterAll(() => gateway?.close())

const CREATE = `mutation($name: String!, $parent: ID) { createTeam(input: { name: $name, parentTeamId: $parent }) { team { id } } }`
const MOVE = `mutation($id: ID!, $under: ID) { moveTeam(input: { id: $id, under: $under }) { team { id parent { id } } } }`
const DELETE = `mutation($id: ID!) { deleteTeam(id: $id) { team { id name } } }`
const JOIN = `mutation($team: ID!, $user: ID!, $role: TeamRole) { addTeamMember(input: { teamId: $team, userId: $user, role: $role }) {
  teamMember { id role joinedAt leftAt team { id } user { id } } } }`
const LEAVE = `mutation($team: ID!, $user: ID!) { removeTeamMember(input: { teamId: $team, userId: $user }) {
  teamMember { id leftAt } } }`
const MEMBERS = `query($id: ID!) { team(id: $id) { members { totalCount nodes { id } } } }`

let made = 0
/** Teams one below the other; the first is at the top. */
async function chain(length: number, parent?: string): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < length; index++) {
    const { createTeam } = await admin.query<{ createTeam: { team: { id: string } } }>(CREATE, {
      name: `Team ${++made}`,
      parent: ids.at(-1) ?? parent ?? null,
    })
    ids.push(createTeam.team.id)
  }
  return ids
}

async function parentOf(id: string): Promise<string | null> {
  const { team } = await admin.query<{ team: { parent: { id: string } | null } }>(
    `query($id: ID!) { team(id: $id) { parent { id } } }`,
    { id },
  )
  return team.parent?.id ?? null
}

const userId = async (role: 'viewer' | 'member' | 'owner') =>
  encodeId('User', [await acme.as(role).identityId()])
const nobody = '00000000-0000-7000-8000-000000000000'
const lastEntry = async () =>
  (
    await acme.sql<Record<string, unknown>>(
      'select * from audit_logs order by occurred_at desc, id desc limit 1',
    )
  )[0]

describe('the tree of teams', () => {
  test('is read from both ends', async () => {
    const [top, middle, bottom] = (await chain(3)) as [string, string, string]
    const { team } = await admin.query<{ team: unknown }>(
      `query($id: ID!) { team(id: $id) { children { nodes { id children { nodes { id parent { parent { id } } } } } } } }`,
      { id: top },
    )
    expect(team).toEqual({
      children: {
        nodes: [{ id: middle, children: { nodes: [{ id: bottom, parent: { parent: { id: top } } }] } }],
      },
    })
  })

  test('lets siblings have different names, and cousins the same', async () => {
    const [left] = (await chain(1)) as [string]
    const [right] = (await chain(1)) as [string]
    await admin.query(CREATE, { name: 'Squad', parent: left })
    await admin.query(CREATE, { name: 'Squad', parent: right })
    expect(await admin.refusal(CREATE, { name: 'sQUAD', parent: left })).toMatchObject({
      code: 'CONFLICT_DUPLICATE',
    })
  })

  test('moves a team with everything below it', async () => {
    const [top, middle, bottom] = (await chain(3)) as [string, string, string]
    const [other] = (await chain(1)) as [string]
    await admin.query(MOVE, { id: middle, under: other })
    expect([await parentOf(middle), await parentOf(bottom)]).toEqual([other, middle])
    expect(await lastEntry()).toMatchObject({ event_type: 'update', changed_fields: ['parentTeamId'] })
    await admin.query(MOVE, { id: middle })
    expect(await parentOf(middle)).toBeNull()
    expect(await parentOf(top)).toBeNull()
  })

  test('has no team below itself or below one of its own descendants', async () => {
    const [top, middle, bottom] = (await chain(3)) as [string, string, string]
    for (const under of [top, middle, bottom]) {
      expect((await admin.refusal(MOVE, { id: top, under })).extensions).toEqual({
        code: 'CONFLICT',
        field: 'under',
      })
    }
    expect(await parentOf(top)).toBeNull()
  })

  test('has no cycle after two moves at once that each were legal', async () => {
    for (let round = 0; round < 5; round++) {
      const [left] = (await chain(1)) as [string]
      const [right] = (await chain(1)) as [string]
      const answers = await Promise.all([
        admin.send(MOVE, { id: left, under: right }),
        admin.send(MOVE, { id: right, under: left }),
      ])
      const codes = answers.map(({ errors }) => errors?.[0]?.extensions.code)
      expect(codes.sort()).toEqual(['CONFLICT', undefined])
      expect([await parentOf(left), await parentOf(right)].filter((parent) => parent === null)).toHaveLength(
        1,
      )
    }
  })

  test.each([
    [
      'a team that does not exist',
      () => ({ id: encodeId('Team', [nobody]) }),
      { code: 'NOT_FOUND', type: 'Team' },
    ],
    ['a person', () => ({ id: encodeId('User', [nobody]) }), { code: 'BAD_USER_INPUT', field: 'id' }],
  ])('does not move %s', async (_, variables, extensions) => {
    expect((await admin.refusal(MOVE, variables())).extensions).toEqual(extensions)
  })

  test('puts no team under one that does not exist, was deleted, or has a child of that name', async () => {
    const [team] = (await chain(1)) as [string]
    const [gone] = (await chain(1)) as [string]
    await admin.query(DELETE, { id: gone })
    for (const under of [gone, encodeId('Team', [nobody])]) {
      expect(await admin.refusal(MOVE, { id: team, under })).toMatchObject({ code: 'NOT_FOUND' })
    }
    expect((await admin.refusal(MOVE, { id: team, under: encodeId('User', [nobody]) })).extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'under',
    })
    const [other] = (await chain(1)) as [string]
    const { createTeam } = await admin.query<{ createTeam: { team: { id: string } } }>(CREATE, {
      name: 'Same',
      parent: team,
    })
    await admin.query(CREATE, { name: 'SAME', parent: other })
    expect(await admin.refusal(MOVE, { id: createTeam.team.id, under: other })).toMatchObject({
      extensions: { code: 'CONFLICT_DUPLICATE', field: 'name' },
    })
  })
})

describe('deleting a team', () => {
  test('is refused while there are teams below it', async () => {
    const [top, middle] = (await chain(2)) as [string, string]
    expect(await admin.refusal(DELETE, { id: top })).toEqual({
      code: 'CONFLICT',
      message: 'The team has a team below it. Move or delete what is below first.',
      extensions: { code: 'CONFLICT', field: 'id' },
    })
    await admin.query(DELETE, { id: middle })
    await admin.query(DELETE, { id: top })
  })

  test('hides it everywhere, keeps its row, and writes down what it was', async () => {
    const [team] = (await chain(1)) as [string]
    const key = Buffer.from(team, 'base64url').toString().split('\n')[1]
    await admin.query(DELETE, { id: team })
    expect(
      await admin.query(`query($id: ID!) { team(id: $id) { id } node(id: $id) { id } }`, { id: team }),
    ).toEqual({
      team: null,
      node: null,
    })
    const listed = await admin.query<{ teams: { nodes: { id: string }[] } }>(
      `{ teams(first: 500) { nodes { id } } }`,
    )
    expect(listed.teams.nodes.map(({ id }) => id)).not.toContain(team)
    expect(
      await acme.sql('select deleted_at is not null as deleted from teams where id = $1', [key]),
    ).toEqual([{ deleted: true }])
    expect(
      await acme.sql('select item_type, deleted_by, item_name from soft_deleted_items where item_id = $1', [
        key,
      ]),
    ).toEqual([{ item_type: 'team', deleted_by: await admin.identityId(), item_name: null }])
    expect(await lastEntry()).toMatchObject({ event_type: 'delete', resource_type: 'team', resource_id: key })
    expect(await admin.refusal(DELETE, { id: team })).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('frees its name', async () => {
    const { createTeam } = await admin.query<{ createTeam: { team: { id: string } } }>(CREATE, {
      name: 'Phoenix',
    })
    await admin.query(DELETE, { id: createTeam.team.id })
    await admin.query(CREATE, { name: 'Phoenix' })
  })

  test('lets its people go', async () => {
    const [team] = (await chain(1)) as [string]
    const user = await userId('viewer')
    await admin.query(JOIN, { team, user })
    await admin.query(
      `mutation($user: ID!, $team: ID!) { updateUser(input: { id: $user, teamId: $team }) { user { team { id } } } }`,
      { user, team },
    )
    await admin.query(DELETE, { id: team })
    const found = await admin.query(`query($user: ID!) { user(id: $user) { teamId teams { totalCount } } }`, {
      user,
    })
    expect(found).toEqual({ user: { teamId: null, teams: { totalCount: 0 } } })
  })

  test('and adding one below it at once never leaves a team below a deleted one', async () => {
    for (let round = 0; round < 5; round++) {
      const [top] = (await chain(1)) as [string]
      const [added, deleted] = await Promise.all([
        admin.send(CREATE, { name: `Below ${round}`, parent: top }),
        admin.send(DELETE, { id: top }),
      ])
      const failed = [added, deleted].filter(({ errors }) => errors !== undefined)
      expect(failed).toHaveLength(1)
    }
    const orphans = await acme.sql(
      `select from teams t join teams above on above.id = t.parent_team_id
       where t.deleted_at is null and above.deleted_at is not null`,
    )
    expect(orphans).toEqual([])
  })
})

describe('a person', () => {
  test('joins a team once, whatever the number of tries, and may become its lead', async () => {
    const [team] = (await chain(1)) as [string]
    const user = await userId('member')
    const first = await admin.query<{ addTeamMember: { teamMember: { id: string } } }>(JOIN, { team, user })
    expect(first).toMatchObject({
      addTeamMember: { teamMember: { role: 'MEMBER', leftAt: null, team: { id: team }, user: { id: user } } },
    })
    const entries = async () => (await acme.sql('select from audit_logs')).length
    const before = await entries()
    expect(await admin.query(JOIN, { team, user })).toEqual(first)
    expect(await entries()).toBe(before)
    const promoted = await admin.query<{ addTeamMember: { teamMember: object } }>(JOIN, {
      team,
      user,
      role: 'LEAD',
    })
    expect(promoted.addTeamMember.teamMember).toEqual({ ...first.addTeamMember.teamMember, role: 'LEAD' })
    expect(await lastEntry()).toMatchObject({ old_values: { role: 'member' }, new_values: { role: 'lead' } })
    expect(await admin.query(MEMBERS, { id: team })).toEqual({
      team: { members: { totalCount: 1, nodes: [{ id: user }] } },
    })
  })

  test('joins once also when two ask for it at once', async () => {
    const [team] = (await chain(1)) as [string]
    const user = await userId('owner')
    const answers = await Promise.all(Array.from({ length: 4 }, () => admin.send(JOIN, { team, user })))
    expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([])
    expect(await admin.query(MEMBERS, { id: team })).toEqual({
      team: { members: { totalCount: 1, nodes: [{ id: user }] } },
    })
  })

  test('leaves a team, stays on record, and may come back', async () => {
    const [team] = (await chain(1)) as [string]
    const user = await userId('member')
    await admin.query(JOIN, { team, user })
    const left = await admin.query<{ removeTeamMember: { teamMember: { leftAt: string } } }>(LEAVE, {
      team,
      user,
    })
    expect(left.removeTeamMember.teamMember.leftAt).toMatch(/^\d{4}-/)
    expect(await admin.query(MEMBERS, { id: team })).toEqual({
      team: { members: { totalCount: 0, nodes: [] } },
    })
    expect(await admin.refusal(LEAVE, { team, user })).toMatchObject({ code: 'NOT_FOUND' })
    await admin.query(JOIN, { team, user })
    const times = await admin.query<{ teamMembers: { nodes: { leftAt: string | null }[] } }>(
      `query($team: ID!) { teamMembers(filter: { teamId: { eq: $team } }, orderBy: [{ field: LEFT_AT }]) { nodes { leftAt } } }`,
      { team },
    )
    expect(times.teamMembers.nodes.map(({ leftAt }) => leftAt)).toEqual([
      left.removeTeamMember.teamMember.leftAt,
      null,
    ])
  })

  test.each([
    ['joins no team that does not exist', JOIN, () => ({ team: encodeId('Team', [nobody]) }), 'NOT_FOUND'],
    ['who does not exist joins no team', JOIN, () => ({ user: encodeId('User', [nobody]) }), 'NOT_FOUND'],
    ['leaves no team without being in it', LEAVE, () => ({}), 'NOT_FOUND'],
    ['cannot join as something unknown', JOIN, () => ({ role: 'BOSS' }), 'BAD_USER_INPUT'],
    ['is named by the id of a person', JOIN, () => ({ user: encodeId('Team', [nobody]) }), 'BAD_USER_INPUT'],
  ])('%s', async (_, mutation, change, code) => {
    const [team] = (await chain(1)) as [string]
    const variables = { team, user: await userId('viewer'), ...change() }
    expect(await admin.refusal(mutation, variables)).toMatchObject({ code })
  })
})
