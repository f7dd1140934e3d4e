import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  await fill()
})
afterAll(() => gateway?.close())

/** Rows whose relations lead to something, to nothing, to something deleted, and to the same as others. */
async function fill(): Promise<void> {
  const statements = [
    `insert into teams (name) select 'Team ' || n from generate_series(1, 6) n`,
    `insert into public.identities (email) select 'person-' || n || '@ahead.example' from generate_series(1, 9) n`,
    `insert into users (id, email, full_name) select id, email, email from public.identities where email like '%@ahead.example'`,
    `update users set team_id = (select t.id from teams t order by md5(t.id::text || users.id::text) limit 1)
       where email not like 'person-3%'`,
    `update teams set lead_id = (select u.id from users u order by md5(u.id::text || teams.id::text) limit 1)
       where name <> 'Team 4'`,
    `update teams set parent_team_id = (select p.id from teams p where p.id < teams.id order by p.id limit 1)`,
    `insert into tool_catalog (name) select 'Ahead ' || n from generate_series(1, 3) n`,
    `insert into llm_providers (name, provider_type) values ('Ahead', 'other')`,
    `insert into llm_models (provider_id, model_name) select id, name || ' model' from llm_providers where name = 'Ahead'`,
    `insert into usage_events (user_id, team_id, tool_id, model_id, total_cost, cost_source, occurred_at)
       select case when u.n % 5 > 0 then u.id end, u.team_id, t.id, m.id, u.n, 'priced', now() - u.n * interval '1 hour'
       from (select id, team_id, row_number() over (order by id) n from users) u
       left join (select id, row_number() over (order by id) n from tool_catalog where name like 'Ahead %') t on t.n = u.n % 4
       left join (select id, 1 as n from llm_models where model_name = 'Ahead model') m on u.n % 2 = m.n`,
    `update users set deleted_at = now() where email ~ '^person-[567]@'`,
    `update teams set deleted_at = now() where name = 'Team 2'`,
  ]
  for (const statement of statements) await acme.sql(statement)
}

/** What is selected of each object of a list, by the list's name and the objects' type. */
const SELECTIONS: readonly (readonly [string, string, string])[] = [
  ['users', 'User', '{ id team { id name } }'],
  ['users', 'User', '{ team { id lead { email team { name parent { name } } } } membership { role } }'],
  ['users', 'User', '{ one: team { name } two: team { lead { id } } }'],
  [
    'users',
    'User',
    '{ ...Home team { parent { id } } } fragment Home on User { team { name lead { email } } }',
  ],
  ['users', 'User', '{ team @include(if: $yes) { id } again: team @skip(if: $yes) { lead { id } } }'],
  ['users', 'User', '{ team { lead @skip(if: $yes) { id } lead @include(if: $yes) { email } } }'],
  [
    'users',
    'User',
    '{ team { __typename } usageEvents(first: 2) { nodes { tool { name } team { name } } } }',
  ],
  [
    'teams',
    'Team',
    '{ lead { email team { name } } parent { name lead { id } } members(first: 2) { totalCount } }',
  ],
  [
    'usageEvents',
    'UsageEvent',
    '{ occurredAt user { email team { name lead { email } } } team { name } tool { name } model { modelName provider { name } } }',
  ],
  [
    'usageEvents',
    'UsageEvent',
    '{ ... on UsageEvent { userId user { id } } user { team { id } } toolId tool { id } }',
  ],
]

/** Errors as far as both ways can tell them alike: what went wrong, and below which object. */
function told(
  errors: readonly { path?: unknown; message: string; extensions: unknown }[] | undefined,
  depth: number,
) {
  const all = (errors ?? []).map(({ path, message, extensions }) => ({
    path: (path as unknown[]).slice(depth).join('.'),
    message,
    extensions,
  }))
  return all.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const withFragments = (selection: string): [string, string] => {
  const [, own = selection, fragments = ''] = /^(.*?\}) (fragment .*)$/s.exec(selection) ?? []
  return [own, fragments]
}

describe.each(['owner', 'viewer', 'member'] as const)(
  'as %s, what relations of a list’s rows lead to',
  (role) => {
    let client: QuickClient
    beforeAll(async () => {
      client = await quick(acme.as(role))
    })

    test.each(SELECTIONS)(
      'is what those of each %s by itself lead to: %s %s',
      async (list, type, selection) => {
        const [own, fragments] = withFragments(selection)
        const variables = { yes: true }
        const ids = `query { ${list} { nodes { id } } }`
        const whole = `query($yes: Boolean!) { x: users(first: 1) @include(if: $yes) { totalCount } ${list} { nodes ${own} } } ${fragments}`
        const single = `query($id: ID!, $yes: Boolean!) { x: users(first: 1) @include(if: $yes) { totalCount } node(id: $id) { ... on ${type} ${own} } } ${fragments}`
        const { [list]: found } = await client.query<Record<string, { nodes: { id: string }[] }>>(ids)
        const ahead = await client.send<Record<string, { nodes: unknown[] } | null>>(whole, variables)
        // A second time by compiled code, a third time by a plan that is known.
        for (let time = 2; time <= 3; time++) {
          const again = await client.send(whole, variables)
          expect(again.data).toEqual(ahead.data)
          expect(told(again.errors, 3)).toEqual(told(ahead.errors, 3))
        }
        const alone = []
        for (const { id } of found!.nodes)
          alone.push(await client.send<{ node: unknown }>(single, { id, ...variables }))
        expect(ahead.data[list]?.nodes).toEqual(alone.map(({ data }) => data.node))
        expect(told(ahead.errors, 3)).toEqual(
          told(
            alone.flatMap(({ errors }) => errors ?? []),
            1,
          ),
        )
      },
    )
  },
)

test('the rows tried lead to something and to nothing, and some readers are refused', async () => {
  const query =
    '{ usageEvents { nodes { userId user { id } toolId tool { id } } } users { nodes { teamId team { id } } } }'
  const { data } = await acme.as('owner').send<Record<string, { nodes: Record<string, unknown>[] }>>(query)
  const events = data.usageEvents!.nodes
  const people = data.users!.nodes
  expect(events.some(({ user }) => user !== null)).toBe(true)
  expect(events.some(({ userId }) => userId === null)).toBe(true)
  expect(
    events.some(({ userId, user }) => userId !== null && user === null),
    'a deleted one',
  ).toBe(true)
  expect(
    people.some(({ teamId, team }) => teamId !== null && team === null),
    'a deleted one',
  ).toBe(true)
  expect(people.some(({ teamId }) => teamId === null)).toBe(true)
})
