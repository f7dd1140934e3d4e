import { print } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../../src/entity/global-id.js'
import {
  AuditTrailDocument,
  RecordUsageDocument,
  UsageEventsDocument,
  UsagePerMinuteDocument,
  type RecordUsageMutation,
} from '../../documents/documents.generated.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

type Payload = NonNullable<RecordUsageMutation['recordUsage']>
/** As text, for events that do not fit the types. */
const RECORD = print(RecordUsageDocument)

let made = 0
const anEvent = (facts: Record<string, unknown> = {}): Record<string, unknown> => ({
  eventId: `sent ${++made}`,
  occurredAt: '2026-01-31T08:15:00.123456Z',
  modelName: 'gpt-4o-mini',
  inputTokens: 4808,
  outputTokens: 10,
  ...facts,
})

async function record(...events: Record<string, unknown>[]): Promise<Payload> {
  const { recordUsage } = await acme.as('member').query<{ recordUsage: Payload }>(RECORD, { events })
  return recordUsage
}
const statusesOf = ({ results }: Payload) => results.map(({ status }) => status)
const eventsInTotal = async () =>
  (await acme.sql<{ count: number }>('select count(*) from usage_events'))[0]!.count
const nobody = '00000000-0000-7000-8000-000000000000'

describe('a recorded event', () => {
  test('is read back by its id, to the microsecond and exactly priced', async () => {
    const payload = await record(anEvent({ metadata: { cost: 1.5, tags: ['a'] } }))
    expect(payload).toMatchObject({ accepted: 1, duplicates: 0, rejected: 0 })
    const { node } = await acme.as('viewer').query<{ node: object }>(
      `query($id: ID!) { node(id: $id) { ... on UsageEvent { id occurredAt inputTokens totalTokens costSource metadata
        totalCost { amount currency } inputCost { amount } model { modelName } source success } } }`,
      { id: payload.results[0]!.id },
    )
    expect(node).toEqual({
      id: payload.results[0]!.id,
      occurredAt: '2026-01-31T08:15:00.123456Z',
      inputTokens: 4808,
      totalTokens: 4818,
      costSource: 'PRICED',
      metadata: { cost: 1.5, tags: ['a'] },
      totalCost: { amount: '0.0007272', currency: 'USD' },
      inputCost: { amount: '0.0007212' },
      model: { modelName: 'gpt-4o-mini' },
      source: 'API',
      success: true,
    })
  })

  test('is found by the moment it was read with', async () => {
    const { results } = await record(anEvent({ occurredAt: '2026-02-01T00:00:00.000001Z' }))
    const { usageEvents } = await acme.as('viewer').query(UsageEventsDocument, {
      filter: { occurredAt: { eq: '2026-02-01T00:00:00.000001Z' } },
    })
    expect(usageEvents?.nodes.map(({ id }) => id)).toEqual([results[0]!.id])
  })

  test('may be written into the document instead of a variable', async () => {
    const { recordUsage } = await acme.as('member').query<{
      recordUsage: Payload
    }>(`mutation { recordUsage(events: [{
      occurredAt: "2026-01-31T08:15:00Z", toolName: "Quill", metadata: { inline: true, deep: { list: [1, null] } },
      reportedCost: { amount: 12.50, currency: "EUR" }, source: SDK, service: AGENT }]) { results { status reason } } }`)
    expect(recordUsage.results).toEqual([{ status: 'ACCEPTED', reason: null }])
  })

  test('names its person, tool and model by their ids', async () => {
    const [model] = await acme.sql<{ id: string }>(
      `select id from llm_models where model_name = 'gpt-4o-mini'`,
    )
    const [tool] = await acme.sql<{ id: string }>(
      `insert into tool_catalog (name) values ('Brush') returning id`,
    )
    const userId = encodeId('User', [await acme.as('viewer').identityId()])
    const { results } = await record({
      ...anEvent({ userId, toolId: encodeId('Tool', [tool!.id]), modelId: encodeId('Model', [model!.id]) }),
      modelName: undefined,
    })
    const { usageEvent } = await acme
      .as('viewer')
      .query<{ usageEvent: object }>(
        `query($id: ID!) { usageEvent(id: $id) { user { id } tool { name } model { modelName } modelName } }`,
        { id: results[0]!.id },
      )
    expect(usageEvent).toEqual({
      user: { id: userId },
      tool: { name: 'Brush' },
      model: { modelName: 'gpt-4o-mini' },
      modelName: 'gpt-4o-mini',
    })
  })

  test('of an unknown model has no cost, which is not free', async () => {
    const { results } = await record(anEvent({ modelName: 'gpt-unheard-of' }))
    const { usageEvent } = await acme
      .as('viewer')
      .query<{ usageEvent: object }>(
        `query($id: ID!) { usageEvent(id: $id) { costSource totalCost { amount } inputCost { amount } } }`,
        { id: results[0]!.id },
      )
    expect(usageEvent).toEqual({ costSource: 'UNPRICED', totalCost: null, inputCost: null })
  })
})

describe('a batch of events', () => {
  test('is answered event by event, in the order sent', async () => {
    const again = anEvent()
    await record(again)
    const before = await eventsInTotal()
    const payload = await record(
      anEvent(),
      again,
      anEvent({ outputTokens: -1 }),
      { ...again, inputTokens: 1 },
      anEvent(),
    )
    expect(payload).toMatchObject({ accepted: 2, duplicates: 1, rejected: 2 })
    expect(payload.results).toMatchObject([
      { status: 'ACCEPTED', field: null, reason: null },
      { status: 'DUPLICATE', field: null, reason: null },
      { status: 'REJECTED', id: null, field: 'outputTokens' },
      { status: 'REJECTED', id: null, field: 'eventId' },
      { status: 'ACCEPTED', field: null, reason: null },
    ])
    expect(await eventsInTotal()).toBe(before + 2)
  })

  test('sent again adds nothing and names the events recorded before', async () => {
    const events = [anEvent(), anEvent()]
    const first = await record(...events)
    const before = await eventsInTotal()
    const second = await record(...events)
    expect(statusesOf(second)).toEqual(['DUPLICATE', 'DUPLICATE'])
    expect(second.results.map(({ id }) => id)).toEqual(first.results.map(({ id }) => id))
    expect(await eventsInTotal()).toBe(before)
  })

  test('sent twice at once is recorded once', async () => {
    const events = [anEvent(), anEvent(), anEvent()]
    const before = await eventsInTotal()
    const [left, right] = await Promise.all([record(...events), record(...[...events].reverse())])
    expect(left.accepted + right.accepted).toBe(3)
    expect(left.duplicates + right.duplicates).toBe(3)
    expect(await eventsInTotal()).toBe(before + 3)
  })

  test('of nothing is answered with nothing, and leaves no trace', async () => {
    const entries = async () => (await acme.sql('select from audit_logs')).length
    const before = await entries()
    expect(await record()).toEqual({ accepted: 0, duplicates: 0, rejected: 0, results: [] })
    expect(await record(anEvent({ occurredAt: '2999-01-01T00:00:00Z' }))).toMatchObject({ rejected: 1 })
    expect(await entries()).toBe(before)
  })

  test('has one entry in the audit trail, found by the id of its request', async () => {
    const answer = await acme.as('member').send(RECORD, { events: [anEvent(), anEvent()] })
    const trail = await acme.as('admin').query(AuditTrailDocument, {
      filter: { requestId: { eq: String(answer.headers['x-request-id']) } },
    })
    expect(trail).toMatchObject({
      auditEntries: {
        totalCount: 1,
        nodes: [
          {
            eventType: 'create',
            resourceType: 'usage',
            newValues: { events: 2 },
            changedFields: ['events'],
            user: { email: acme.as('member').email },
          },
        ],
      },
    })
  })

  test('of a thousand is taken, of a thousand and one refused with the limit', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => ({ occurredAt: '2026-01-01T00:00:00Z', toolName: 'X' }))
    expect(await record(...many(1_000))).toMatchObject({ accepted: 1_000 })
    const before = await eventsInTotal()
    expect((await acme.as('member').refusal(RECORD, { events: many(1_001) })).extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'events',
      allowed: 1_000,
      asked: 1_001,
    })
    expect(await eventsInTotal()).toBe(before)
  })

  test('with an id of the wrong type is refused as a whole, naming the place', async () => {
    const before = await eventsInTotal()
    for (const [field, type] of [
      ['userId', 'Team'],
      ['toolId', 'Model'],
      ['modelId', 'Tool'],
    ] as const) {
      const events = [anEvent(), anEvent({ [field]: encodeId(type, [nobody]) })]
      expect((await acme.as('member').refusal(RECORD, { events })).extensions).toEqual({
        code: 'BAD_USER_INPUT',
        field: `events[1].${field}`,
      })
    }
    expect(await eventsInTotal()).toBe(before)
  })
})

describe('an event is rejected by itself', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['when its person does not exist', { userId: encodeId('User', [nobody]) }, 'userId'],
    ['when its tool does not exist', { toolId: encodeId('Tool', [nobody]) }, 'toolId'],
    ['when its model does not exist', { modelId: encodeId('Model', [nobody]) }, 'modelId'],
    ['when it lies ahead of time', { occurredAt: '2999-01-01T00:00:00Z' }, 'occurredAt'],
    ['when it lies before 1970', { occurredAt: '1969-12-31T23:59:59Z' }, 'occurredAt'],
    ['when it names a model without tokens', { inputTokens: null }, 'inputTokens'],
    ['when more tokens were cached than sent', { cachedInputTokens: 4809 }, 'cachedInputTokens'],
    [
      'when its currency is none',
      { reportedCost: { amount: '1', currency: 'dollars' } },
      'reportedCost.currency',
    ],
    [
      'when its amount is negative',
      { reportedCost: { amount: '-1', currency: 'USD' } },
      'reportedCost.amount',
    ],
    ['when a text is empty', { actionType: '' }, 'actionType'],
    ['when a text holds NUL', { toolName: 'a\0b' }, 'toolName'],
    ['when its metadata hold NUL', { metadata: { deep: ['\0'] } }, 'metadata'],
  ])('%s', async (_, facts, field) => {
    const payload = await record(anEvent(), anEvent(facts), anEvent())
    expect(statusesOf(payload)).toEqual(['ACCEPTED', 'REJECTED', 'ACCEPTED'])
    expect(payload.results[1]).toMatchObject({ id: null, field, reason: expect.any(String) as string })
  })

  test('when its person belongs to another organization', async () => {
    const other = await gateway.organization()
    const userId = encodeId('User', [await other.as('member').identityId()])
    expect(await record(anEvent({ userId }))).toMatchObject({ rejected: 1, results: [{ field: 'userId' }] })
  })

  test.each<[string, Record<string, unknown>]>([
    ['without a time', { occurredAt: undefined }],
    ['with a time without zone', { occurredAt: '2026-01-01T00:00:00' }],
    ['with half a token', { inputTokens: 1.5 }],
    ['with more tokens than JSON holds', { inputTokens: 2 ** 53 }],
    ['with an unknown service', { service: 'TELEPATHY' }],
    ['with an unknown field', { teamId: 'x' }],
    ['with metadata that are no object', { metadata: 'x' }],
  ])('but its request is refused before anything runs when one comes %s', async (_, facts) => {
    gateway.statements.length = 0
    const refusal = await acme.as('member').refusal(RECORD, { events: [anEvent(facts)] })
    expect(refusal.code).toBe('BAD_USER_INPUT')
    expect(gateway.statements).toEqual([])
  })
})

test('the events of an organization add up minute by minute', async () => {
  const own = await gateway.organization()
  const events = ['08:00:00Z', '08:00:59.999999Z', '08:01:00Z'].map((time) =>
    anEvent({ occurredAt: `2026-03-01T${time}` }),
  )
  await own.as('member').query(RECORD, { events })
  expect(await own.as('viewer').query(UsagePerMinuteDocument, { filter: {} })).toEqual({
    usageEventsAggregate: [
      {
        group: { occurredAt: '2026-03-01T08:00:00Z' },
        count: 2,
        sum: { inputTokens: 9616, outputTokens: 20, totalCost: { amount: '0.0014544', currency: 'USD' } },
      },
      {
        group: { occurredAt: '2026-03-01T08:01:00Z' },
        count: 1,
        sum: { inputTokens: 4808, outputTokens: 10, totalCost: { amount: '0.0007272', currency: 'USD' } },
      },
    ],
  })
})
