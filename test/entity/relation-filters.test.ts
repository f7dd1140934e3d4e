import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let viewer: QuickClient
let member: QuickClient
let memberId: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = await quick(acme.as('viewer'))
  member = await quick(acme.as('member'))
  memberId = await acme.as('member').identityId()
  await fill()
})
afterAll(() => gateway?.close())

type Kind = 'User' | 'Team' | 'UsageEvent'
interface Row {
  readonly kind: Kind
  readonly id: string
  readonly deleted?: boolean
  readonly owner?: string | null
  /** Texts to compare, by field. */
  readonly values: Readonly<Record<string, string | null>>
}

const rows: Row[] = []
/** Rows at the other end of a relation, by the row they start from and the relation's name. */
const links = new Map<string, Map<string, string[]>>()
const link = (from: string, relation: string, to: string | null): void => {
  const of = links.get(from) ?? new Map<string, string[]>()
  links.set(from, of)
  of.set(relation, [...(of.get(relation) ?? []), ...(to === null ? [] : [to])])
}
const pick = <Item>(items: readonly Item[], index: number): Item => items[index % items.length] as Item

/** A small world with everything there is to trip over: nobody, nothing, things deleted, people with many teams. */
async function fill(): Promise<void> {
  const teams = ['Legal', 'Design', 'Empty', 'Gone'].map((name) => ({ id: randomUUID(), name }))
  const people = [null, 'Legal', 'Sales', null, 'Legal', 'Sales'].map((department, index) => ({
    id: index === 0 ? memberId : randomUUID(),
    department,
    deleted: index === 5,
    teamId: index === 3 ? null : pick(teams, index).id,
  }))
  const deletedTeam = teams[3]!.id
  for (const [index, { id, name }] of teams.entries()) {
    const parent = index === 0 ? null : pick(teams, index - 1).id
    await acme.sql(`insert into teams (id, name, parent_team_id, deleted_at) values ($1, $2, $3, $4)`, [
      id,
      name,
      parent,
      id === deletedTeam ? '2026-01-01' : null,
    ])
    rows.push({ kind: 'Team', id, deleted: id === deletedTeam, values: { name } })
    link(id, 'parent', parent)
    if (parent !== null) link(parent, 'children', id)
  }
  for (const { id, department, deleted, teamId } of people) {
    await acme.sql(
      `insert into users (id, email, department, team_id, deleted_at) values ($1::uuid, $1 || '@acme.example', $2, $3, $4)
       on conflict (id) do update set department = excluded.department, team_id = excluded.team_id`,
      [id, department, teamId, deleted ? '2026-01-01' : null],
    )
    rows.push({ kind: 'User', id, deleted, owner: id, values: { department } })
    link(id, 'team', teamId)
  }
  for (const [index, { id }] of people.entries()) {
    for (const team of teams.filter((_, place) => (index + place) % 3 === 0 && place !== 2)) {
      const left = index === 1 ? '2999-01-01' : null
      await acme.sql(`insert into team_members (team_id, user_id, left_at) values ($1, $2, $3)`, [
        team.id,
        id,
        left,
      ])
      if (left !== null) continue
      link(id, 'teams', team.id)
      link(team.id, 'members', id)
    }
  }
  for (const [index, { id: lead }] of people.entries()) {
    const { id } = pick(teams, index)
    if (links.get(id)?.has('lead')) continue
    await acme.sql(`update teams set lead_id = $2 where id = $1`, [id, lead])
    link(id, 'lead', lead)
  }
  for (let index = 0; index < 14; index++) {
    const user = index % 5 === 4 ? null : pick(people, index).id
    const team = index % 4 === 3 ? null : pick(teams, index).id
    const toolName = pick([null, 'Quill', 'Brush'], index)
    const [event] = await acme.sql<{ id: string; occurred_at: string }>(
      `insert into usage_events (user_id, team_id, tool_name) values ($1, $2, $3) returning id, occurred_at`,
      [user, team, toolName],
    )
    const id = `${event!.id}\n${event!.occurred_at}`
    rows.push({ kind: 'UsageEvent', id, owner: user, values: { toolName } })
    link(id, 'user', user)
    link(id, 'team', team)
    if (user !== null) link(user, 'usageEvents', id)
    if (team !== null) link(team, 'usageEvents', id)
  }
  // The owner, the admin and the viewer of the organization are people without anything.
  const known = new Set(rows.map(({ id }) => id))
  for (const { id } of await acme.sql<{ id: string }>(`select id from users`)) {
    if (!known.has(id)) rows.push({ kind: 'User', id, owner: id, values: { department: null } })
  }
}

type Filter = Readonly<Record<string, unknown>>

/** What there is to filter by: texts, relations to one, relations to many. */
const WORLD: Readonly<
  Record<Kind, { texts: readonly string[]; one: Record<string, Kind>; many: Record<string, Kind> }>
> = {
  UsageEvent: { texts: ['toolName'], one: { user: 'User', team: 'Team' }, many: {} },
  User: { texts: ['department'], one: { team: 'Team' }, many: { teams: 'Team', usageEvents: 'UsageEvent' } },
  Team: {
    texts: ['name'],
    one: { parent: 'Team', lead: 'User' },
    many: { children: 'Team', members: 'User', usageEvents: 'UsageEvent' },
  },
}

/** The documentation of relation filters, as a program. Nobody but the member has an eye of its own. */
function matches(row: Row, filter: Filter, eye: string | undefined): boolean {
  return Object.entries(filter).every(([field, value]) => {
    if (field === 'and') return (value as Filter[]).every((branch) => matches(row, branch, eye))
    if (field === 'or') return (value as Filter[]).some((branch) => matches(row, branch, eye))
    if (field === 'not') return !matches(row, value as Filter, eye)
    const found = (links.get(row.id)?.get(field) ?? [])
      .map((id) => rows.find((other) => other.id === id)!)
      .filter((other) => isReadable(other, eye))
    const { one, many } = WORLD[row.kind]
    if (field in one) return found.some((other) => matches(other, value as Filter, eye))
    if (field in many) {
      return Object.entries(value as Record<string, Filter>).every(([quantifier, inner]) => {
        if (quantifier === 'every') return found.every((other) => matches(other, inner, eye))
        const some = found.some((other) => matches(other, inner, eye))
        return quantifier === 'some' ? some : !some
      })
    }
    return Object.entries(value as Record<string, string>).every(([operator, operand]) =>
      operator === 'ne' ? row.values[field] !== operand : row.values[field] === operand,
    )
  })
}

/** A member sees all teams, but of people and events only what is its own. */
function isReadable({ kind, deleted, owner }: Row, eye: string | undefined): boolean {
  return deleted !== true && (eye === undefined || kind === 'Team' || owner === eye)
}

const text = fc.record({
  operator: fc.constantFrom('eq', 'ne'),
  operand: fc.constantFrom('Legal', 'Sales', 'Design', 'Quill', 'Brush'),
})

function anyFilter(kind: Kind, depth: number): fc.Arbitrary<Filter> {
  const { texts, one, many } = WORLD[kind]
  const field = fc
    .tuple(fc.constantFrom(...texts), text)
    .map(([name, { operator, operand }]) => ({ [name]: { [operator]: operand } }) as Filter)
  if (depth === 0) return fc.oneof(field, fc.constant({}))
  const toOne = Object.entries(one).map(([name, target]) =>
    anyFilter(target, depth - 1).map((inner) => ({ [name]: inner }) as Filter),
  )
  const toMany = Object.entries(many).map(([name, target]) =>
    fc
      .tuple(fc.constantFrom('some', 'none', 'every'), anyFilter(target, depth - 1))
      .map(([quantifier, inner]) => ({ [name]: { [quantifier]: inner } }) as Filter),
  )
  const relation = fc.oneof(...toOne, ...toMany)
  return fc.oneof(
    { arbitrary: field, weight: 1 },
    { arbitrary: relation, weight: 4 },
    { arbitrary: relation.map((not) => ({ not })), weight: 1 },
    { arbitrary: fc.tuple(relation, field).map((branches) => ({ or: branches })), weight: 1 },
    { arbitrary: fc.tuple(relation, field).map((branches) => ({ and: branches })), weight: 1 },
  )
}

const LISTS: Readonly<Record<Kind, string>> = { User: 'users', Team: 'teams', UsageEvent: 'usageEvents' }

async function found(client: QuickClient, kind: Kind, filter: Filter): Promise<string[]> {
  const data = await client.query<Record<string, { totalCount: number; nodes: { id: string }[] }>>(
    `query($filter: ${kind}Filter) { ${LISTS[kind]}(filter: $filter, first: 500) { totalCount nodes { id } } }`,
    { filter },
  )
  const { nodes, totalCount } = data[LISTS[kind]]!
  expect(totalCount).toBe(nodes.length)
  return nodes.map(({ id }) => id).sort()
}

function expected(kind: Kind, filter: Filter, eye: string | undefined): string[] {
  return rows
    .filter((row) => row.kind === kind && isReadable(row, eye) && matches(row, filter, eye))
    .map(({ id }) => encodeId(kind, id.split('\n')))
    .sort()
}

const KINDS: readonly Kind[] = ['User', 'Team', 'UsageEvent']

describe.each(KINDS)('%s objects', (kind) => {
  test('are found by what their relations lead to, as far as the documentation goes', async () => {
    const property = fc.asyncProperty(anyFilter(kind, 3), async (filter) => {
      expect(await found(viewer, kind, filter)).toEqual(expected(kind, filter, undefined))
    })
    await fc.assert(property, { numRuns: RUNS * 2 })
  })

  test('are found by a member by what the member may read, and by nothing else', async () => {
    const property = fc.asyncProperty(anyFilter(kind, 3), async (filter) => {
      expect(await found(member, kind, filter)).toEqual(expected(kind, filter, memberId))
    })
    await fc.assert(property, { numRuns: RUNS * 2 })
  })
})

describe('a condition behind a relation', () => {
  test('holds of what is there: an empty one says that something is', async () => {
    expect(await found(viewer, 'UsageEvent', { user: {} })).toEqual(
      expected('UsageEvent', { user: {} }, undefined),
    )
    const nobody = await found(viewer, 'UsageEvent', { not: { user: {} } })
    expect(nobody.length).toBeGreaterThan(0)
    expect(await found(viewer, 'UsageEvent', { userId: { isNull: true } })).toEqual(
      expect.arrayContaining([nobody[0]]),
    )
  })

  test('does not tell a member who works where, letter by letter', async () => {
    const guess = (email: string) => ({ members: { some: { email: { startsWith: email } } } })
    const others = rows.filter(({ kind, id }) => kind === 'User' && id !== memberId).map(({ id }) => id)
    for (const id of others) expect(await found(member, 'Team', guess(id.slice(0, 1)))).toEqual([])
    const seen = rows.filter(
      (row) => row.kind === 'Team' && matches(row, { members: { some: {} } }, undefined),
    )
    expect(seen.length, 'there are teams with members').toBeGreaterThan(1)
    expect(
      await found(member, 'Team', { members: { some: { id: { eq: encodeId('User', [memberId]) } } } }),
    ).not.toEqual([])
  })

  test('works in aggregates and in lists below other objects', async () => {
    const filter = { user: { department: { eq: 'Legal' } } }
    const { usageEventsAggregate } = await viewer.query<{ usageEventsAggregate: { count: number }[] }>(
      `query($filter: UsageEventFilter) { usageEventsAggregate(filter: $filter) { count } }`,
      { filter },
    )
    expect(usageEventsAggregate).toEqual([{ count: expected('UsageEvent', filter, undefined).length }])
    const { teams } = await viewer.query<{
      teams: { nodes: { usageEvents: { nodes: { id: string }[] } }[] }
    }>(
      `query($filter: UsageEventFilter) { teams { nodes { usageEvents(filter: $filter) { nodes { id } } } } }`,
      { filter },
    )
    const below = teams.nodes.flatMap(({ usageEvents }) => usageEvents.nodes.map(({ id }) => id)).sort()
    expect(below).toEqual(expected('UsageEvent', { and: [filter, { team: {} }] }, undefined))
  })

  test('is refused to who may not read what it is about, and where its module is missing', async () => {
    const plain = await gateway.organization({ modules: [] })
    const { errors } = await plain
      .as('owner')
      .send(`query($filter: UserFilter) { users(filter: $filter) { totalCount } }`, {
        filter: { usageEvents: { some: {} } },
      })
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'MODULE_NOT_ENABLED', module: 'usage' },
    ])
    const { createApiKey } = await acme
      .as('owner')
      .query<{ createApiKey: { secret: string } }>(
        `mutation { createApiKey(input: { name: "meter" }) { secret } }`,
      )
    const { errors: refused } = await gateway.send(
      '/graphql',
      { 'x-api-key': createApiKey.secret },
      `{ tools(filter: { usageEvents: { some: {} } }) { totalCount } }`,
    )
    expect(refused?.map(({ extensions }) => extensions)).toEqual([
      { code: 'FORBIDDEN', permission: 'usage.read' },
    ])
  })

  test.each<[string, Filter, string]>([
    ['null', { user: null }, 'filter.user'],
    ['null for the operators', { user: { department: null } }, 'filter.user.department'],
    ['null for the conditions of a list', { team: { members: { some: null } } }, 'filter.team.members.some'],
    [
      'the id of another type',
      { not: { team: { lead: { id: { eq: encodeId('Team', [randomUUID()]) } } } } },
      'filter.not.team.lead.id.eq',
    ],
  ])('%s is refused, naming the place', async (_, filter, field) => {
    const { errors } = await viewer.send(
      `query($filter: UsageEventFilter) { usageEvents(filter: $filter) { totalCount } }`,
      { filter },
    )
    expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field }])
  })

  test('behind five relations, and more than twenty of them, are refused before any statement', async () => {
    const chain = (length: number): Filter => (length === 0 ? {} : { parent: chain(length - 1) })
    const refusal = async (filter: Filter): Promise<unknown> => {
      gateway.statements.length = 0
      const { errors } = await viewer.send(
        `query($filter: TeamFilter) { teams(filter: $filter) { totalCount } }`,
        { filter },
      )
      if (errors !== undefined) expect(gateway.statements).toEqual([])
      return errors?.[0]?.extensions
    }
    const many = (count: number): Filter => ({ or: Array.from({ length: count }, () => ({ lead: {} })) })
    expect(await refusal(chain(4))).toBeUndefined()
    expect(await refusal(chain(5))).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'filter.parent.parent.parent.parent.parent',
      allowed: 4,
      asked: 5,
    })
    expect(await refusal(many(20))).toBeUndefined()
    expect(await refusal(many(21))).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'filter',
      allowed: 20,
      asked: 21,
    })
  })

  test('takes no further statement, and uses the index of the relation', async () => {
    gateway.statements.length = 0
    await found(viewer, 'User', { usageEvents: { some: { toolName: { eq: 'Quill' } } } })
    expect(gateway.statements.map((sql) => /\/\* (\S+) \*\//.exec(sql)?.[1]).sort()).toEqual([
      'users.count',
      'users.list',
    ])
    const client = await gateway.database.admin.connect()
    try {
      await client.query(
        `set search_path = org_${acme.id}, public; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off`,
      )
      const { rows: plan } = await client.query<{ 'QUERY PLAN': string }>(
        `explain select from users e where exists (select from usage_events e1 where e1.user_id = e.id and e1.tool_name = 'Quill')`,
      )
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/usage_events\w*user_id/)
    } finally {
      await client.query('reset all')
      client.release()
    }
  })
})
