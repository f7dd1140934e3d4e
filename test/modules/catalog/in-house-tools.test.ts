import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import { deadReferences, storedValues } from '../../../src/entity/given-values.js'
import { usageEvents } from '../../../src/modules/usage/usage-event.entity.js'
import { tools } from '../../../src/modules/catalog/tool.entity.js'
import { tenantScope } from '../../../src/tenancy/session-scope.js'
import { inWriteSession } from '../../../src/tenancy/session.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let other: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  other = await gateway.organization()
  await acme.sql(
    `insert into tool_catalog (name, type, vendor, aliases) values
       ('Quill', 'assistant', 'Ink Co', '{"quill pro"}'), ('Sketch', 'image', 'Draw Inc', '{}'),
       ('Atlas', 'search', null, '{}')`,
  )
})
afterAll(() => gateway?.close())

const CREATE = `mutation ($input: CreateToolInput!) {
  createTool(input: $input) { tool { id name origin type aliases extra apiAvailable updatedAt } } }`

interface Made {
  createTool: { tool: { id: string; name: string; updatedAt: string } }
}

async function make(name: string, more: object = {}, organization = acme): Promise<string> {
  const { createTool } = await organization.as('admin').query<Made>(CREATE, { input: { name, ...more } })
  return createTool.tool.id
}

async function sharedId(name: string): Promise<string> {
  const [row] = await acme.sql<{ id: string }>('select id from tool_catalog where name = $1', [name])
  return encodeId('Tool', [row!.id])
}

async function names(query: string, organization = acme): Promise<string[]> {
  const { tools: page } = await organization
    .as('viewer')
    .query<{ tools: { nodes: { name: string }[] } }>(`{ tools(${query}) { nodes { name } } }`)
  return page.nodes.map(({ name }) => name)
}

describe('a tool of the organization', () => {
  test('is listed together with the shared ones, says which it is, and is nobody else’s', async () => {
    const { createTool } = await acme
      .as('admin')
      .query<Made>(CREATE, { input: { name: 'Prism', type: 'AGENT' } })
    expect(createTool.tool).toMatchObject({
      name: 'Prism',
      origin: 'IN_HOUSE',
      type: 'AGENT',
      apiAvailable: false,
      aliases: [],
      extra: {},
    })
    const { tools: page } = await acme
      .as('viewer')
      .query(`{ tools(filter: { name: { in: ["Prism", "Quill"] } }) { totalCount nodes { name origin } } }`)
    expect(page).toEqual({
      totalCount: 2,
      nodes: [
        { name: 'Prism', origin: 'IN_HOUSE' },
        { name: 'Quill', origin: 'SHARED' },
      ],
    })
    expect(await names('filter: { name: { in: ["Prism", "Quill"] } }', other)).toEqual(['Quill'])
    const byId = await other
      .as('viewer')
      .query('query($id: ID!) { node(id: $id) { id } tool(id: $id) { id } }', {
        id: createTool.tool.id,
      })
    expect(byId).toEqual({ node: null, tool: null })
  })

  test('is filtered, ordered, paged, searched, counted and found by name like any other', async () => {
    await make('Beacon', { type: 'SEARCH', vendor: 'Platform team', description: 'Finds contracts' })
    expect(await names('filter: { origin: { eq: IN_HOUSE }, type: { eq: SEARCH } }')).toEqual(['Beacon'])
    expect(
      await names('filter: { type: { eq: SEARCH } }, orderBy: [{ field: NAME, direction: DESC }]'),
    ).toEqual(['Beacon', 'Atlas'])
    expect(await names('search: "contracts"')).toEqual(['Beacon'])
    expect(await names('search: "ink"')).toEqual(['Quill'])
    const { tool } = await acme.as('viewer').query('{ tool(name: "Beacon") { vendor origin } }')
    expect(tool).toEqual({ vendor: 'Platform team', origin: 'IN_HOUSE' })
    const { toolsAggregate } = await acme.as('viewer').query(
      `{ toolsAggregate(groupBy: [{ field: ORIGIN }], filter: { type: { eq: SEARCH } },
           orderBy: [{ field: ORIGIN }]) { group { origin } count countDistinct { vendor } } }`,
    )
    expect(toolsAggregate).toEqual([
      { group: { origin: 'IN_HOUSE' }, count: 1, countDistinct: { vendor: 1 } },
      { group: { origin: 'SHARED' }, count: 1, countDistinct: { vendor: 0 } },
    ])
    interface Page {
      tools: { nodes: { name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }
    const walked: string[] = []
    let after: string | null = null
    do {
      const answer: Page = await acme.as('viewer').query<Page>(
        `query($after: String) { tools(first: 1, after: $after, orderBy: [{ field: VENDOR, nulls: LAST }]) {
           nodes { name } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      const { nodes, pageInfo } = answer.tools
      walked.push(...nodes.map(({ name }) => name))
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null
    } while (after !== null)
    expect(walked).toEqual(await names('orderBy: [{ field: VENDOR, nulls: LAST }]'))
    expect(new Set(walked).size).toBe(walked.length)
  })

  test('is changed, deleted and brought back, with a word in the audit trail each time', async () => {
    const id = await make('Forge', { vendor: 'A' })
    const change = `mutation($id: ID!) { updateTool(input: { id: $id, vendor: "B", aliases: ["the forge"] }) { tool { vendor aliases } } }`
    expect(await acme.as('admin').query(change, { id })).toEqual({
      updateTool: { tool: { vendor: 'B', aliases: ['the forge'] } },
    })
    await acme.as('admin').query('mutation($id: ID!) { deleteTool(id: $id) { tool { id } } }', { id })
    expect(await names('filter: { name: { eq: "Forge" } }')).toEqual([])
    await acme.as('admin').query('mutation($id: ID!) { restoreTool(id: $id) { tool { id } } }', { id })
    expect(await names('filter: { name: { eq: "Forge" } }')).toEqual(['Forge'])
    const { auditEntries } = await acme.as('admin').query<{ auditEntries: { nodes: unknown[] } }>(
      `{ auditEntries(filter: { resourceType: { eq: "tool" } }, orderBy: [{ field: OCCURRED_AT, direction: DESC }],
           first: 4) { nodes { eventType changedFields } } }`,
    )
    expect(auditEntries.nodes).toMatchObject([
      { eventType: 'restore' },
      { eventType: 'delete' },
      { eventType: 'update', changedFields: expect.arrayContaining(['vendor', 'aliases']) as string[] },
      { eventType: 'create' },
    ])
  })

  test('is not overwritten by somebody who has not seen the last change', async () => {
    const { createTool } = await acme.as('admin').query<Made>(CREATE, { input: { name: 'Lathe' } })
    const { id, updatedAt } = createTool.tool
    const change = `mutation($id: ID!, $seen: DateTime!) {
      updateTool(input: { id: $id, vendor: "x" }, expectedUpdatedAt: $seen) { tool { id } } }`
    await acme.as('admin').query(change, { id, seen: updatedAt })
    expect((await acme.as('admin').refusal(change, { id, seen: updatedAt })).code).toBe('CONFLICT')
  })

  test('is written by those who may, not by members or viewers', async () => {
    for (const role of ['member', 'viewer'] as const) {
      const { extensions } = await acme.as(role).refusal(CREATE, { input: { name: 'Mine' } })
      expect(extensions).toMatchObject({ code: 'FORBIDDEN', permission: 'tool.create' })
    }
  })

  test('comes in batches, of which a bad one is refused by itself', async () => {
    const { createTools } = await acme.as('admin').query(
      `mutation { createTools(inputs: [{ name: "Batch one" }, { name: "QUILL" }, { name: "batch ONE" }, { name: "Batch two" }])
        { results { tool { name } error { code field } } } }`,
    )
    expect(createTools).toEqual({
      results: [
        { tool: { name: 'Batch one' }, error: null },
        { tool: null, error: { code: 'CONFLICT_DUPLICATE', field: 'name' } },
        { tool: null, error: { code: 'CONFLICT_DUPLICATE', field: 'name' } },
        { tool: { name: 'Batch two' }, error: null },
      ],
    })
  })
})

describe('a name', () => {
  test.each([
    ['of a shared tool', { name: 'Quill' }, 'name'],
    ['of a shared tool in other letters', { name: 'qUiLL' }, 'name'],
    ['by which reports call a shared tool', { name: 'Quill Pro' }, 'name'],
    ['of a shared tool, as a further name', { name: 'Feather', aliases: ['sketch'] }, 'aliases'],
  ])('%s is refused, naming the tool', async (_, input, field) => {
    const { message, extensions } = await acme.as('admin').refusal(CREATE, { input })
    expect(extensions).toMatchObject({ code: 'CONFLICT_DUPLICATE', field })
    expect(message).toMatch(/is a name of (Quill|Sketch) in the shared catalogue/)
  })

  test('that another of the organization’s tools bears is refused, whatever its letter case', async () => {
    await make('Kiln')
    const { extensions } = await acme.as('admin').refusal(CREATE, { input: { name: 'KILN' } })
    expect(extensions).toMatchObject({ code: 'CONFLICT_DUPLICATE', field: 'name' })
    await make('Kiln', {}, other)
  })

  test('that a deleted tool bore is refused to its return when it was taken meanwhile', async () => {
    const id = await make('Loom')
    await acme.as('admin').query('mutation($id: ID!) { deleteTool(id: $id) { tool { id } } }', { id })
    await acme.sql(`insert into tool_catalog (name) values ('loom')`)
    const { code } = await acme
      .as('admin')
      .refusal('mutation($id: ID!) { restoreTool(id: $id) { tool { id } } }', { id })
    expect(code).toBe('CONFLICT_DUPLICATE')
  })

  test('that the catalogue takes later goes on meaning the organization’s own tool, which can still be changed', async () => {
    const id = await make('Anvil')
    await acme.sql(`insert into tool_catalog (name) values ('Anvil')`)
    expect(await acme.as('viewer').query('{ tool(name: "Anvil") { id } }')).toEqual({ tool: { id } })
    expect(await other.as('viewer').query('{ tool(name: "Anvil") { origin } }')).toEqual({
      tool: { origin: 'SHARED' },
    })
    await acme
      .as('admin')
      .query(
        'mutation($id: ID!) { updateTool(input: { id: $id, name: "Anvil", vendor: "x" }) { tool { id } } }',
        { id },
      )
  })
})

describe('a shared tool', () => {
  test.each([
    ['changed', 'updateTool(input: { id: $id, vendor: "Mine" })'],
    ['deleted', 'deleteTool(id: $id)'],
    ['brought back', 'restoreTool(id: $id)'],
  ])('cannot be %s by an organization', async (_, field) => {
    const id = await sharedId('Sketch')
    const { code, message } = await acme
      .as('owner')
      .refusal(`mutation($id: ID!) { ${field} { tool { id } } }`, { id })
    expect(code).toBe('FORBIDDEN')
    expect(message).toMatch(/belongs to the shared catalogue/)
    expect(await acme.sql(`select vendor from tool_catalog where name = 'Sketch'`)).toEqual([
      { vendor: 'Draw Inc' },
    ])
  })

  test('may be named where a tool is, as may one of the organization’s own, but no deleted one', async () => {
    const keyOf = (id: string) => Buffer.from(id, 'base64url').toString().split('\n')[1]
    const [own, gone] = [await make('Plane'), await make('Chisel')]
    await acme.as('admin').query('mutation($id: ID!) { deleteTool(id: $id) { tool { id } } }', { id: gone })
    const rows = [own, gone, await sharedId('Sketch')].map((id) =>
      storedValues(usageEvents, { toolId: keyOf(id) }),
    )
    const scope = tenantScope(acme.id, acme.organizationId)
    const dead = await inWriteSession(gateway.pool, scope, { statementTimeout: 5_000 }, (session) =>
      deadReferences(session, rows),
    )
    expect(dead.map((column) => column?.field)).toEqual([undefined, 'toolId', undefined])
  })
})

describe('usage', () => {
  const RECORD = `mutation($events: [RecordUsageInput!]!) {
    recordUsage(events: $events) { results { status field reason } } }`

  test('refers to an own tool by its id, its name or an alias, and relations and filters lead there', async () => {
    const id = await make('Harvester', { aliases: ['hv'] })
    const at = new Date().toISOString()
    const event = (eventId: string, more: object) => ({ eventId, occurredAt: at, service: 'CHAT', ...more })
    const events = [
      event('by-id', { toolId: id }),
      event('by-name', { toolName: 'HARVESTER' }),
      event('by-alias', { toolName: 'hv' }),
      event('shared', { toolName: 'quill pro' }),
    ]
    const { recordUsage } = await acme.as('admin').query(RECORD, { events })
    expect(recordUsage).toEqual({
      results: events.map(() => ({ status: 'ACCEPTED', field: null, reason: null })),
    })
    const harvester = { name: 'Harvester', origin: 'IN_HOUSE' }
    const { all } = await acme
      .as('viewer')
      .query<{ all: { nodes: unknown[] } }>(
        `{ all: usageEvents(orderBy: [{ field: RECORDED_AT }]) { nodes { toolName tool { name origin } } } }`,
      )
    expect(all.nodes).toHaveLength(events.length)
    expect(all.nodes).toEqual(
      expect.arrayContaining([
        { toolName: 'Harvester', tool: harvester },
        { toolName: 'HARVESTER', tool: harvester },
        { toolName: 'hv', tool: harvester },
        { toolName: 'quill pro', tool: { name: 'Quill', origin: 'SHARED' } },
      ]),
    )
    const {
      usageEvents: found,
      tool,
      usageEventsAggregate,
    } = await acme.as('viewer').query<{
      usageEvents: { totalCount: number }
      tool: unknown
      usageEventsAggregate: unknown
    }>(
      `{ usageEvents(filter: { tool: { origin: { eq: IN_HOUSE } } }) { totalCount }
         tool(name: "Harvester") { usageEvents { totalCount } }
         usageEventsAggregate(groupBy: [{ field: TOOL_ID }], filter: { tool: { name: { eq: "Harvester" } } }) {
           group { tool { name origin } } count } }`,
    )
    expect(found.totalCount).toBe(3)
    expect(tool).toEqual({ usageEvents: { totalCount: 3 } })
    expect(usageEventsAggregate).toEqual([{ group: { tool: harvester }, count: 3 }])
  })

  test('of another organization’s tool is refused as of none', async () => {
    const foreign = await make('Theirs', {}, other)
    const event = {
      eventId: 'foreign',
      occurredAt: new Date().toISOString(),
      service: 'CHAT',
      toolId: foreign,
    }
    const { recordUsage } = await acme.as('admin').query<{ recordUsage: { results: unknown[] } }>(RECORD, {
      events: [event],
    })
    expect(recordUsage.results).toMatchObject([{ status: 'REJECTED', field: 'toolId' }])
  })
})

test('tools are found by id and by name through indexes, in both places they are kept', async () => {
  const client = await gateway.database.admin.connect()
  try {
    await client.query(`set search_path = ${schemaOf(acme.id)}, public; set enable_seqscan = off`)
    for (const [where, own, shared] of [
      [
        `e.id = any('{00000000-0000-7000-8000-000000000000}')`,
        /in_house_tools_(pkey|name_idx)/,
        'tool_catalog_pkey',
      ],
      [`e.name = 'Quill'`, /in_house_tools_name_idx/, 'tool_catalog_name_key'],
    ] as const) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain select e.vendor from ${tools.source} e where ${where} and e.deleted_at is null`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toMatch(own)
      expect(plan).toContain(shared)
      expect(plan).not.toContain('Seq Scan')
    }
  } finally {
    await client.query('reset search_path; reset enable_seqscan')
    client.release()
  }
})
