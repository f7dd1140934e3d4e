import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelPricesDocument } from '../../documents/documents.generated.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let other: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization({ modules: [] })
  other = await gateway.organization({ modules: [] })
})
afterAll(() => gateway?.close())

test('a model has its provider and its prices, the latest first, with their rates', async () => {
  await acme.sql(`
    with provider as (insert into llm_providers (name, provider_type) values ('Lab', 'local') returning id),
    model as (insert into llm_models (provider_id, model_name) select id, 'lab-1' from provider returning id),
    price as (
      insert into llm_model_pricing (provider, model_name, model_id, currency, effective_from, effective_to)
      select 'Lab', 'lab-1', id, currency, start::timestamptz, "end"::timestamptz
      from model, (values ('EUR', '-infinity', '2026-01-01Z'), ('USD', '2026-01-01Z', null)) p (currency, start, "end")
      returning id, currency
    )
    insert into llm_price_components (pricing_id, component, unit, amount, min_context_tokens)
    select id, component, unit, amount, tokens from price,
      (values ('output', 'per_1m_tokens', 0.60, 0), ('input', 'per_1m_tokens', 0.000000000000000000015, 0),
              ('input', 'per_1m_tokens', 0.30, 200000), ('request', 'per_request', 1, 0))
        r (component, unit, amount, tokens)
    where currency = 'USD'`)
  const rate = (component: string, amount: string, minContextTokens = 0) => ({
    component,
    amount,
    unit: component === 'REQUEST' ? 'PER_REQUEST' : 'PER_1M_TOKENS',
    minContextTokens,
  })
  const { models } = await acme.as('member').query(ModelPricesDocument, { modelName: 'lab-1' })
  expect(models?.nodes).toMatchObject([
    {
      isActive: true,
      provider: { name: 'Lab', providerType: 'LOCAL' },
      prices: {
        nodes: [
          {
            currency: 'USD',
            effectiveFrom: '2026-01-01T00:00:00Z',
            effectiveTo: null,
            rates: [
              rate('INPUT', '0.000000000000000000015'),
              rate('INPUT', '0.3', 200_000),
              rate('OUTPUT', '0.6'),
              rate('REQUEST', '1'),
            ],
          },
          // A first known price has no lower bound in time.
          { currency: 'EUR', effectiveFrom: null, effectiveTo: '2026-01-01T00:00:00Z', rates: [] },
        ],
      },
    },
  ])
})

test('prices without a lower bound in time are sorted and paged as the earliest', async () => {
  const page = async (after: string | null) => {
    const { modelPrices } = await acme.as('viewer').query<{
      modelPrices: {
        nodes: { effectiveFrom: string | null }[]
        pageInfo: { hasNextPage: boolean; endCursor: string }
      }
    }>(
      `query($after: String) { modelPrices(first: 1, after: $after, filter: { modelName: { eq: "lab-1" } },
         orderBy: [{ field: EFFECTIVE_FROM }]) { nodes { effectiveFrom } pageInfo { hasNextPage endCursor } } }`,
      { after },
    )
    return modelPrices
  }
  const first = await page(null)
  const second = await page(first.pageInfo.endCursor)
  expect(
    [first, second].map(({ nodes, pageInfo }) => [nodes[0]!.effectiveFrom, pageInfo.hasNextPage]),
  ).toEqual([
    [null, true],
    ['2026-01-01T00:00:00Z', false],
  ])
})

test('every organization reads the same catalogue, tools with all their names included', async () => {
  await acme.sql(
    `insert into tool_catalog (name, type, aliases, extra) values ('Quill', 'assistant', '{"quill pro","Ink, \\"&\\" Co"}', '{"seats": 5}')`,
  )
  const query = `{ tools(filter: { name: { eq: "Quill" } }) { nodes { id name type aliases extra vendor } } }`
  const ours = await acme.as('member').query<{ tools: { nodes: object[] } }>(query)
  expect(ours.tools.nodes).toMatchObject([
    {
      name: 'Quill',
      type: 'ASSISTANT',
      aliases: ['quill pro', 'Ink, "&" Co'],
      extra: { seats: 5 },
      vendor: null,
    },
  ])
  expect(await other.as('viewer').query(query)).toEqual(ours)
})

test('no organization may write the catalogue', async () => {
  for (const field of ['createModel', 'createProvider', 'addModelPrice']) {
    const { errors } = await acme.as('owner').send(`mutation { ${field}(input: {}) { __typename } }`)
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
  }
  const before = await acme.sql('select * from tool_catalog')
  await acme.as('owner').query(`mutation { createTool(input: { name: "Ours" }) { tool { id } } }`)
  expect(await acme.sql('select * from tool_catalog')).toEqual(before)
})
