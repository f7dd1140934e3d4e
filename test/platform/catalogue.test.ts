import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestGateway, TestOrganization } from '../support/gateway.js'
import { platformAdmin, platformGateway, type PlatformAdmin } from './platform-gateway.js'

let gateway: TestGateway
let operator: PlatformAdmin
let acme: TestOrganization
beforeAll(async () => {
  gateway = await platformGateway()
  operator = await platformAdmin(gateway, 'operator')
  acme = await gateway.organization()
})
afterAll(() => gateway.close())

interface AuditRow {
  event_type: string
  event_category: string
  actor_identity_id: string
  target_type: string
  request_id: string | null
  details: { old?: Record<string, unknown>; new: Record<string, unknown> }
}

/** The latest entry of the control plane's audit trail of one type. */
async function lastAudit(eventType: string): Promise<AuditRow | undefined> {
  const { rows } = await gateway.database.admin.query<AuditRow>(
    `select * from public.platform_audit_logs where event_type = $1 order by id desc limit 1`,
    [eventType],
  )
  return rows[0]
}

async function auditCount(): Promise<number> {
  const { rows } = await gateway.database.admin.query<{ count: number }>(
    'select count(*)::int as count from public.platform_audit_logs',
  )
  return rows[0]!.count
}

describe('tools', () => {
  test('a new tool is there for every organization at once', async () => {
    const { createTool } = await operator.query<{ createTool: { tool: { id: string } } }>(
      `mutation { createTool(input: { name: "Sketcher", type: IMAGE, vendor: "Draw Inc.", aliases: ["skt"] }) {
        tool { id name type apiAvailable aliases extra } } }`,
    )
    expect(createTool.tool).toMatchObject({
      name: 'Sketcher',
      type: 'IMAGE',
      apiAvailable: false,
      aliases: ['skt'],
      extra: {},
    })
    const { tools } = await acme
      .as('viewer')
      .query<{ tools: unknown }>('{ tools(filter: { name: { eq: "Sketcher" } }) { nodes { id vendor } } }')
    expect(tools).toEqual({ nodes: [{ id: createTool.tool.id, vendor: 'Draw Inc.' }] })
    expect(await lastAudit('tool.create')).toMatchObject({
      event_category: 'configuration',
      actor_identity_id: operator.identityId,
      target_type: 'tool',
      request_id: expect.any(String) as string,
      details: { new: { name: 'Sketcher', vendor: 'Draw Inc.' } },
    })
  })

  test('a changed tool keeps what is left out, and the audit trail says what changed', async () => {
    const { createTool } = await operator.query<{ createTool: { tool: { id: string } } }>(
      'mutation { createTool(input: { name: "Writer", vendor: "A" }) { tool { id } } }',
    )
    const { updateTool } = await operator.query<{ updateTool: unknown }>(
      'mutation ($id: ID!) { updateTool(input: { id: $id, vendor: "B", website: "https://b.example" }) { tool { name vendor website } } }',
      { id: createTool.tool.id },
    )
    expect(updateTool).toEqual({ tool: { name: 'Writer', vendor: 'B', website: 'https://b.example' } })
    expect((await lastAudit('tool.update'))?.details).toEqual({
      old: { vendor: 'A', website: null },
      new: { vendor: 'B', website: 'https://b.example' },
    })
  })

  test.each([
    ['a name that is taken', 'createTool(input: { name: "Taken" })', 'CONFLICT_DUPLICATE'],
    ['a blank name', 'createTool(input: { name: "   " })', 'BAD_USER_INPUT'],
    ['a name with a NUL', 'createTool(input: { name: "a\\u0000" })', 'BAD_USER_INPUT'],
  ])('%s is refused, and nothing is written down', async (_, field, code) => {
    await operator.send('mutation { createTool(input: { name: "Taken" }) { tool { id } } }')
    const before = await auditCount()
    const { extensions } = await operator.refusal(`mutation { ${field} { tool { id } } }`)
    expect(extensions).toMatchObject({ code, field: 'name' })
    expect(await auditCount()).toBe(before)
  })

  test('what belongs to all organizations cannot be written by one of them', async () => {
    for (const field of ['createModel(input: {})', 'createProvider(input: {})', 'addModelPrice(input: {})']) {
      const { status, errors } = await acme.as('owner').send(`mutation { ${field} { __typename } }`)
      expect(status).toBe(200)
      expect(errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED')
    }
  })
})

describe('providers and models', () => {
  test('a new provider’s new model is there for every organization, and can be switched off', async () => {
    const { createProvider } = await operator.query<{ createProvider: { provider: { id: string } } }>(
      `mutation { createProvider(input: { name: "lumen", providerType: OTHER }) {
        provider { id name isActive healthStatus } } }`,
    )
    expect(createProvider.provider).toMatchObject({ name: 'lumen', isActive: true, healthStatus: 'UNKNOWN' })
    const { createModel } = await operator.query<{ createModel: { model: { id: string } } }>(
      `mutation ($providerId: ID!) { createModel(input: { providerId: $providerId, modelName: "lumen-1",
        maxTokens: 32000, supportsVision: true, qualityScore: "4.25" }) { model { id provider { name } qualityScore } } }`,
      { providerId: createProvider.provider.id },
    )
    expect(createModel.model).toMatchObject({ provider: { name: 'lumen' }, qualityScore: '4.25' })
    const READ =
      '{ models(filter: { modelName: { eq: "lumen-1" } }) { nodes { isActive maxTokens provider { isActive } } } }'
    const read = async () =>
      (await acme.as('viewer').query<{ models: { nodes: unknown[] } }>(READ)).models.nodes
    expect(await read()).toEqual([{ isActive: true, maxTokens: 32000, provider: { isActive: true } }])
    await operator.query(
      'mutation ($id: ID!) { updateModel(input: { id: $id, isActive: false }) { model { id } } }',
      {
        id: createModel.model.id,
      },
    )
    await operator.query(
      'mutation ($id: ID!) { updateProvider(input: { id: $id, isActive: false }) { provider { id } } }',
      { id: createProvider.provider.id },
    )
    expect(await read()).toEqual([{ isActive: false, maxTokens: 32000, provider: { isActive: false } }])
    expect((await lastAudit('model.update'))?.target_type).toBe('model')
    expect((await lastAudit('provider.update'))?.details).toEqual({
      old: { isActive: true },
      new: { isActive: false },
    })
  })

  test('a model of a provider that is not there is refused, naming the field', async () => {
    const id = Buffer.from('Provider\n00000000-0000-7000-8000-000000000000').toString('base64url')
    const { extensions } = await operator.refusal(
      'mutation ($id: ID!) { createModel(input: { providerId: $id, modelName: "m" }) { model { id } } }',
      { id },
    )
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'providerId' })
  })

  test('names that prices refer to, and the catalogue’s rows themselves, stay', async () => {
    for (const document of [
      'mutation { updateModel(input: { id: "x", modelName: "y" }) { model { id } } }',
      'mutation { updateProvider(input: { id: "x", name: "y" }) { provider { id } } }',
      'mutation { deleteTool(id: "x") { tool { id } } }',
      'mutation { updateModelPrice(input: {}) { modelPrice { id } } }',
    ]) {
      const { extensions } = await operator.refusal(document)
      expect(extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED')
    }
  })
})

describe('prices', () => {
  const ADD = `mutation ($input: AddModelPriceInput!) { addModelPrice(input: $input) {
    modelPrice { provider modelName modelVersion currency effectiveFrom effectiveTo source
      model { modelName } rates { component amount unit minContextTokens } }
    replacedPrice { effectiveFrom effectiveTo } } }`
  const PRICES = `query ($model: String!) { modelPrices(filter: { modelName: { eq: $model } }) {
    nodes { effectiveFrom effectiveTo currency rates { component amount } } } }`

  let models = 0
  /** The input for a price of a model of its own. */
  async function newModel() {
    const modelName = `priced-${++models}`
    const { providers } = await operator.query<{ providers: { nodes: { id: string }[] } }>(
      '{ providers(filter: { name: { eq: "priced" } }) { nodes { id } } }',
    )
    const known = providers.nodes[0]?.id
    const providerId =
      known ??
      (
        await operator.query<{ createProvider: { provider: { id: string } } }>(
          'mutation { createProvider(input: { name: "priced", providerType: OTHER }) { provider { id } } }',
        )
      ).createProvider.provider.id
    await operator.query(
      'mutation ($providerId: ID!, $modelName: String!) { createModel(input: { providerId: $providerId, modelName: $modelName }) { model { id } } }',
      { providerId, modelName },
    )
    return (effectiveFrom: string | null, input = '1', changes: Record<string, unknown> = {}) => ({
      input: {
        provider: 'priced',
        modelName,
        currency: 'USD',
        effectiveFrom,
        rates: [
          { component: 'INPUT', amount: input },
          { component: 'OUTPUT', amount: '2' },
        ],
        ...changes,
      },
    })
  }

  test('a first price without a lower bound holds for all times, exactly as given', async () => {
    const price = await newModel()
    const { addModelPrice } = await operator.query<{ addModelPrice: unknown }>(
      ADD,
      price(null, '0.000000000000123', { source: 'https://prices.example' }),
    )
    expect(addModelPrice).toEqual({
      modelPrice: {
        provider: 'priced',
        modelName: price(null).input.modelName,
        modelVersion: null,
        currency: 'USD',
        effectiveFrom: null,
        effectiveTo: null,
        source: 'https://prices.example',
        model: { modelName: price(null).input.modelName },
        rates: [
          { component: 'INPUT', amount: '0.000000000000123', unit: 'PER_1M_TOKENS', minContextTokens: 0 },
          { component: 'OUTPUT', amount: '2', unit: 'PER_1M_TOKENS', minContextTokens: 0 },
        ],
      },
      replacedPrice: null,
    })
  })

  test('a new price ends the one before it where it begins, to the microsecond, and organizations see both', async () => {
    const price = await newModel()
    await operator.query(ADD, price(null, '1'))
    const { addModelPrice } = await operator.query<{ addModelPrice: { replacedPrice: unknown } }>(
      ADD,
      price('2026-03-01T02:00:00.123456+02:00', '2'),
    )
    expect(addModelPrice.replacedPrice).toEqual({
      effectiveFrom: null,
      effectiveTo: '2026-03-01T00:00:00.123456Z',
    })
    const { modelPrices } = await acme
      .as('viewer')
      .query<{ modelPrices: { nodes: unknown } }>(PRICES, { model: price(null).input.modelName })
    expect(modelPrices.nodes).toMatchObject([
      { effectiveFrom: '2026-03-01T00:00:00.123456Z', effectiveTo: null, rates: [{ amount: '2' }, {}] },
      { effectiveFrom: null, effectiveTo: '2026-03-01T00:00:00.123456Z', rates: [{ amount: '1' }, {}] },
    ])
    expect(await lastAudit('model_price.update')).toMatchObject({
      details: { old: { effectiveTo: null }, new: { effectiveTo: '2026-03-01T00:00:00.123456Z' } },
    })
    expect((await lastAudit('model_price.create'))?.details.new).toMatchObject({
      rates: [{ component: 'input', amount: '2' }, {}],
    })
  })

  test('usage is priced by what held at its time', async () => {
    const price = await newModel()
    const { modelName } = price(null).input
    await operator.query(ADD, price(null, '1000000'))
    await operator.query(ADD, price('2026-01-01T00:00:00Z', '3000000'))
    const record = (occurredAt: string) => ({
      occurredAt,
      eventId: occurredAt,
      modelName,
      inputTokens: 1,
      outputTokens: 0,
    })
    await acme
      .as('admin')
      .query('mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { accepted } }', {
        events: [record('2025-12-31T23:59:59.999999Z'), record('2026-01-01T00:00:00Z')],
      })
    const { usageEvents } = await acme
      .as('viewer')
      .query<{ usageEvents: { nodes: unknown } }>(
        `{ usageEvents(orderBy: [{ field: OCCURRED_AT }]) { nodes { totalCost { amount currency } } } }`,
      )
    expect(usageEvents.nodes).toEqual([
      { totalCost: { amount: '1', currency: 'USD' } },
      { totalCost: { amount: '3', currency: 'USD' } },
    ])
  })

  test.each([
    ['begins with one that is there', '2026-01-01T00:00:00Z'],
    ['begins ahead of one that is there', '2025-01-01T00:00:00Z'],
    ['has no lower bound when there is one already', null],
  ])('a price that %s is refused, and nothing changes', async (_, from) => {
    const price = await newModel()
    await operator.query(ADD, price('2026-01-01T00:00:00Z'))
    const before = await auditCount()
    const { extensions } = await operator.refusal(ADD, price(from, '9'))
    expect(extensions).toMatchObject({ code: 'CONFLICT', field: 'effectiveFrom' })
    expect(await auditCount()).toBe(before)
    const { modelPrices } = await operator.query<{ modelPrices: { nodes: unknown } }>(PRICES, {
      model: price(null).input.modelName,
    })
    expect(modelPrices.nodes).toMatchObject([{ effectiveFrom: '2026-01-01T00:00:00Z', effectiveTo: null }])
  })

  test('of many prices for the same moment at once, one is taken', async () => {
    const price = await newModel()
    await operator.query(ADD, price(null))
    const answers = await Promise.all(
      ['2', '3', '4', '5'].map((amount) => operator.send(ADD, price('2026-05-01T00:00:00Z', amount))),
    )
    expect(answers.filter(({ errors }) => errors === undefined)).toHaveLength(1)
    expect(
      answers.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions['code']) ?? []),
    ).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT'])
  })

  test('a version has prices of its own', async () => {
    const price = await newModel()
    await operator.query(ADD, price(null))
    const { addModelPrice } = await operator.query<{ addModelPrice: unknown }>(
      ADD,
      price(null, '7', { modelVersion: '2026-06' }),
    )
    expect(addModelPrice).toMatchObject({ modelPrice: { modelVersion: '2026-06' }, replacedPrice: null })
  })

  test.each([
    ['a provider that is not there', { provider: 'pricedd' }, 'input.provider', 'did you mean priced?'],
    ['a model that is not there', { modelName: 'priced-' }, 'input.modelName', 'did you mean priced-'],
    ['a currency that is none', { currency: 'dollar' }, 'input.currency', 'three capital letters'],
    ['no rates', { rates: [] }, 'input.rates', 'at least one'],
    [
      'a negative rate',
      { rates: [{ component: 'INPUT', amount: '-1' }] },
      'input.rates[0].amount',
      'must not be negative',
    ],
    [
      'a unit of another component',
      { rates: [{ component: 'IMAGE', amount: '1', unit: 'PER_REQUEST' }] },
      'input.rates[0].unit',
      'PER_IMAGE',
    ],
  ])('%s is refused, naming the field', async (_, changes, field, words) => {
    const price = await newModel()
    const { extensions, message } = await operator.refusal(ADD, price(null, '1', changes))
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field })
    expect(message).toContain(words)
  })
})

test('the control plane’s audit trail names nobody but by id', async () => {
  const { rows } = await gateway.database.admin.query<{ row: string }>(
    'select to_jsonb(l)::text as row from public.platform_audit_logs l',
  )
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.map(({ row }) => row).join()).not.toMatch(/@/)
})
