import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import type { MembershipRole } from '../../src/tenancy/tenant-people.js'
import { TestGateway, type Answer, type TestOrganization } from '../support/gateway.js'

const PEOPLE = ['owner', 'admin', 'member', 'viewer'] as const
const ROLES = [...PEOPLE, 'api_user'] as const
type Role = (typeof ROLES)[number]

let gateway: TestGateway
let acme: TestOrganization
const headers = new Map<Role, Record<string, string>>()
/** The id of one object of each type; where objects have an owner, it is the organization's owner. */
const ids: Record<string, string> = {}
let apiKey: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  for (const role of PEOPLE) headers.set(role, await acme.as(role).headers())
  const { createApiKey } = await acme
    .as('owner')
    .query<{ createApiKey: { secret: string; apiKey: { id: string } } }>(
      `mutation { createApiKey(input: { name: "Reporter" }) { secret apiKey { id } } }`,
    )
  apiKey = createApiKey.secret
  headers.set('api_user', { 'x-api-key': apiKey })
  await fill()
})
afterAll(() => gateway?.close())

const personId = (role: MembershipRole) => acme.as(role).identityId()

/** Two usage events of everybody, all of one team and one tool, and whatever else a root field can name. */
async function fill(): Promise<void> {
  const one = async (type: string, statement: string, values: readonly unknown[] = []): Promise<string> => {
    const [row] = await acme.sql<{ id: string; occurred_at?: string }>(statement, values)
    ids[type] = encodeId(type, [row!.id, ...(row!.occurred_at === undefined ? [] : [row!.occurred_at])])
    return row!.id
  }
  const owner = await personId('owner')
  ids['User'] = encodeId('User', [owner])
  const team = await one('Team', `insert into teams (name) values ('Everybody') returning id`)
  const tool = await one('Tool', `insert into tool_catalog (name) values ('Everything') returning id`)
  await acme.sql(`insert into team_members (team_id, user_id) select $1, id from users`, [team])
  await acme.sql(
    `insert into usage_events (user_id, team_id, tool_id, input_tokens)
     select u.id, $1, $2, n from users u, generate_series(1, 2) n`,
    [team, tool],
  )
  await one('UsageEvent', `select id, occurred_at from usage_events where user_id = $1 limit 1`, [owner])
  await one('TeamMember', `select id from team_members where user_id = $1`, [owner])
  await one('Membership', `select id from memberships where identity_id = $1`, [owner])
  await one('AuditEntry', `select id, occurred_at from audit_logs limit 1`)
  await one('ApiKey', `select id from api_keys limit 1`)
  await one('Provider', `select id from llm_providers limit 1`)
  await one('Model', `select id from llm_models limit 1`)
  await one(
    'SavedQuery',
    `insert into saved_queries (name, document, owner_id, visibility) values ('All', '{ viewer { role } }', $1, 'public')
     returning id`,
    [owner],
  )
  await one('ModelPrice', `select id from llm_model_pricing limit 1`)
}

const send = <Data = Record<string, unknown>>(role: Role, query: string): Promise<Answer<Data>> =>
  gateway.send<Data>('/graphql', headers.get(role)!, query)

type Cell = 'yes' | 'own' | 'no'
/** owner, admin, member, viewer, api_user; then the permission whose lack is named in a refusal. */
type Row = readonly [Cell, Cell, Cell, Cell, Cell, string?]

/** Who may use which root field: all of what it names, one's own part of it, or nothing. */
const EXPECTED: Readonly<Record<string, Row>> = {
  'Query.viewer': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.node': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.organization': ['yes', 'yes', 'yes', 'yes', 'no', 'organization.read'],
  'Query.user': ['yes', 'yes', 'own', 'yes', 'no', 'user.read'],
  'Query.users': ['yes', 'yes', 'own', 'yes', 'no', 'user.read'],
  'Query.membership': ['yes', 'yes', 'own', 'yes', 'no', 'user.read'],
  'Query.memberships': ['yes', 'yes', 'own', 'yes', 'no', 'user.read'],
  'Query.team': ['yes', 'yes', 'yes', 'yes', 'no', 'team.read'],
  'Query.teams': ['yes', 'yes', 'yes', 'yes', 'no', 'team.read'],
  'Query.teamMember': ['yes', 'yes', 'yes', 'yes', 'no', 'team.read'],
  'Query.teamMembers': ['yes', 'yes', 'yes', 'yes', 'no', 'team.read'],
  'Query.apiKey': ['yes', 'yes', 'no', 'no', 'no', 'api_key.read'],
  'Query.apiKeys': ['yes', 'yes', 'no', 'no', 'no', 'api_key.read'],
  'Query.auditEntry': ['yes', 'yes', 'no', 'no', 'no', 'audit.read'],
  'Query.auditEntries': ['yes', 'yes', 'no', 'no', 'no', 'audit.read'],
  'Query.tool': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.tools': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.toolsAggregate': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.provider': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.providers': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.model': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.models': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.modelPrice': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.modelPrices': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.usageEvent': ['yes', 'yes', 'own', 'yes', 'no', 'usage.read'],
  'Query.usageEvents': ['yes', 'yes', 'own', 'yes', 'no', 'usage.read'],
  'Query.usageEventsAggregate': ['yes', 'yes', 'own', 'yes', 'no', 'usage.read'],
  // Of the owner's queries those are compared that everybody may find.
  'Query.savedQuery': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Query.savedQueries': ['yes', 'yes', 'yes', 'yes', 'yes'],
  'Mutation.createSavedQuery': ['yes', 'yes', 'yes', 'yes', 'no', 'saved_query.create'],
  'Mutation.updateSavedQuery': ['yes', 'yes', 'yes', 'yes', 'no', 'saved_query.update'],
  'Mutation.deleteSavedQuery': ['yes', 'yes', 'yes', 'yes', 'no', 'saved_query.delete'],
  'Mutation.createTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.create'],
  'Mutation.createTeams': ['yes', 'yes', 'no', 'no', 'no', 'team.create'],
  'Mutation.upsertTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.create'],
  'Mutation.updateTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.update'],
  'Mutation.moveTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.update'],
  'Mutation.deleteTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.delete'],
  'Mutation.restoreTeam': ['yes', 'yes', 'no', 'no', 'no', 'team.delete'],
  'Mutation.addTeamMember': ['yes', 'yes', 'no', 'no', 'no', 'team.manage_members'],
  'Mutation.removeTeamMember': ['yes', 'yes', 'no', 'no', 'no', 'team.manage_members'],
  'Mutation.updateUser': ['yes', 'yes', 'no', 'no', 'no', 'user.update'],
  'Mutation.restoreUser': ['yes', 'yes', 'no', 'no', 'no', 'user.delete'],
  'Mutation.createTool': ['yes', 'yes', 'no', 'no', 'no', 'tool.create'],
  'Mutation.createTools': ['yes', 'yes', 'no', 'no', 'no', 'tool.create'],
  'Mutation.upsertTool': ['yes', 'yes', 'no', 'no', 'no', 'tool.create'],
  'Mutation.updateTool': ['yes', 'yes', 'no', 'no', 'no', 'tool.update'],
  'Mutation.deleteTool': ['yes', 'yes', 'no', 'no', 'no', 'tool.delete'],
  'Mutation.restoreTool': ['yes', 'yes', 'no', 'no', 'no', 'tool.delete'],
  'Mutation.createApiKey': ['yes', 'yes', 'no', 'no', 'no', 'api_key.create'],
  'Mutation.revokeApiKey': ['yes', 'yes', 'no', 'no', 'no', 'api_key.update'],
  'Mutation.recordUsage': ['yes', 'yes', 'yes', 'no', 'yes', 'usage.create'],
}

/** Mutations that change nothing: once allowed, they are refused for what they name. */
const MUTATIONS: Readonly<Record<string, string>> = {
  createSavedQuery: 'createSavedQuery(input: { name: "", document: "" }) { savedQuery { id } }',
  updateSavedQuery: 'updateSavedQuery(input: { id: "x" }) { savedQuery { id } }',
  deleteSavedQuery: 'deleteSavedQuery(id: "x") { savedQuery { id } }',
  createTeam: 'createTeam(input: { name: "" }) { team { id } }',
  createTeams: 'createTeams(inputs: []) { results { error { code } } }',
  upsertTeam: 'upsertTeam(input: { name: "" }) { created }',
  updateTeam: 'updateTeam(input: { id: "x" }) { team { id } }',
  moveTeam: 'moveTeam(input: { id: "x" }) { team { id } }',
  deleteTeam: 'deleteTeam(id: "x") { team { id } }',
  restoreTeam: 'restoreTeam(id: "x") { team { id } }',
  addTeamMember: 'addTeamMember(input: { teamId: "x", userId: "x" }) { teamMember { id } }',
  removeTeamMember: 'removeTeamMember(input: { teamId: "x", userId: "x" }) { teamMember { id } }',
  updateUser: 'updateUser(input: { id: "x" }) { user { id } }',
  restoreUser: 'restoreUser(id: "x") { user { id } }',
  createTool: 'createTool(input: { name: "" }) { tool { id } }',
  createTools: 'createTools(inputs: []) { results { error { code } } }',
  upsertTool: 'upsertTool(input: { name: "" }) { created }',
  updateTool: 'updateTool(input: { id: "x" }) { tool { id } }',
  deleteTool: 'deleteTool(id: "x") { tool { id } }',
  restoreTool: 'restoreTool(id: "x") { tool { id } }',
  createApiKey: 'createApiKey(input: { name: "" }) { secret }',
  revokeApiKey: 'revokeApiKey(id: "x") { apiKey { id } }',
  recordUsage: 'recordUsage(events: []) { accepted }',
}

const schema = buildTenantSchema()
const rootFields = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
  Object.keys(type.getFields()).map((field) => `${type.name}.${field}`),
)

/** A use of a root field that names something of the organization's owner. */
function useOf(place: string): string {
  const [type, field] = place.split('.') as [string, string]
  if (type === 'Mutation') return `mutation { found: ${MUTATIONS[field]} }`
  const definition = schema.getQueryType()!.getFields()[field]!
  const of = String(definition.type).replace(/[[\]!]/g, '')
  if (field === 'node') return `{ found: node(id: "${ids['Tool']}") { id } }`
  if (of.endsWith('Connection')) return `{ found: ${field} { totalCount } }`
  if (field.endsWith('Aggregate')) return `{ found: ${field} { count } }`
  if (definition.args.length === 0) return `{ found: ${field} { __typename } }`
  return `{ found: ${field}(id: "${ids[of]}") { id } }`
}

/** What came of a use, compared with what the owner gets. */
function cellOf(place: string, answer: Answer<Record<string, unknown>>, whole: unknown): [Cell, string?] {
  const forbidden = answer.errors?.find(({ extensions }) => extensions.code === 'FORBIDDEN')
  if (forbidden !== undefined) return ['no', String(forbidden.extensions['permission'])]
  if (place.startsWith('Mutation.')) return ['yes']
  if (answer.errors !== undefined) throw new Error(`${place}: ${JSON.stringify(answer.errors)}`)
  return [JSON.stringify(answer.data) === JSON.stringify(whole) ? 'yes' : 'own']
}

test('every role may use the root fields of the table, and there are no others', async () => {
  const found: Record<string, Row> = {}
  for (const place of rootFields) {
    const { data } = await send('owner', useOf(place))
    const cells: Cell[] = []
    const permissions = new Set<string>()
    for (const role of ROLES) {
      const [cell, permission] = cellOf(place, await send(role, useOf(place)), data)
      cells.push(cell)
      if (permission !== undefined) permissions.add(permission)
    }
    found[place] = [...cells, ...permissions] as unknown as Row
  }
  expect(found).toEqual(EXPECTED)
})

test('what the owner is compared with is something', async () => {
  for (const place of rootFields.filter((name) => name.startsWith('Query.'))) {
    const { data } = await send<{ found: unknown }>('owner', useOf(place))
    expect([place, data.found]).not.toEqual([place, null])
    expect([place, data.found]).not.toEqual([place, { totalCount: 0 }])
  }
})

describe('a member', () => {
  test('sees its own usage in lists, counts and sums, whatever it asks for', async () => {
    const { data, errors } = await send(
      'member',
      `{
      usageEvents { totalCount nodes { user { email } } }
      tokens: usageEvents(orderBy: [{ field: INPUT_TOKENS }], last: 1) { nodes { inputTokens } }
      ofOthers: usageEvents(filter: { userId: { eq: "${ids['User']}" } }) { totalCount nodes { id } }
      any: usageEvents(filter: { or: [{ userId: { ne: "x" } }, { not: { and: [] } }, {}] }) { totalCount }
      usageEventsAggregate { count sum { inputTokens } }
      byUser: usageEventsAggregate(groupBy: [{ field: USER_ID }]) { count group { user { email } } } }`,
    )
    const me = { email: acme.as('member').email }
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'BAD_USER_INPUT', field: 'filter.or[0].userId.ne' },
    ])
    expect(data).toEqual({
      usageEvents: { totalCount: 2, nodes: [{ user: me }, { user: me }] },
      tokens: { nodes: [{ inputTokens: 2 }] },
      ofOthers: { totalCount: 0, nodes: [] },
      any: null,
      usageEventsAggregate: [{ count: 2, sum: { inputTokens: 3 } }],
      byUser: [{ count: 2, group: { user: me } }],
    })
    const all = await send(
      'member',
      `{ usageEvents(filter: { or: [{}, { not: { or: [] } }] }) { totalCount } }`,
    )
    expect(all.data).toEqual({ usageEvents: { totalCount: 2 } })
  })

  test('sees its own usage through every relation', async () => {
    const me = encodeId('User', [await personId('member')])
    const { data } = await send(
      'member',
      `{
      team(id: "${ids['Team']}") { members { totalCount nodes { id usageEvents { totalCount } } } usageEvents { totalCount nodes { userId } } }
      tool(id: "${ids['Tool']}") { usageEvents { totalCount nodes { userId } } }
      user(id: "${me}") { usageEvents { totalCount } }
      teamMembers { totalCount nodes { user { id } } } }`,
    )
    const mine = { totalCount: 2, nodes: [{ userId: me }, { userId: me }] }
    expect(data).toMatchObject({
      team: {
        members: { totalCount: 1, nodes: [{ id: me, usageEvents: { totalCount: 2 } }] },
        usageEvents: mine,
      },
      tool: { usageEvents: mine },
      user: { usageEvents: { totalCount: 2 } },
      teamMembers: { totalCount: 4 },
    })
    const { nodes } = (data as { teamMembers: { nodes: { user: unknown }[] } }).teamMembers
    expect(nodes.filter(({ user }) => user !== null)).toEqual([{ user: { id: me } }])
  })

  test('finds nothing of others by id', async () => {
    const { data } = await send(
      'member',
      `{
      a: node(id: "${ids['UsageEvent']}") { id } b: usageEvent(id: "${ids['UsageEvent']}") { id }
      c: node(id: "${ids['User']}") { id } d: user(id: "${ids['User']}") { id }
      e: node(id: "${ids['Membership']}") { id } f: membership(id: "${ids['Membership']}") { id } }`,
    )
    expect(data).toEqual({ a: null, b: null, c: null, d: null, e: null, f: null })
  })

  test('is refused by node what it may see none of', async () => {
    for (const type of ['ApiKey', 'AuditEntry']) {
      const { data, errors } = await send('member', `{ node(id: "${ids[type]}") { id } }`)
      expect(data).toEqual({ node: null })
      expect(errors?.[0]?.extensions).toEqual({
        code: 'FORBIDDEN',
        permission: type === 'ApiKey' ? 'api_key.read' : 'audit.read',
      })
    }
  })
})

describe('an API key', () => {
  test('without the right to read is refused people and usage, also through relations and node', async () => {
    const { data, errors } = await send(
      'api_user',
      `{
      tools(first: 1) { nodes { name } }
      tool(id: "${ids['Tool']}") { usageEvents { totalCount } }
      a: node(id: "${ids['UsageEvent']}") { id }
      b: node(id: "${ids['User']}") { id } }`,
    )
    expect(data).toMatchObject({ tool: { usageEvents: null }, a: null, b: null })
    expect((data as { tools: { nodes: unknown[] } }).tools.nodes).toHaveLength(1)
    expect(
      errors?.map(({ path, extensions }) => [(path as string[]).join('.'), extensions['permission']]).sort(),
    ).toEqual([
      ['a', 'usage.read'],
      ['b', 'user.read'],
      ['tool.usageEvents', 'usage.read'],
    ])
  })

  test('acts with its role, and has no usage of its own to see', async () => {
    const keyOf = async (role: string) => {
      const { createApiKey } = await acme
        .as('owner')
        .query<{ createApiKey: { secret: string } }>(
          `mutation { createApiKey(input: { name: "${role}", role: "${role}" }) { secret } }`,
        )
      return { 'x-api-key': createApiKey.secret }
    }
    const ask = async (role: string) =>
      await gateway.send(
        '/graphql',
        await keyOf(role),
        `{ viewer { role userId } usageEvents { totalCount } }`,
      )
    expect(await ask('viewer')).toMatchObject({
      data: { viewer: { role: 'VIEWER', userId: null }, usageEvents: { totalCount: 8 } },
    })
    expect(await ask('member')).toMatchObject({
      data: { viewer: { role: 'MEMBER', userId: null }, usageEvents: null },
      errors: [{ extensions: { code: 'FORBIDDEN', permission: 'usage.read' } }],
    })
  })
})

describe('an organization without the module usage', () => {
  let core: TestOrganization
  let team: string
  beforeAll(async () => {
    core = await gateway.organization({ modules: [] })
    const [row] = await core.sql<{ id: string }>(`insert into teams (name) values ('Core') returning id`)
    team = encodeId('Team', [row!.id])
  })

  test('has everything else', async () => {
    expect(
      await core.as('member').query(`{ viewer { modules } teams { totalCount } users { totalCount } }`),
    ).toEqual({
      viewer: { modules: ['core'] },
      teams: { totalCount: 1 },
      users: { totalCount: 1 },
    })
  })

  test.each<[string, () => string, string]>([
    ['list', () => '{ found: usageEvents { totalCount } }', 'found'],
    ['aggregate', () => '{ found: usageEventsAggregate { count } }', 'found'],
    ['object', () => `{ found: usageEvent(id: "${ids['UsageEvent']}") { id } }`, 'found'],
    ['node', () => `{ found: node(id: "${ids['UsageEvent']}") { id } }`, 'found'],
    ['mutation', () => `mutation { found: recordUsage(events: []) { accepted } }`, 'found'],
    [
      'relation of a team',
      () => `{ team(id: "${team}") { name found: usageEvents { totalCount } } }`,
      'team.found',
    ],
    [
      'relation of a tool',
      () => `{ tool(id: "${ids['Tool']}") { name found: usageEvents { totalCount } } }`,
      'tool.found',
    ],
    [
      'relation of people',
      () => `{ users(first: 1) { nodes { status found: usageEvents { nodes { id } } } } }`,
      'users.nodes.0.found',
    ],
  ])('is refused every way to it: %s', async (_, query, path) => {
    for (const role of PEOPLE) {
      const { data, errors } = await core.as(role).send(query())
      const refusals = errors?.map((error) => [(error.path as string[]).join('.'), error.extensions])
      expect([role, refusals]).toEqual([role, [[path, { code: 'MODULE_NOT_ENABLED', module: 'usage' }]]])
      expect(data).not.toBeNull()
    }
  })

  test('says so before it says what the actor may not', async () => {
    const { errors } = await core.as('viewer').send('mutation { recordUsage(events: []) { accepted } }')
    expect(errors?.[0]?.extensions.code).toBe('MODULE_NOT_ENABLED')
  })
})
