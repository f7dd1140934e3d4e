import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordUsage, type UsageResult } from '../../../src/modules/usage/record-usage.js'
import type { UsageEventInput } from '../../../src/modules/usage/usage-event-input.js'
import { usageOrganization, type UsageOrganization } from './usage-organization.js'

let acme: UsageOrganization
beforeAll(async () => {
  acme = await usageOrganization()
})
afterAll(() => acme?.end())

let made = 0
/** A sound event that no other test sends. */
function anEvent(facts: Partial<UsageEventInput> = {}): UsageEventInput {
  return {
    eventId: `event-${++made}`,
    occurredAt: '2024-03-05T10:20:30.123456Z',
    provider: 'openai',
    modelName: 'gpt-4o-mini',
    inputTokens: 4808,
    outputTokens: 10,
    ...facts,
  }
}

async function record(...events: UsageEventInput[]): Promise<UsageResult[]> {
  return (await acme.inside((session) => recordUsage(session, events, { source: 'api' }))).results
}

/** Totals of both rollups and of the events they are made from: always equal. */
async function totals() {
  const [row] = await acme.rows(`
    select
      (select row(count(*), sum(input_tokens), sum(output_tokens), sum(cached_input_tokens), sum(total_tokens),
        sum(total_cost), count(*) filter (where success), count(*) filter (where cost_source = 'unpriced'),
        coalesce(sum(response_time_ms), 0), count(response_time_ms), min(response_time_ms), max(response_time_ms),
        max(occurred_at))::text from usage_events) as events,
      (select row(sum(total_requests), sum(total_input_tokens), sum(total_output_tokens),
        sum(total_cached_input_tokens), sum(total_tokens), sum(total_cost), sum(successful_requests),
        sum(unpriced_requests), sum(total_response_time_ms), sum(timed_requests), min(min_response_time_ms),
        max(max_response_time_ms), max(last_event_at))::text from usage_rollups_hourly) as hourly,
      (select row(sum(total_requests), sum(total_input_tokens), sum(total_output_tokens),
        sum(total_cached_input_tokens), sum(total_tokens), sum(total_cost), sum(successful_requests),
        sum(unpriced_requests), sum(total_response_time_ms), sum(timed_requests), min(min_response_time_ms),
        max(max_response_time_ms), max(last_event_at))::text from usage_rollups_daily) as daily`)
  return row as { events: string; hourly: string; daily: string }
}

describe('an event', () => {
  test('is stored with its exact time, its cost, and the price it was computed from', async () => {
    const [result] = await record(anEvent())
    expect(result).toMatchObject({
      status: 'accepted',
      occurredAt: '2024-03-05T10:20:30.123456Z',
      totalCost: '0.0007272',
      currency: 'USD',
      costSource: 'priced',
    })
    const [row] = await acme.rows(
      `select e.occurred_at, e.total_tokens, e.input_cost, e.output_cost, e.total_cost, e.source, e.action_type,
         p.model_name as price_of, m.model_name as model
       from usage_events e join llm_model_pricing p on p.id = e.price_id left join llm_models m on m.id = e.model_id
       where e.id = $1`,
      [(result as { id: string }).id],
    )
    expect(row).toEqual({
      occurred_at: '2024-03-05T10:20:30.123456Z',
      total_tokens: 4818,
      input_cost: '0.0007212',
      output_cost: '0.000006',
      total_cost: '0.0007272',
      source: 'api',
      action_type: 'api_call',
      price_of: 'gpt-4o-mini',
      model: 'gpt-4o-mini',
    })
  })

  test('gets its provider from the price when it names none', async () => {
    const { provider: _, ...event } = anEvent()
    const [result] = await record(event)
    const [row] = await acme.rows('select provider, cost_source from usage_events where id = $1', [
      idOf(result),
    ])
    expect(row).toEqual({ provider: 'openai', cost_source: 'priced' })
  })

  test('of an unknown model is unpriced, not free of charge', async () => {
    const [result] = await record(anEvent({ modelName: 'gpt-unheard-of' }))
    expect(result).toMatchObject({ status: 'accepted', costSource: 'unpriced' })
    const [row] = await acme.rows(
      'select input_cost, output_cost, total_cost, price_id from usage_events where id = $1',
      [idOf(result)],
    )
    expect(row).toEqual({ input_cost: null, output_cost: null, total_cost: null, price_id: null })
  })

  test('keeps the cost its sender reports beside ours', async () => {
    const [result] = await record(anEvent({ reportedCost: { amount: '0.01', currency: 'EUR' } }))
    const [row] = await acme.rows(
      'select total_cost, reported_cost, reported_currency from usage_events where id = $1',
      [idOf(result)],
    )
    expect(row).toEqual({ total_cost: '0.0007272', reported_cost: '0.01', reported_currency: 'EUR' })
  })

  test('is priced by what the organization negotiated before the list price', async () => {
    await acme.rows(`
      with negotiated as (
        insert into price_overrides (provider, model_name, effective_from, effective_to)
        values ('openai', 'gpt-4o', '2024-06-01Z', '2024-07-01Z') returning id
      )
      insert into price_override_components (override_id, component, amount)
      select id, component, amount from negotiated, (values ('input', 1), ('output', 2)) as r (component, amount)`)
    const tokens = { modelName: 'gpt-4o', inputTokens: 1_000_000, outputTokens: 1_000_000 }
    const results = await record(
      anEvent({ ...tokens, occurredAt: '2024-06-15T00:00:00Z' }),
      anEvent({ ...tokens, occurredAt: '2024-07-01T00:00:00Z' }),
    )
    expect(results).toMatchObject([
      { totalCost: '3', costSource: 'override' },
      { totalCost: '12.5', costSource: 'priced' },
    ])
  })

  test('takes team and department from the directory as they are now', async () => {
    const [team] = await acme.rows<{ id: string }>(`insert into teams (name) values ('Squad') returning id`)
    const [user] = await acme.rows<{ id: string }>(
      `insert into users (email, team_id, department) values ('ada@acme.example', $1, 'Research') returning id`,
      [team!.id],
    )
    const [result] = await record(anEvent({ userId: user!.id }))
    const [row] = await acme.rows('select team_id, department from usage_events where id = $1', [
      idOf(result),
    ])
    expect(row).toEqual({ team_id: team!.id, department: 'Research' })
  })

  test('finds its tool in the catalogue by name or alias', async () => {
    const [tool] = await acme.rows<{ id: string }>(
      `insert into tool_catalog (name, aliases) values ('Quill', '{"Quill Pro"}') returning id`,
    )
    const [result] = await record(anEvent({ toolName: 'quill pro' }))
    const [row] = await acme.rows('select tool_id, tool_name from usage_events where id = $1', [idOf(result)])
    expect(row).toEqual({ tool_id: tool!.id, tool_name: 'quill pro' })
  })

  test('keeps what was sent and answered apart from the event', async () => {
    const [result] = await record(
      anEvent({ requestData: { prompt: 'Hello' }, responseData: ['Hi'], errorMessage: 'late' }),
    )
    const [row] = await acme.rows(
      `select p.request_data, p.response_data, p.error_message from usage_payloads p where usage_event_id = $1`,
      [idOf(result)],
    )
    expect(row).toEqual({ request_data: { prompt: 'Hello' }, response_data: ['Hi'], error_message: 'late' })
  })

  test('that is anonymized says nothing of a person', async () => {
    const [user] = await acme.rows<{ id: string }>(
      `insert into users (email) values ('anon@acme.example') returning id`,
    )
    const [result] = await record(
      anEvent({
        anonymized: true,
        userId: user!.id,
        username: 'anon',
        sessionId: 's',
        rawLogId: 'r',
        ipAddress: '192.0.2.1',
        userAgent: 'curl',
        metadata: { who: 'anon' },
        requestData: 'I am Anon',
      }),
    )
    const [row] = await acme.rows(
      `select user_id, username, session_id, raw_log_id, ip_address, user_agent, metadata,
         (select count(*) from usage_payloads where usage_event_id = e.id) as payloads
       from usage_events e where id = $1`,
      [idOf(result)],
    )
    expect(row).toEqual({
      user_id: null,
      username: null,
      session_id: null,
      raw_log_id: null,
      ip_address: null,
      user_agent: null,
      metadata: {},
      payloads: 0,
    })
  })

  test('may hold any text, also the words and signs of arrays', async () => {
    const texts = ['null', '', '{a,b}', '"quoted"', 'back\\slash', "it's", 'tab\tline\nbreak', '{}', 'ä😀,;']
    const results = await record(
      ...texts.map((text) => anEvent({ metadata: { text }, department: text || null })),
    )
    const rows = await acme.rows('select id, metadata, department from usage_events where id = any($1)', [
      results.map(idOf),
    ])
    const found = new Map(rows.map((row) => [row['id'], row]))
    texts.forEach((text, index) => {
      expect(found.get(idOf(results[index]))).toMatchObject({ metadata: { text }, department: text || null })
    })
  })
})

describe('an event that breaks a rule is rejected alone', () => {
  const unknownId = '00000000-0000-4000-8000-000000000000'
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['tokens are missing', { inputTokens: undefined }, 'inputTokens', /is missing/],
    ['tokens are negative', { outputTokens: -1 }, 'outputTokens', /negative/],
    ['tokens are no whole number', { inputTokens: 1.5 }, 'inputTokens', /whole number|of type int/],
    ['more tokens are cached than sent', { cachedInputTokens: 4809 }, 'cachedInputTokens', /cannot be more/],
    ['the time is no time', { occurredAt: '2024-02-30T00:00:00Z' }, 'occurredAt', /RFC 3339/],
    ['the time is far in the future', { occurredAt: '2999-01-01T00:00:00Z' }, 'occurredAt', /future/],
    ['the time is before computers', { occurredAt: '1899-01-01T00:00:00Z' }, 'occurredAt', /1970/],
    ['a field is unknown', { tokens: 5 }, 'tokens', /not a field/],
    [
      'a field inside a field is unknown',
      { reportedCost: { amount: '1', currency: 'USD', cents: 3 } },
      'reportedCost.cents',
      /not a field/,
    ],
    ['a word is none of the list', { service: 'telepathy' }, 'service', /one of chat/],
    [
      'an amount is negative',
      { reportedCost: { amount: '-1', currency: 'USD' } },
      'reportedCost.amount',
      /decimal/,
    ],
    ['a text holds NUL', { department: 'a\0b' }, 'department', /cannot be stored/],
    ['metadata holds NUL', { metadata: { a: '\0' } }, 'metadata', /cannot be stored/],
    ['an address is none', { ipAddress: '300.1.1.1' }, 'ipAddress', /IP address/],
    ['the user does not exist', { userId: unknownId }, 'userId', /does not exist/],
    ['the team does not exist', { teamId: unknownId }, 'teamId', /does not exist/],
    ['the cost center does not exist', { costCenterId: unknownId }, 'costCenterId', /does not exist/],
    ['the tool is not in the catalogue', { toolId: unknownId }, 'toolId', /not in the catalogue/],
    ['the model is not in the catalogue', { modelId: unknownId }, 'modelId', /not in the catalogue/],
  ])('%s', async (_, facts, field, reason) => {
    const bad = { ...anEvent(), ...facts } as unknown as UsageEventInput
    const results = await record(anEvent(), bad, anEvent())
    expect(results.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'accepted'])
    expect(results[1]).toMatchObject({
      code: 'invalid',
      field,
      reason: expect.stringMatching(reason) as string,
    })
  })
})

describe('an event sent again', () => {
  test('adds nothing and names the first one', async () => {
    const event = anEvent()
    const [first] = await record(event)
    const before = await totals()
    const [second] = await record(event)
    expect(second).toEqual({
      status: 'duplicate',
      id: idOf(first),
      occurredAt: '2024-03-05T10:20:30.123456Z',
    })
    expect(await totals()).toEqual(before)
  })

  test('adds nothing within one batch', async () => {
    const event = anEvent()
    const results = await record(event, anEvent(), event)
    expect(results.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'duplicate'])
    expect(idOf(results[2])).toBe(idOf(results[0]))
  })

  test('is the same event in another notation', async () => {
    const event = anEvent({ metadata: { a: 1, b: { c: 2, d: 3 } } })
    await record(event)
    const [again] = await record({
      ...event,
      occurredAt: '2024-03-05T11:20:30.123456+01:00',
      metadata: { b: { d: 3, c: 2 }, a: 1 },
      department: null,
    })
    expect(again).toMatchObject({ status: 'duplicate' })
  })

  test('with other content is a conflict', async () => {
    const event = anEvent()
    const [, sameBatch] = await record(event, { ...event, outputTokens: 11 })
    const [later] = await record({ ...event, occurredAt: '2024-03-05T10:20:31Z' })
    for (const result of [sameBatch, later]) {
      expect(result).toMatchObject({ status: 'rejected', code: 'conflict', field: 'eventId' })
    }
  })

  test('by another way is another event', async () => {
    const event = anEvent()
    expect(await record(event, { ...event, source: 'proxy' })).toMatchObject([
      { status: 'accepted' },
      { status: 'accepted' },
    ])
  })

  test('cannot be told without an id', async () => {
    const { eventId: _, ...event } = anEvent()
    expect(await record(event, event)).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }])
  })

  test('by several senders at once in any order is recorded once', async () => {
    const events = Array.from({ length: 200 }, () => anEvent())
    const shuffled = [...events].reverse()
    const answers = await Promise.all([record(...events), record(...shuffled), record(...events)])
    const accepted = answers.flat().filter(({ status }) => status === 'accepted')
    expect(accepted).toHaveLength(200)
    expect(answers.flat().filter(({ status }) => status === 'duplicate')).toHaveLength(400)
  })

  test('after its transaction failed is new', async () => {
    const event = anEvent()
    const failing = acme.inside(async (session) => {
      await recordUsage(session, [event], { source: 'api' })
      throw new Error('something later fails')
    })
    await expect(failing).rejects.toThrow('something later fails')
    expect(await record(event)).toMatchObject([{ status: 'accepted' }])
  })
})

describe('the rollups', () => {
  test('always equal the events they sum up', async () => {
    await record(
      anEvent({ responseTimeMs: 120, success: false }),
      anEvent({ responseTimeMs: 40, cachedInputTokens: 8 }),
      anEvent({ occurredAt: '2024-03-05T23:59:59.999999Z', responseTimeMs: 7 }),
      anEvent({ occurredAt: '2024-03-06T00:00:00Z', modelName: null, inputTokens: null, outputTokens: null }),
    )
    await record(anEvent({ responseTimeMs: 5000 }))
    const { events, hourly, daily } = await totals()
    expect(hourly).toBe(events)
    expect(daily).toBe(events)
  })

  test('have one row per hour and dimensions, however many batches', async () => {
    const event = { toolName: 'Unlisted', occurredAt: '2030-01-01T05:15:00Z', actionType: 'rollup-test' }
    const now = Date.parse('2030-01-02T00:00:00Z') * 1000
    const send = () =>
      acme.inside((session) => recordUsage(session, [anEvent(event), anEvent(event)], { source: 'api', now }))
    await Promise.all([send(), send(), send()])
    const rows = await acme.rows(
      `select period_start, total_requests from usage_rollups_hourly where action_type = 'rollup-test'`,
    )
    expect(rows).toEqual([{ period_start: '2030-01-01T05:00:00Z', total_requests: 6 }])
  })
})

test('the number of statements does not depend on the number of events', async () => {
  const count = async (size: number): Promise<number> => {
    let sent = 0
    await acme.inside((session) => {
      const counting = Object.create(session, {
        run: { value: (query: never) => (sent++, session.run(query)) },
      }) as typeof session
      return recordUsage(
        counting,
        Array.from({ length: size }, () => anEvent()),
        { source: 'api' },
      )
    })
    return sent
  }
  expect(await count(1000)).toBe(await count(1))
})

function idOf(result: UsageResult | undefined): string {
  if (result === undefined || result.status === 'rejected') throw new Error(JSON.stringify(result))
  return result.id
}
