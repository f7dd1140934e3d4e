import fc from 'fast-check'
import {
  getNamedType,
  isEnumType,
  isObjectType,
  isRequiredArgument,
  isScalarType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTenantContext, type TenantContext } from '../../../src/graphql/tenant-context.js'
import { buildTenantSchema } from '../../../src/graphql/tenant-schema.js'
import { accountSchema } from '../../../src/account/account-schema.js'
import { platformSchema } from '../../../src/platform/platform-schema.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { Oracle, type Operation } from './oracle.js'

const RUNS = 60

let gateway: TestGateway
let acme: TestOrganization
let oracle: Oracle<TenantContext>
let identities: Record<string, string>
let actor = 'owner'
const schema = buildTenantSchema()

beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  identities = Object.fromEntries(
    await Promise.all(
      (['owner', 'viewer', 'member'] as const).map(async (role) => [role, await acme.as(role).identityId()]),
    ),
  ) as Record<string, string>
  await fill()
  oracle = new Oracle(schema, inContext)
})
afterAll(() => gateway?.close())

async function inContext<Result>(work: (context: TenantContext) => Promise<Result>): Promise<Result> {
  const context = await createTenantContext(gateway, {
    actor: { kind: 'person', identityId: identities[actor]! },
    organizationHeaders: [acme.id],
    requestId: 'r-1',
    ipAddress: undefined,
    userAgent: undefined,
  })
  try {
    return await work(context)
  } finally {
    await context.end()
  }
}

async function fill(): Promise<void> {
  const statements = [
    `insert into teams (name, lead_id) select 'Team ' || n, case when n > 1 then '${identities['owner']}'::uuid end from generate_series(1, 4) n`,
    `update users set team_id = (select id from teams order by name limit 1) where email like 'member@%'`,
    `insert into team_members (team_id, user_id) select t.id, u.id from teams t cross join users u where t.name <> 'Team 3'`,
    `insert into tool_catalog (name) values ('Own tool')`,
    `insert into usage_events (user_id, team_id, tool_id, total_cost, cost_source, input_tokens, occurred_at)
       select u.id, u.team_id, (select id from tool_catalog limit 1), n * 0.5, 'priced', n,
         timestamptz '2026-01-01 00:00Z' + n * interval '9 days'
       from users u cross join generate_series(1, 5) n`,
    `insert into usage_events (user_id, action_type) select id, 'login' from users where email like 'owner@%'`,
    `insert into audit_logs (event_type, user_id) select 'create', id from users`,
  ]
  for (const statement of statements) await acme.sql(statement)
}

/** Labels of the statements that were sent. */
function labels(): string[] {
  return gateway.statements.map((sql) => /\/\* (\S+) \*\//.exec(sql)?.[1] ?? sql).sort()
}

/** Compares the answers, and the statements they took. */
async function compare(operation: Operation): Promise<boolean> {
  gateway.statements.length = 0
  await oracle.compare(operation)
  gateway.statements.length = 0
  const { compiled } = await oracle.compare(operation)
  const both = labels()
  // graphql-js and compiled code each ran it once: every statement is there twice.
  if (compiled) expect(both.filter((label, index) => label !== both[index ^ 1])).toEqual([])
  return compiled
}

const operations: [string, Operation][] = [
  [
    'nested lists with fragments and aliases',
    {
      query: `query ($users: Int!) {
        teams(first: 3, orderBy: [{ field: NAME, direction: DESC }]) {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { ...T lead { ...U } members(first: $users) { edges { cursor node { id ...U } } } }
        }
      } fragment T on Team { id title: name parent { name } } fragment U on User { id email team { ...T } }`,
      variables: { users: 2 },
    },
  ],
  [
    'filters whose values are variables, given or not',
    {
      query: `query ($after: DateTime, $cost: Decimal, $tool: ID, $more: UsageEventFilter!) {
        usageEvents(filter: { and: [{ occurredAt: { gt: $after } }, { totalCost: { gte: $cost } }, $more], toolId: { eq: $tool } }) {
          nodes { occurredAt totalCost { amount currency } tool { name } user { displayName team { name } } }
        }
      }`,
      variables: { after: '2026-01-10T00:00:00Z', cost: '1.0', more: { or: [{ inputTokens: { gt: 2 } }] } },
    },
  ],
  [
    'aggregates with enums, money and dates',
    {
      query: `query ($zone: String = "Europe/Berlin") {
        usageEventsAggregate(groupBy: [{ field: TOOL_ID }, { field: OCCURRED_AT, bucket: MONTH, timeZone: $zone }], first: 20) {
          count group { occurredAt tool { name } } sum { totalCost { amount currency } inputTokens } avg { inputTokens }
        }
      }`,
    },
  ],
  [
    '@skip and @include that depend on variables',
    {
      query: `query ($people: Boolean!, $count: Boolean = false) {
        teams { totalCount @include(if: $count) nodes { name @skip(if: $count) ...P @include(if: $people) } }
      } fragment P on Team { lead { email } }`,
      variables: { people: true },
    },
  ],
  [
    'arguments that are refused by their resolver',
    {
      query: `{ a: teams(first: -1) { totalCount } b: teams(first: 2) { nodes { name } } c: team(id: "nonsense") { name } }`,
    },
  ],
  [
    'what one is not allowed to see',
    { query: `{ apiKeys { nodes { name } } auditEntries { nodes { id } } teams { totalCount } }` },
  ],
]

describe('compiled code answers the tenant API as graphql-js does, with the same statements:', () => {
  test.each(operations)('%s', async (_what, operation) => {
    for (actor of ['owner', 'viewer', 'member']) expect(await compare(operation)).toBe(true)
  })

  test('objects by their id, through their own field and through node(id:)', async () => {
    actor = 'owner'
    const { answer } = await oracle.compare({ query: '{ teams(first: 1) { nodes { id } } }' })
    const { id } = (answer as { data: { teams: { nodes: { id: string }[] } } }).data.teams.nodes[0]!
    const one = { query: 'query ($id: ID!) { team(id: $id) { id name lead { email } } }', variables: { id } }
    expect(await compare(one)).toBe(true)
    const node = {
      query:
        'query ($id: ID!) { node(id: $id) { __typename id ... on Team { name lead { email } } ... on User { email } } }',
      variables: { id },
    }
    // Interfaces are graphql-js' business.
    expect(await compare(node)).toBe(false)
  })

  test('a mutation, and one that fails', async () => {
    actor = 'owner'
    const create = (name: string): Operation => ({
      query: `mutation ($name: String!) { createTeam(input: { name: $name }) { team { name lead { id } } } }`,
      variables: { name },
    })
    // Whoever comes second finds the name taken, whichever way it is executed.
    const first = await oracle.compare(create('Only once')).catch((error: Error) => error)
    expect(first).toBeInstanceOf(Error)
    const { compiled, answer } = await oracle.compare(create('Only once'))
    expect(compiled).toBe(true)
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'CONFLICT_DUPLICATE', field: 'name' } }] })
  })

  test('whatever is selected, renamed, put into fragments or left out by variables', async () => {
    let compiled = 0
    await fc.assert(
      fc.asyncProperty(
        queries(schema),
        fc.constantFrom('owner', 'viewer', 'member'),
        async (operation, role) => {
          actor = role
          if (await compare(operation)) compiled += 1
        },
      ),
      { numRuns: RUNS },
    )
    expect(compiled).toBeGreaterThan(RUNS / 2)
  }, 120_000)
})

test('no two fields have names that the compiler would take for one', () => {
  for (const of of [schema, accountSchema(), platformSchema()]) {
    const names = Object.values(of.getTypeMap()).flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()).map((field) => type.name + field) : [],
    )
    expect(names.length).toBe(new Set(names).size)
  }
})

/** Random queries that are valid: fields without required arguments, some renamed, conditional or in fragments. */
function queries(of: GraphQLSchema): fc.Arbitrary<Operation> {
  return fc
    .record({ body: selection(of.getQueryType()!, 4), a: fc.boolean(), b: fc.boolean() })
    .map(({ body, a, b }) => ({
      query: `query ($a: Boolean!, $b: Boolean = true, $size: Int = 2) { ${body} __typename @include(if: $a) again: __typename @skip(if: $b) teams(first: $size) { totalCount } }`,
      variables: { a, b },
    }))
}

function selection(type: GraphQLObjectType, depth: number): fc.Arbitrary<string> {
  const fields = Object.values(type.getFields()).filter(
    (field) => !field.args.some(isRequiredArgument) && (depth > 0 || isLeaf(field)),
  )
  const some = fc.uniqueArray(fc.constantFrom(...fields), { minLength: 1, maxLength: 3 })
  return some.chain((chosen) =>
    fc
      .tuple(...chosen.map((field, index) => selected(type, field, index, depth)))
      .map((parts) => parts.join(' ') + ' __typename'),
  )
}

function selected(
  type: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  index: number,
  depth: number,
): fc.Arbitrary<string> {
  const named = getNamedType(field.type)
  const below = isObjectType(named)
    ? selection(named, depth - 1).map((text) => `{ ${text} }`)
    : fc.constant('')
  const paged = field.args.some(({ name }) => name === 'last')
  const size = fc.constantFrom('', '(first: 2)', '(last: 1)', '(first: $size)')
  const form = fc.constantFrom('plain', 'renamed', 'fragment', 'included', 'skipped')
  return fc.tuple(below, size, form).map(([rest, args, way]) => {
    // Lists with other arguments get other names: fields of the same name have to have the same arguments.
    const alias = `${field.name}Of${depth}n${index}${args.length}x`
    const text = `${alias}: ${field.name}${paged ? args : ''} `
    if (way === 'fragment') return `... on ${type.name} { ${text} ${rest} }`
    const condition = way === 'included' ? '@include(if: $a)' : way === 'skipped' ? '@skip(if: $b)' : ''
    return `${way === 'plain' && !paged ? `${field.name} ` : text} ${condition} ${rest}`
  })
}

function isLeaf({ type }: GraphQLField<unknown, unknown>): boolean {
  const named = getNamedType(type)
  return isScalarType(named) || isEnumType(named)
}
