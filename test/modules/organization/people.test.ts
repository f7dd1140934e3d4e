import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import { PeopleDocument, ViewerDocument } from '../../documents/documents.generated.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

test('whoever sends a request learns who that is and what the organization has', async () => {
  expect(await acme.as('viewer').query(ViewerDocument)).toEqual({
    viewer: {
      userId: encodeId('User', [await acme.as('viewer').identityId()]),
      role: 'VIEWER',
      modules: ['core', 'usage'],
    },
    organization: {
      id: encodeId('Organization', [acme.organizationId]),
      orgKey: acme.id,
      name: `Organization ${acme.id}`,
      plan: 'ENTERPRISE',
      timezone: 'UTC',
      defaultCurrency: 'USD',
    },
  })
})

test('people are listed with their memberships and teams, those who were deleted are not', async () => {
  const viewer = await acme.as('viewer').identityId()
  await acme.sql(
    `with team as (insert into teams (name) values ('Squad') returning id),
    joined as (insert into team_members (team_id, user_id) select id, $1 from team)
    update users set team_id = team.id from team where users.id = $1`,
    [viewer],
  )
  await acme.sql(`insert into users (email, deleted_at) values ('gone@acme.example', now())`)
  const { users } = await acme.as('viewer').query(PeopleDocument, {})
  expect(users?.totalCount).toBe(4)
  const everybody = (['admin', 'member', 'owner', 'viewer'] as const).map((role) => acme.as(role).email)
  expect(users?.nodes.map(({ email }) => email).sort()).toEqual(everybody)
  expect(users?.nodes.find(({ email }) => email === acme.as('viewer').email)).toEqual({
    id: encodeId('User', [viewer]),
    email: acme.as('viewer').email,
    status: 'ACTIVE',
    membership: { role: 'VIEWER', status: 'ACTIVE' },
    team: { name: 'Squad' },
    teams: { nodes: [{ name: 'Squad' }] },
  })
})

test('changing a person leaves the shared identity as it is', async () => {
  const id = encodeId('User', [await acme.as('member').identityId()])
  const update = `mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { displayName email } } }`
  const identity = () =>
    acme.sql(`select * from public.identities where email = $1`, [acme.as('member').email])
  const before = await identity()
  await acme
    .as('admin')
    .query(update, { input: { id, displayName: 'Mel', department: 'Research', locale: 'de-DE' } })
  expect(await identity()).toEqual(before)
  for (const field of ['email', 'status', 'identityId']) {
    expect((await acme.as('owner').refusal(update, { input: { id, [field]: 'x' } })).code).toBe(
      'BAD_USER_INPUT',
    )
  }
})

test('no person is put into a team that does not exist or was deleted', async () => {
  const id = encodeId('User', [await acme.as('member').identityId()])
  const [gone] = await acme.sql<{ id: string }>(
    `insert into teams (name, deleted_at) values ('Gone', now()) returning id`,
  )
  const update = `mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { id } } }`
  for (const team of [gone!.id, '00000000-0000-7000-8000-000000000000']) {
    const input = { id, teamId: encodeId('Team', [team]) }
    expect((await acme.as('admin').refusal(update, { input })).extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'teamId',
    })
  }
})
