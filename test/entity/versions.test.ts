import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseTimestamp } from '../../src/database/timestamp.js'
import { requireVersion } from '../../src/entity/expected-version.js'
import { encodeId } from '../../src/entity/global-id.js'
import type { OperationContext } from '../../src/entity/operation-context.js'
import type { AppError } from '../../src/errors.js'
import { users } from '../../src/modules/organization/user.entity.js'
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
  await acme.sql('delete from soft_deleted_items')
  await acme.sql('delete from team_members')
  await acme.sql('update teams set parent_team_id = null')
  await acme.sql('delete from teams')
  await acme.sql('delete from audit_logs')
})

const FIELDS = 'id name description parentTeamId leadId settings createdAt updatedAt'
const CREATE = `mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { ${FIELDS} } } }`
const UPDATE = `mutation($input: UpdateTeamInput!, $expected: DateTime) {
  updateTeam(input: $input, expectedUpdatedAt: $expected) { team { ${FIELDS} } } }`
const MOVE = `mutation($id: ID!, $under: ID, $expected: DateTime) {
  moveTeam(input: { id: $id, under: $under }, expectedUpdatedAt: $expected) { team { ${FIELDS} } } }`
const DELETE = `mutation($id: ID!, $expected: DateTime) {
  deleteTeam(id: $id, expectedUpdatedAt: $expected) { team { ${FIELDS} } } }`
const RESTORE = `mutation($id: ID!) { restoreTeam(id: $id) { team { ${FIELDS} } } }`

interface Team {
  readonly id: string
  readonly name: string
  readonly updatedAt: string
}
/** Microseconds; trailing zeros are cut from the text, so texts do not compare. */
const momentOf = ({ updatedAt }: { readonly updatedAt: string }) => parseTimestamp(updatedAt) as number
const create = async (input: Record<string, unknown>): Promise<Team> =>
  (await admin.query<{ createTeam: { team: Team } }>(CREATE, { input })).createTeam.team
const update = async (input: Record<string, unknown>, expected?: string): Promise<Team> =>
  (await admin.query<{ updateTeam: { team: Team } }>(UPDATE, { input, expected })).updateTeam.team
const remove = (id: string) => admin.query(DELETE, { id })
const auditTrail = () =>
  acme.sql<Record<string, unknown>>('select * from audit_logs order by occurred_at, id')

describe('a change that names the version it means', () => {
  test('is made when that is the present one', async () => {
    const { id, updatedAt } = await create({ name: 'A' })
    const changed = await update({ id, name: 'B' }, updatedAt)
    expect(changed.name).toBe('B')
    const offset = changed.updatedAt.replace('Z', '+00:00')
    expect((await update({ id, name: 'C' }, offset)).name).toBe('C')
  })

  test('is refused when there is a newer one, which the error shows, and nothing is written', async () => {
    const lead = encodeId('User', [await acme.as('viewer').identityId()])
    const above = await create({ name: 'Above' })
    const old = await create({ name: 'A', parentTeamId: above.id, leadId: lead, settings: { a: [1] } })
    const current = await update({ id: old.id, description: 'Newer' })
    await acme.sql('delete from audit_logs')
    for (const [document, variables] of [
      [UPDATE, { input: { id: old.id, name: 'B' } }],
      [UPDATE, { input: { id: old.id } }],
      [MOVE, { id: old.id }],
      [DELETE, { id: old.id }],
    ] as const) {
      const refusal = await admin.refusal(document, { ...variables, expected: old.updatedAt })
      expect(refusal.extensions).toEqual({
        code: 'CONFLICT',
        field: 'expectedUpdatedAt',
        type: 'Team',
        current,
      })
    }
    expect(current).toMatchObject({ leadId: lead, parentTeamId: above.id, settings: { a: [1] } })
    expect(await auditTrail()).toEqual([])
  })

  test('is made by exactly one of those who mean the same', async () => {
    for (let round = 0; round < 3; round++) {
      const { id, updatedAt } = await create({ name: `Round ${round}` })
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          admin.send<{ updateTeam: { team: Team } | null }>(UPDATE, {
            input: { id, description: String(index) },
            expected: updatedAt,
          }),
        ),
      )
      const winners = answers.flatMap(({ data }) => data.updateTeam ?? [])
      expect(winners).toHaveLength(1)
      for (const { errors } of answers.filter(({ data }) => data.updateTeam === null)) {
        expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', current: winners[0]?.team })
      }
    }
  })

  test('finds a new version after every change, even when the clock went back', async () => {
    const { id } = await create({ name: 'A' })
    const [ahead] = await acme.sql<{ updatedAt: string }>(
      `update teams set updated_at = now() + interval '1 hour'
       returning to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "updatedAt"`,
    )
    const versions = [ahead!, await update({ id, name: 'B' }), await update({ id, name: 'C' })].map(momentOf)
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
    expect(versions).toHaveLength(3)
    expect((await admin.refusal(UPDATE, { input: { id }, expected: ahead!.updatedAt })).code).toBe('CONFLICT')
  })

  test.each(['yesterday', '2026-02-30T00:00:00Z', 7])('cannot mean %s', async (expected) => {
    const { id } = await create({ name: 'A' })
    expect((await admin.refusal(UPDATE, { input: { id, name: 'B' }, expected })).code).toBe('BAD_USER_INPUT')
  })

  test('of personal data shows it as a query would', async () => {
    const id = encodeId('User', [await acme.as('viewer').identityId()])
    const fields =
      'id email username fullName displayName avatarUrl jobTitle department teamId timezone locale status lastSeenAt createdAt updatedAt'
    const { user } = await admin.query<{ user: unknown }>(`query($id: ID!) { user(id: $id) { ${fields} } }`, {
      id,
    })
    const refusal = await admin.refusal(
      `mutation($id: ID!) { updateUser(input: { id: $id, jobTitle: "Analyst" }, expectedUpdatedAt: "2000-01-01T00:00:00Z") { user { id } } }`,
      { id },
    )
    expect(refusal.extensions['current']).toEqual(user)
    expect(refusal.extensions['current']).toMatchObject({ status: 'ACTIVE' })
  })

  test('shows nothing to an actor that may change the object but not read it', () => {
    const row = { id: '1', email: 'a@b.example', status: 'active', updatedAt: '2026-01-01T00:00:00Z' }
    const detailsFor = (permission: string, identityId: string) => {
      const context = {
        actor: { kind: 'person', identityId },
        permits: (asked: string) => asked === permission,
      } as unknown as OperationContext
      try {
        requireVersion(context, users as never, row, '2025-01-01T00:00:00Z')
      } catch (error) {
        return Object.keys((error as AppError).details)
      }
      throw new Error('nothing was thrown')
    }
    expect(detailsFor('user.update', '2')).toEqual(['field', 'type'])
    expect(detailsFor('user.update', '1')).toContain('current')
    expect(detailsFor('user.read', '2')).toContain('current')
  })
})

const register = () =>
  acme.sql<Record<string, unknown>>('select * from soft_deleted_items order by created_at, id')

describe('a deleted object', () => {
  test('is brought back as it was, and the register and the audit trail say by whom', async () => {
    const team = await create({ name: 'Research', description: 'Finds out', settings: { a: 1 } })
    await remove(team.id)
    expect(await admin.query(`query($id: ID!) { team(id: $id) { name } }`, { id: team.id })).toEqual({
      team: null,
    })
    const { restoreTeam } = await admin.query<{ restoreTeam: { team: Team } }>(RESTORE, { id: team.id })
    expect(restoreTeam.team).toEqual({ ...team, updatedAt: restoreTeam.team.updatedAt })
    expect(momentOf(restoreTeam.team)).toBeGreaterThan(momentOf(team))
    const person = await admin.identityId()
    expect(await register()).toMatchObject([
      { item_type: 'team', status: 'restored', review_decision: 'restore', reviewed_by: person },
    ])
    expect((await auditTrail()).at(-1)).toMatchObject({
      event_type: 'restore',
      resource_type: 'team',
      user_id: person,
      new_values: { name: 'Research', description: 'Finds out' },
    })
    expect(await admin.query(`{ teams { nodes { name } } }`)).toEqual({
      teams: { nodes: [{ name: 'Research' }] },
    })
  })

  test('comes back without the people who left it', async () => {
    const team = await create({ name: 'Research' })
    const user = encodeId('User', [await acme.as('viewer').identityId()])
    await admin.query(
      `mutation($team: ID!, $user: ID!) { addTeamMember(input: { teamId: $team, userId: $user }) { teamMember { id } } }`,
      { team: team.id, user },
    )
    await remove(team.id)
    await admin.query(RESTORE, { id: team.id })
    expect(
      await admin.query(`query($id: ID!) { team(id: $id) { members { totalCount } } }`, { id: team.id }),
    ).toEqual({ team: { members: { totalCount: 0 } } })
  })

  test('can be deleted and brought back again and again', async () => {
    const { id } = await create({ name: 'A' })
    for (let round = 0; round < 2; round++) {
      await remove(id)
      await admin.query(RESTORE, { id })
    }
    expect((await register()).map(({ status }) => status)).toEqual(['restored', 'restored'])
  })

  test('stays deleted when its name was taken meanwhile', async () => {
    const { id } = await create({ name: 'Research' })
    await remove(id)
    await create({ name: 'RESEARCH' })
    expect((await admin.refusal(RESTORE, { id })).extensions).toEqual({
      code: 'CONFLICT_DUPLICATE',
      field: 'name',
      rule: 'teams_name_key',
    })
    expect((await register()).map(({ status }) => status)).toEqual(['pending_review'])
  })

  test('stays deleted while what it is a part of is', async () => {
    const above = await create({ name: 'Above' })
    const { id } = await create({ name: 'Below', parentTeamId: above.id })
    await remove(id)
    await remove(above.id)
    expect((await admin.refusal(RESTORE, { id })).extensions).toEqual({
      code: 'CONFLICT',
      field: 'parentTeamId',
    })
    await admin.query(RESTORE, { id: above.id })
    await admin.query(RESTORE, { id })
  })

  test('is not what is there, or what never was', async () => {
    const { id } = await create({ name: 'A' })
    expect((await admin.refusal(RESTORE, { id })).extensions).toEqual({ code: 'CONFLICT', field: 'id' })
    const nobody = encodeId('Team', ['00000000-0000-7000-8000-000000000000'])
    expect((await admin.refusal(RESTORE, { id: nobody })).code).toBe('NOT_FOUND')
  })

  test('may be a person, whose name may have been taken as well', async () => {
    const key = await acme.as('viewer').identityId()
    const id = encodeId('User', [key])
    const restore = `mutation($id: ID!) { restoreUser(id: $id) { user { id email status } } }`
    await acme.sql(`update users set username = 'vera', deleted_at = now() where id = $1`, [key])
    await acme.sql(`update users set username = 'VERA' where id = $1`, [await acme.as('member').identityId()])
    expect((await admin.refusal(restore, { id })).extensions).toMatchObject({
      code: 'CONFLICT_DUPLICATE',
      field: 'username',
    })
    await acme.sql(`update users set username = null where id = $1`, [await acme.as('member').identityId()])
    expect(await admin.query(restore, { id })).toEqual({
      restoreUser: { user: { id, email: acme.as('viewer').email, status: 'ACTIVE' } },
    })
  })
})
