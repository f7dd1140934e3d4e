import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoUsage, hasDemoUsage, loadDemoUsage } from '../../../src/modules/usage/demo-usage.js'
import { usageOrganization, type UsageOrganization } from './usage-organization.js'

const created = Date.parse('2026-03-10T15:30:00Z') * 1000
const three = ['a', 'b', 'c']

test('a hundred events are shared by three organizations, 60, 30 and 10, over thirty days', () => {
  const sets = ['techcorp', 'startupio', 'digitalagency'].map((name) => demoUsage(name, three, created))
  expect(sets.map(({ length }) => length)).toEqual([60, 30, 10])
  const ids = sets.flat().map(({ eventId }) => eventId)
  expect(new Set(ids).size).toBe(100)
  const days = sets.flat().map(({ occurredAt }) => occurredAt.slice(0, 10))
  expect([days.sort().at(0), days.sort().at(-1)]).toEqual(['2026-02-09', '2026-03-10'])
  expect(new Set(days).size).toBe(30)
})

test('record n has its day, hour, model, tokens and person by n', () => {
  const events = new Map(demoUsage('techcorp', three, created).map((event) => [event.eventId, event]))
  expect(events.get('demo-0')).toMatchObject({
    occurredAt: '2026-03-10T00:00:00Z',
    modelName: 'gpt-4o',
    inputTokens: 200,
    outputTokens: 100,
    userId: 'a',
    service: 'chat',
    source: 'api',
  })
  // n = 51 is the 32nd record of TechCorp: day 15 before, 7·51 mod 24 = 21 o'clock, model 51 mod 4 = 3
  expect(events.get('demo-51')).toMatchObject({
    occurredAt: '2026-02-23T21:00:00Z',
    modelName: 'gpt-3.5-turbo',
    inputTokens: 200 + ((37 * 51) % 1800),
    outputTokens: 100 + ((53 * 51) % 900),
    userId: 'b',
  })
})

test('only sets there are have usage', () => {
  expect(['techcorp', 'acme', 'testclient', 'constructor'].map(hasDemoUsage)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

let organization: UsageOrganization
beforeAll(async () => {
  organization = await usageOrganization()
  await organization.rows(`insert into users (email) values ('Ada@acme.example'), ('bob@acme.example')`)
})
afterAll(() => organization?.end())

const load = (name: string, createdAt: string): Promise<number> =>
  organization.inside((session) =>
    loadDemoUsage(session, { name, emails: ['ada@acme.example', 'bob@acme.example'], createdAt }),
  )

test('loading adds the events priced and the budget, and loading again adds nothing', async () => {
  const createdAt = '2026-03-10T15:30:00.123456Z'
  expect(await load('techcorp', createdAt)).toBe(60)
  expect(await load('techcorp', createdAt)).toBe(0)
  const events = await organization.rows(
    `select count(*) as events, count(distinct user_id) as people, count(*) filter (where cost_source = 'priced') as priced
     from usage_events`,
  )
  expect(events).toEqual([{ events: 60, people: 2, priced: 60 }])
  const budgets = await organization.rows(
    `select scope_type, period_type, trim_scale(monthly_limit) as limit, currency, alert_thresholds::text as alerts, status
     from budgets`,
  )
  expect(budgets).toEqual([
    {
      scope_type: 'organization',
      period_type: 'monthly',
      limit: '5000',
      currency: 'USD',
      alerts: '{80.00}',
      status: 'active',
    },
  ])
})

test('Acme has one call of the tool OpenAI GPT-4', async () => {
  expect(await load('acme', '2026-03-10T15:30:00.123456Z')).toBe(1)
  const rows = await organization.rows(
    `select e.occurred_at, t.name, e.action_type, e.source, e.anonymized, u.email
     from usage_events e join tool_catalog t on t.id = e.tool_id join users u on u.id = e.user_id`,
  )
  expect(rows).toEqual([
    {
      occurred_at: '2026-03-10T15:30:00.123456Z',
      name: 'OpenAI GPT-4',
      action_type: 'api_call',
      source: 'api',
      anonymized: false,
      email: 'Ada@acme.example',
    },
  ])
})
