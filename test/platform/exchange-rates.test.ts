import { afterAll, beforeAll, expect, test } from 'vitest'
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

const SET = `mutation ($rates: [ExchangeRateInput!]!) { setExchangeRates(rates: $rates) { added replaced } }`
const rate = (more: object = {}) => ({
  base: 'USD',
  quote: 'EUR',
  rate: '0.9',
  validOn: '2026-01-01',
  ...more,
})

test('rates are in force for every organization at once, and a corrected one replaces the wrong one', async () => {
  await acme.sql(
    `insert into usage_events (currency, total_cost, cost_source, occurred_at) values ('USD', 10, 'priced', '2026-01-05Z')`,
  )
  const inEuro = async () => {
    const { usageEventsAggregate } = await acme.as('viewer').query<{
      usageEventsAggregate: { sum: { totalCost: { amount: string } } }[]
    }>('{ usageEventsAggregate(in: "EUR") { sum { totalCost { amount } } } }')
    return usageEventsAggregate[0]?.sum.totalCost.amount
  }
  const set = async (rates: object[]) =>
    (await operator.query<{ setExchangeRates: unknown }>(SET, { rates })).setExchangeRates
  expect(await set([rate(), rate({ validOn: '2026-02-01', rate: '0.5' })])).toEqual({ added: 2, replaced: 0 })
  expect(await inEuro()).toBe('9')
  expect(await set([rate({ rate: '0.85' }), rate({ validOn: '2026-01-05', rate: '0.8' })])).toEqual({
    added: 1,
    replaced: 1,
  })
  expect(await inEuro()).toBe('8')
  const { rows } = await gateway.database.admin.query<{ event_type: string; details: unknown }>(
    `select event_type, details from public.platform_audit_logs where target_type = 'exchange_rate' order by id`,
  )
  expect(rows.map(({ event_type }) => event_type).sort()).toEqual([
    'exchange_rate.create',
    'exchange_rate.create',
    'exchange_rate.create',
    'exchange_rate.update',
  ])
  expect(rows.find(({ event_type }) => event_type.endsWith('update'))?.details).toEqual({
    old: { rate: '0.9' },
    new: { base: 'USD', quote: 'EUR', validOn: '2026-01-01', rate: '0.85' },
  })
})

test.each([
  ['to the same currency', [rate({ quote: 'USD' })], 'rates[0].quote'],
  ['of nothing', [rate(), rate({ validOn: '2026-01-02', rate: '0.000' })], 'rates[1].rate'],
  ['below zero', [rate({ rate: '-1' })], 'rates[0].rate'],
  ['given twice', [rate(), rate({ rate: '1' })], 'rates[1].validOn'],
])('a rate %s is refused, and none is stored', async (_, rates, field) => {
  const count = async () =>
    (await gateway.database.admin.query('select count(*) from public.exchange_rates')).rows[0] as unknown
  const before = await count()
  const { extensions } = await operator.refusal(SET, { rates })
  expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field })
  expect(await count()).toEqual(before)
})

test.each(['2026-02-30', '0000-01-01', '2026-1-1', '20260101', 'today'])('%s is no day', async (validOn) => {
  const { message } = await operator.refusal(SET, { rates: [rate({ validOn })] })
  expect(message).toMatch(/A day by RFC 3339/)
})

test('more rates than one call takes are refused with the limit', async () => {
  const rates = Array.from({ length: 1_001 }, () => rate())
  expect((await operator.refusal(SET, { rates })).extensions).toEqual({
    code: 'LIMIT_EXCEEDED',
    limit: 'rates',
    allowed: 1_000,
    asked: 1_001,
  })
})
