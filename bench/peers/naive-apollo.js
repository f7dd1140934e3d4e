import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import DataLoader from 'dataloader'
import pg from 'pg'
import { schemaOf, tell } from './announce.js'

/**
 * What one writes by hand in an afternoon: `node naive-apollo.js <settings as JSON>` with `{ gatewayUrl }`. Apollo
 * Server as it comes, plain graphql-js, a loader for each relation, and a transaction for each request whose every
 * statement is awaited.
 */
const { gatewayUrl } = JSON.parse(process.argv[2])
const pool = new pg.Pool({ connectionString: gatewayUrl, max: 10, application_name: 'bench naive' })

const typeDefs = `#graphql
  type Query {
    user(id: ID!): User
    usageEvents(first: Int!): [UsageEvent!]!
    teams(first: Int!): [Team!]!
    usageTotals: [UsageTotal!]!
  }
  type Mutation { recordUsageEvent(event: UsageEventInput!): UsageEvent! }
  type User {
    id: ID!
    email: String!
    displayName: String
    department: String
    status: String!
    createdAt: String!
    team: Team
    usageEvents(first: Int!): [UsageEvent!]!
  }
  type Team { id: ID! name: String! members(first: Int!): [User!]! }
  type Tool { id: ID! name: String! vendor: String }
  type UsageEvent {
    id: ID!
    occurredAt: String!
    inputTokens: Int!
    outputTokens: Int!
    totalCost: String
    user: User
    tool: Tool
  }
  type UsageTotal {
    toolId: ID
    month: String!
    events: Int!
    inputTokens: Float!
    outputTokens: Float!
    totalCost: String
  }
  input UsageEventInput {
    occurredAt: String!
    userId: ID!
    teamId: ID
    department: String
    toolId: ID!
    toolName: String
    inputTokens: Int!
    outputTokens: Int!
  }
`

const resolvers = {
  Query: {
    user: (_, { id }, { loaders }) => loaders.user.load(id),
    usageEvents: (_, { first }, { rows }) =>
      rows('select * from usage_events order by occurred_at desc, id desc limit $1', [first]),
    teams: (_, { first }, { rows }) =>
      rows('select * from teams where deleted_at is null order by id limit $1', [first]),
    usageTotals: (_, __, { rows }) =>
      rows(`select tool_id, date_trunc('month', occurred_at, 'UTC') as month, count(*)::integer as events,
          sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(total_cost) as total_cost
        from usage_events group by 1, 2 order by 1, 2`),
  },
  Mutation: { recordUsageEvent: (_, { event }, context) => insertEvent(event, context) },
  User: {
    displayName: (user) => user.display_name,
    createdAt: (user) => user.created_at.toISOString(),
    team: (user, _, { loaders }) => user.team_id && loaders.team.load(user.team_id),
    usageEvents: (user, { first }, { loaders }) => loaders.eventsOfUser.load({ id: user.id, first }),
  },
  Team: { members: (team, { first }, { loaders }) => loaders.members.load({ id: team.id, first }) },
  UsageEvent: {
    occurredAt: (event) => event.occurred_at.toISOString(),
    inputTokens: (event) => event.input_tokens,
    outputTokens: (event) => event.output_tokens,
    totalCost: (event) => event.total_cost,
    user: (event, _, { loaders }) => event.user_id && loaders.user.load(event.user_id),
    tool: (event, _, { loaders }) => event.tool_id && loaders.tool.load(event.tool_id),
  },
  UsageTotal: {
    toolId: (total) => total.tool_id,
    month: (total) => total.month.toISOString(),
    inputTokens: (total) => total.input_tokens,
    outputTokens: (total) => total.output_tokens,
    totalCost: (total) => total.total_cost,
  },
}

async function insertEvent(event, { rows }) {
  const [inserted] = await rows(
    `insert into usage_events (occurred_at, user_id, team_id, department, tool_id, tool_name, input_tokens,
       output_tokens, total_tokens) values ($1, $2, $3, $4, $5, $6, $7, $8, $7::bigint + $8::bigint) returning *`,
    ['occurredAt', 'userId', 'teamId', 'department', 'toolId', 'toolName', 'inputTokens', 'outputTokens'].map(
      (name) => event[name],
    ),
  )
  return inserted
}

const MEMBERS = `select m.* from unnest($1::uuid[]) as parent (id) cross join lateral (
  select u.*, parent.id as parent_id from team_members t join users u on u.id = t.user_id
  where t.team_id = parent.id and t.left_at is null and u.deleted_at is null order by u.id limit $2) m`
const EVENTS = `select e.* from unnest($1::uuid[]) as parent (id) cross join lateral (
  select *, parent.id as parent_id from usage_events
  where user_id = parent.id order by occurred_at desc, id desc limit $2) e`

function loadersOf(rows) {
  const byId = (table) =>
    new DataLoader(async (ids) => {
      const found = await rows(`select * from ${table} where id = any($1)`, [ids])
      const known = new Map(found.map((row) => [row.id, row]))
      return ids.map((id) => known.get(id) ?? null)
    })
  const lists = (text) =>
    new DataLoader(
      async (parents) => {
        const found = await rows(text, [parents.map(({ id }) => id), parents[0].first])
        const known = new Map(parents.map(({ id }) => [id, []]))
        for (const row of found) known.get(row.parent_id).push(row)
        return parents.map(({ id }) => known.get(id))
      },
      { cacheKeyFn: ({ id, first }) => `${id} ${first}` },
    )
  return {
    user: byId('users'),
    team: byId('teams'),
    tool: byId('tool_catalog'),
    members: lists(MEMBERS),
    eventsOfUser: lists(EVENTS),
  }
}

/** One transaction for the request; the plugin below ends it when the answer is made. */
async function contextOf({ req }) {
  const schema = schemaOf(req)
  const client = await pool.connect()
  await client.query('begin')
  await client.query(`set local search_path = ${schema}, public`)
  await client.query(`set local role ${schema}`)
  // One connection, one statement at a time.
  let last = Promise.resolve()
  const rows = async (text, values) => {
    last = last.then(() => client.query(text, values))
    return (await last).rows
  }
  return { client, rows, loaders: loadersOf(rows) }
}

const transactions = {
  requestDidStart: async () => ({
    willSendResponse: async ({ contextValue: { client }, errors }) => {
      await client.query(errors === undefined ? 'commit' : 'rollback')
      client.release()
    },
  }),
}

const server = new ApolloServer({ typeDefs, resolvers, plugins: [transactions] })
const { url } = await startStandaloneServer(server, {
  context: contextOf,
  listen: { port: 0, host: '127.0.0.1' },
})
tell(url)
