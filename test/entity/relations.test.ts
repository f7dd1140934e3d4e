import {
  getNamedType,
  isInterfaceType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEntities } from '../../src/entity/entity.js'
import { encodeId } from '../../src/entity/global-id.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, type QuickClient } from './client.js'

const MANY = 50

let gateway: TestGateway
let acme: TestOrganization
let owner: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  owner = await quick(acme.as('owner'))
  await fill()
})
afterAll(() => gateway?.close())

/** More rows than a page of every table, each with everything it can be related to. */
async function fill(): Promise<void> {
  const statements = [
    `insert into teams (name) select 'Team ' || lpad(n::text, 3, '0') from generate_series(0, ${MANY}) n`,
    `insert into public.identities (email) select 'person-' || n || '@acme.example' from generate_series(0, ${MANY}) n`,
    `insert into users (id, email) select id, email from public.identities where email like 'person-%'`,
    `insert into public.memberships (organization_id, identity_id)
       select '${acme.organizationId}', id from public.identities where email like 'person-%'`,
    `update users set team_id = (select t.id from teams t order by md5(t.id::text || users.id::text) limit 1)`,
    `update teams set lead_id = (select u.id from users u order by md5(u.id::text || teams.id::text) limit 1),
       parent_team_id = (select p.id from teams p where p.id > teams.id order by p.id limit 1)`,
    `insert into team_members (team_id, user_id) select t.id, u.id from teams t cross join users u
       where (select count(*) from users b where b.id < u.id) % 7 = (select count(*) from teams b where b.id < t.id) % 7`,
    `insert into tool_catalog (name) select 'Tool ' || n from generate_series(0, ${MANY}) n`,
    `insert into llm_providers (name, provider_type) select 'Provider ' || n, 'other' from generate_series(0, ${MANY}) n`,
    `insert into llm_models (provider_id, model_name) select id, name || ' model' from llm_providers`,
    `insert into llm_model_pricing (provider, model_name, model_id, effective_from)
       select 'any', model_name, id, '-infinity' from llm_models`,
    `insert into llm_price_components (pricing_id, component, amount)
       select id, 'input', 1 from llm_model_pricing on conflict do nothing`,
    `insert into usage_events (user_id, team_id, tool_id, model_id, total_cost, cost_source)
       select u.id, t.id, o.id, m.id, 1, 'priced'
       from (select id, row_number() over () n from users) u
       join (select id, row_number() over () n from teams) t on t.n % 11 = u.n % 11
       join (select id, row_number() over () n from tool_catalog) o on o.n % 13 = u.n % 13
       join (select id, row_number() over () n from llm_models) m on m.n = u.n`,
    `insert into saved_queries (name, document, owner_id, visibility) select email, '', id, 'public' from users`,
    `insert into audit_logs (event_type, user_id) select 'create', id from users`,
  ]
  for (const statement of statements) await acme.sql(statement)
}

/** Labels of the statements an operation runs; equal lists mean equal numbers. */
async function statementsOf(query: string): Promise<string[]> {
  gateway.statements.length = 0
  await owner.query(query)
  return gateway.statements.map((sql) => /\/\* (\S+) \*\//.exec(sql)?.[1] ?? sql).sort()
}

const schema = buildTenantSchema()
const node = schema.getType('Node')
if (!isInterfaceType(node)) throw new Error('there is no interface Node')
const nodeTypes = schema.getPossibleTypes(node)
const nodeNames = nodeTypes.map(({ name }) => name)
const listOf = (type: string): string | undefined => allEntities().find(({ name }) => name === type)?.plural

/** What to select of a relation so that everything behind it is read. */
function selectionOf(field: GraphQLField<unknown, unknown>): string | undefined {
  const type = getNamedType(field.type)
  if (!isObjectType(type) || type.name === 'Money') return undefined
  if (nodeNames.includes(type.name)) return '{ id }'
  if (!type.name.endsWith('Connection')) return `{ ${Object.keys(type.getFields()).join(' ')} }`
  return '(first: 3) { nodes { id } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage } }'
}

function relationsOf(type: GraphQLObjectType): [string, string, string][] {
  return Object.values(type.getFields()).flatMap((field) => {
    const selection = selectionOf(field)
    return selection === undefined ? [] : [[type.name, field.name, selection] as [string, string, string]]
  })
}

describe('however many objects it starts from,', () => {
  test.each(nodeTypes.flatMap(relationsOf))(
    '%s.%s takes the same statements',
    async (type, field, selection) => {
      const list = listOf(type)
      const query = (first: number) => `{ ${list}(first: ${first}) { nodes { id ${field} ${selection} } } }`
      const one = await statementsOf(query(1))
      expect(one.length, 'the relation must be read').toBeGreaterThan(1)
      expect(await statementsOf(query(MANY))).toEqual(one)
      const data = await owner.query<Record<string, { nodes: Record<string, unknown>[] }>>(query(MANY))
      const nodes = data[list as string]!.nodes
      expect(nodes).toHaveLength(MANY)
      expect(nodes.filter((found) => found[field] !== null).length, 'most have one').toBeGreaterThan(MANY / 2)
    },
  )

  test('a query four levels deep takes one statement for each kind of object', async () => {
    const query = (first: number) =>
      `{ teams(first: ${first}, orderBy: [{ field: NAME }]) { nodes { name members(first: ${first}) { nodes { email
        usageEvents(first: ${first}) { nodes { totalCost { amount } tool { name } model { provider { name } } } } } } } } }`
    const labels = [
      'models.select',
      'providers.select',
      'teams.list',
      'tools.select',
      'usageEvents.pages',
      'users.pages',
    ]
    expect(await statementsOf(query(1))).toEqual(labels)
    expect(await statementsOf(query(MANY))).toEqual(labels)
  })

  test('relations of groups take one statement each', async () => {
    const query = (first: number) =>
      `{ usageEventsAggregate(groupBy: [{ field: USER_ID }, { field: TEAM_ID }, { field: TOOL_ID }, { field: MODEL_ID }], first: ${first}) {
        group { user { email } team { name } tool { name } model { modelName } } } }`
    const labels = ['models.select', 'teams.select', 'tools.select', 'usageEvents.aggregate', 'users.select']
    expect(await statementsOf(query(1))).toEqual(labels)
    expect(await statementsOf(query(MANY))).toEqual(labels)
  })

  test('the same relation under two names takes its statements twice, and each its own page', async () => {
    const query = (first: number) =>
      `{ users(first: ${first}) { nodes { latest: usageEvents(first: 1) { nodes { id } } all: usageEvents { totalCount } } } }`
    expect(await statementsOf(query(1))).toEqual(await statementsOf(query(MANY)))
    const data = await owner.query<{
      users: { nodes: { latest: { nodes: unknown[] }; all: { totalCount: number } }[] }
    }>(query(MANY))
    expect(
      data.users.nodes.every(({ latest, all }) => latest.nodes.length === Math.min(1, all.totalCount)),
    ).toBe(true)
  })
})

describe('a relation', () => {
  test('leads to what the rows say', async () => {
    const [event] = await acme.sql<
      Record<'id' | 'occurred_at' | 'user_id' | 'tool_id' | 'team_id' | 'model_id', string>
    >(`select id, occurred_at, user_id, tool_id, team_id, model_id from usage_events limit 1`)
    const { usageEvent } = await owner.query<{ usageEvent: Record<string, unknown> }>(
      `query($id: ID!) { usageEvent(id: $id) { user { id } tool { id } team { id } model { id } userId toolId teamId modelId } }`,
      { id: encodeId('UsageEvent', [event!.id, event!.occurred_at]) },
    )
    const ids = {
      user: encodeId('User', [event!.user_id]),
      tool: encodeId('Tool', [event!.tool_id]),
      team: encodeId('Team', [event!.team_id]),
      model: encodeId('Model', [event!.model_id]),
    }
    expect(usageEvent).toEqual({
      user: { id: ids.user },
      tool: { id: ids.tool },
      team: { id: ids.team },
      model: { id: ids.model },
      userId: ids.user,
      toolId: ids.tool,
      teamId: ids.team,
      modelId: ids.model,
    })
  })

  test('holds for each parent its own rows, in the order asked for', async () => {
    const { teams } = await owner.query<{
      teams: { nodes: { id: string; members: { nodes: { email: string }[]; totalCount: number } }[] }
    }>(
      `{ teams(first: 20) { nodes { id members(first: 2, orderBy: [{ field: EMAIL, direction: DESC }]) { nodes { email } totalCount } } } }`,
    )
    const rows = await acme.sql<{ id: string; emails: string[]; count: number }>(
      `select t.id, (array_agg(u.email order by u.email desc))[1:2] as emails, count(*) as count
       from team_members j join teams t on t.id = j.team_id join users u on u.id = j.user_id group by t.id`,
    )
    const expected = new Map(rows.map(({ id, emails, count }) => [encodeId('Team', [id]), { emails, count }]))
    for (const { id, members } of teams.nodes) {
      const found = { emails: members.nodes.map(({ email }) => email), count: members.totalCount }
      expect(found).toEqual(expected.get(id))
    }
    expect(teams.nodes).toHaveLength(20)
  })

  test('to something deleted is empty', async () => {
    const [team] = await acme.sql<{ id: string; lead_id: string }>(
      `select id, lead_id from teams where lead_id is not null limit 1`,
    )
    await acme.sql(`update users set deleted_at = now() where id = $1`, [team!.lead_id])
    const { found } = await owner.query<{ found: unknown }>(
      `query($id: ID!) { found: team(id: $id) { leadId lead { id } } }`,
      { id: encodeId('Team', [team!.id]) },
    )
    expect(found).toEqual({ leadId: encodeId('User', [team!.lead_id]), lead: null })
  })
})

test('node leads to every kind of object, and to nothing for an id that is nobody’s', async () => {
  for (const name of nodeNames) {
    const list = listOf(name)
    if (list === undefined || !Object.hasOwn(schema.getQueryType()!.getFields(), list)) continue
    const data = await owner.query<Record<string, { nodes: { id: string }[] }>>(
      `{ ${list}(first: 1) { nodes { id } } }`,
    )
    const id = data[list]!.nodes[0]?.id
    if (id === undefined) continue
    const answer = await owner.query(`query($id: ID!) { node(id: $id) { __typename id } }`, { id })
    expect(answer).toEqual({ node: { __typename: name, id } })
  }
  const nobody = encodeId('Team', ['00000000-0000-7000-8000-000000000000'])
  expect(
    await owner.query(`query($id: ID!) { node(id: $id) { id } team(id: $id) { id } }`, { id: nobody }),
  ).toEqual({
    node: null,
    team: null,
  })
})

test.each([
  ['no id', 'x'],
  [
    'the id of a type that is no object of its own',
    encodeId('Money', ['00000000-0000-7000-8000-000000000000']),
  ],
  ['an id without key', Buffer.from('Team').toString('base64url')],
  ['an id with a moment for a key', encodeId('Team', ['2026-01-01T00:00:00Z'])],
  [
    'an id with too many keys',
    encodeId('Team', ['00000000-0000-7000-8000-000000000000', '2026-01-01T00:00:00Z']),
  ],
  ['an id with too few keys', encodeId('UsageEvent', ['00000000-0000-7000-8000-000000000000'])],
  [
    'an id with a moment that does not exist',
    encodeId('UsageEvent', ['00000000-0000-7000-8000-000000000000', '2026-02-30T00:00:00Z']),
  ],
  ['an id with SQL in it', encodeId('Team', [`'; drop table teams; --`])],
])('%s is refused by node', async (_, id) => {
  const { errors } = await owner.send(`query($id: ID!) { node(id: $id) { id } }`, { id })
  expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field: 'id' }])
})
