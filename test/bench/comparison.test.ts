import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { buildSchema, parse, validate } from 'graphql'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'

const load = (file: string) => import(/* @vite-ignore */ pathToFileURL(join(packageRoot, 'bench', file)).href)

const { decimal, moment, rowId, whole } = await load('comparison/normal-form.js')
const { orgscope } = await load('comparison/dialects/orgscope.js')
const { postgraphile } = await load('comparison/dialects/postgraphile.js')
const { plain } = await load('comparison/dialects/plain.js')
const { outcomesOf, summaryOf, tableOf } = await load('comparison/summary.js')
const { assertEqualAnswers, firstDifference } = await load('support/report.js')
const { Child } = await load('support/child.js')
const { takeTurns } = await load('support/rounds.js')

const USER = '018d0000-0000-7000-8000-000000000001'
const EVENT = '01a1f8e4-9893-7957-ba10-e9c85baedbc3'
const TOOL = '01a1f8cd-0bd5-73fe-aa4c-b18c344bd50d'
const idOf = (...parts: string[]) => Buffer.from(parts.join('\n')).toString('base64url')

test('a moment is the same in every zone and with any zeros behind its fraction', () => {
  expect(moment('2025-06-01T10:00:00.120000+02:00')).toBe('2025-06-01T08:00:00.12Z')
  expect(moment('2025-06-01T08:00:00.12Z')).toBe('2025-06-01T08:00:00.12Z')
  expect(moment('2025-06-01T08:00:00.000000+0000')).toBe('2025-06-01T08:00:00Z')
  const millisecond = fc.integer({ min: 0, max: 4_102_444_800_000 })
  fc.assert(
    fc.property(millisecond, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, minutes) => {
      const local = new Date(at + minutes * 60_000).toISOString().slice(0, -1)
      const [sign, distance] = [minutes < 0 ? '-' : '+', Math.abs(minutes)]
      const zone = [Math.floor(distance / 60), distance % 60].map((part) => String(part).padStart(2, '0'))
      expect(moment(`${local}000${sign}${zone.join(':')}`)).toBe(moment(new Date(at).toISOString()))
    }),
  )
})

test('moments a microsecond apart are not the same', () => {
  expect(moment('2025-06-01T08:00:00.120001Z')).not.toBe(moment('2025-06-01T08:00:00.120000Z'))
})

test('a value without its zone or its digits is refused, not compared', () => {
  expect(() => moment('2025-06-01T08:00:00')).toThrow('not a moment')
  expect(() => decimal(0.1)).toThrow('not a decimal number in a string')
  expect(() => whole('9007199254740993')).toThrow('not a whole number')
  expect(() => whole(null)).toThrow('not a whole number')
})

test('an amount is the same with any zeros around its digits, and another with other digits', () => {
  expect(decimal('0.00074085')).toBe(decimal('0.0007408500'))
  expect([decimal('100'), decimal('-0.0'), decimal('0'), decimal(null)]).toEqual(['100', '0', '0', null])
  const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
  fc.assert(
    fc.property(digits, fc.nat(9), fc.nat(9), (whole, inFront, behind) => {
      const [, sign, number] = /^(-?)(\d+)$/.exec(String(whole))!
      expect(decimal(`${sign}${'0'.repeat(inFront)}${number}.5${'0'.repeat(behind)}`)).toBe(
        `${whole || sign}.5`,
      )
    }),
  )
})

test('the three dialects say the same of the same rows', () => {
  const event = {
    id: EVENT,
    occurredAt: '2025-01-01T00:05:00.007Z',
    inputTokens: 7,
    outputTokens: 11,
    cost: '0.00074085',
    user: { name: 'Ada', email: 'ada@acme.example', team: 'Research' },
    tool: { name: 'Scribe', vendor: null },
  }
  const user = { displayName: 'Ada', email: 'ada@acme.example' }
  const tokens = { inputTokens: 7, outputTokens: 11 }
  const texts = { inputTokens: '7', outputTokens: '11' }
  const said = [
    orgscope.b.answer({
      usageEvents: {
        nodes: [
          {
            id: idOf('UsageEvent', EVENT, '2025-01-01T00:05:00.007Z'),
            occurredAt: '2025-01-01T00:05:00.007Z',
            ...tokens,
            totalCost: { amount: '0.00074085' },
            user: { ...user, team: { name: 'Research' } },
            tool: event.tool,
          },
        ],
      },
    }),
    postgraphile.b.answer({
      allUsageEvents: {
        nodes: [
          {
            rowId: EVENT,
            occurredAt: '2025-01-01T00:05:00.007000+00:00',
            ...texts,
            totalCost: '0.0007408500',
            userByUserId: { ...user, teamByTeamId: { name: 'Research' } },
            tool: event.tool,
          },
        ],
      },
    }),
    plain.b.answer({
      usageEvents: [
        {
          id: EVENT,
          occurredAt: '2025-01-01T00:05:00.007Z',
          ...tokens,
          totalCost: '0.00074085',
          user: { ...user, team: { name: 'Research' } },
          tool: event.tool,
        },
      ],
    }),
  ]
  for (const rows of said) expect(rows).toEqual([event])
})

test('totals are the same in whatever order the groups come', () => {
  const group = (tool: string, month: string) => ({
    group: { toolId: idOf('Tool', tool), occurredAt: month },
    count: 1,
    sum: { inputTokens: 7, outputTokens: 11, totalCost: null },
  })
  const groups = [group(TOOL, '2025-01-01T00:00:00Z'), group(USER, '2025-01-01T00:00:00Z')]
  const answer = (usageEventsAggregate: unknown) => orgscope.d.answer({ usageEventsAggregate })
  expect(answer(groups)).toEqual(answer([...groups].reverse()))
  expect(answer(groups)[1]).toEqual({
    toolId: TOOL,
    month: '2025-01-01T00:00:00Z',
    events: 1,
    inputTokens: 7,
    outputTokens: 11,
    cost: null,
  })
})

test('every dialect names the same row, and its queries are GraphQL', () => {
  expect(rowId(orgscope.a.variables({ id: USER }).id)).toBe(USER)
  const schema = buildSchema(readFileSync(join(packageRoot, 'schema/tenant.graphql'), 'utf8'))
  for (const query of Object.keys(orgscope)) {
    expect(validate(schema, parse(orgscope[query].document))).toEqual([])
    expect(() => parse(postgraphile[query].document)).not.toThrow()
    expect(() => parse(plain[query].document)).not.toThrow()
  }
})

test('the first difference of two answers is found wherever it is', () => {
  const json = { noNullPrototype: true }
  const event = fc.record({ tool: fc.string() }, json)
  const team = fc.record({ name: fc.string(), events: fc.array(event, { minLength: 1 }) }, json)
  const answer = fc.array(team, { minLength: 1 })
  fc.assert(
    fc.property(answer, fc.nat(), fc.nat(), (teams, first, second) => {
      const [team, changed] = [first % teams.length, structuredClone(teams)]
      const event = second % teams[team]!.events.length
      changed[team]!.events[event]!.tool += '!'
      expect(firstDifference(teams, changed).path).toBe(`${team}.events.${event}.tool`)
      expect(() => assertEqualAnswers('c', teams, structuredClone(teams))).not.toThrow()
      expect(() => assertEqualAnswers('c', teams, changed)).toThrow(
        `c: the answers differ at ${team}.events.${event}.tool.`,
      )
    }),
  )
})

test('a missing row, a missing field and another kind of value are differences', () => {
  expect(firstDifference([1, 2], [1])).toEqual({ path: '1', left: '2', right: 'nothing' })
  expect(firstDifference({ team: 'A' }, { team: null })).toEqual({ path: 'team', left: 'A', right: 'null' })
  expect(firstDifference({ cost: '1' }, {})).toMatchObject({ path: 'cost', right: 'nothing' })
  expect(firstDifference(new Date(0), new Date(1))).toMatchObject({
    path: '',
    right: expect.stringContaining('1'),
  })
})

test('an answer that another request should have had is counted under load', async () => {
  const server = createServer((_request, response) => response.end('{"team":"acme"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const child = new Child('load.js')
  try {
    const { port } = server.address() as AddressInfo
    const requests = ['acme', 'globex'].map((team) => ({
      headers: {},
      body: team,
      answer: `{"team":"${team}"}`,
    }))
    const order = { url: `http://127.0.0.1:${port}`, requests, connections: 2, amount: 20 }
    expect(await child.ask(order)).toMatchObject({
      answered: 20,
      mismatches: 10,
      unexpected: '{"team":"acme"}',
    })
    expect(await child.ask({ ...order, pattern: '"team"' })).toMatchObject({ answered: 20, mismatches: 0 })
  } finally {
    await child.stop()
    server.close()
  }
})

test('each round begins with another side', async () => {
  const order: string[] = []
  const side = (name: string) => [name, async () => order.push(name)]
  await takeTurns({ rounds: 3, sides: Object.fromEntries(['a', 'b', 'c'].map(side)) })
  expect(order.join('')).toBe('abcbcacab')
})

interface Side {
  readonly perSecond: number
  readonly program: number
  readonly postgres: number
}

/** Summaries in which the gateway and PostGraphile measured the same for every query, and the ceiling answers 1,000/s. */
function summaries(orgscope: Side, rival?: Side) {
  const sides: Record<string, Side> = { orgscope, ...(rival === undefined ? {} : { PostGraphile: rival }) }
  const summary = (servers: Record<string, Side>) => {
    const round = Object.fromEntries(
      Object.entries(servers).map(([name, { perSecond }]) => [
        name,
        { perSecond, p50: 1, p99: 2, resident: 2 ** 20 },
      ]),
    )
    return summaryOf(
      [round],
      Object.fromEntries(Object.entries(servers).map(([name, each]) => [name, { each }])),
    )
  }
  const ceiling = { perSecond: 1_000, program: 1, postgres: 1 }
  return Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e'].map((query) => [
      query,
      summary(query === 'b' ? { ...sides, json_agg: ceiling } : sides),
    ]),
  )
}
const rival = { perSecond: 400, program: 200, postgres: 100 }

test('twice the requests meet the goal, and six tenths of the ceiling the other', () => {
  const outcomes = outcomesOf(summaries({ perSecond: 800, program: 190, postgres: 50 }, rival))
  expect(outcomes.map(({ met }: { met: boolean }) => met)).toEqual([true, true, true, true, true])
  expect(outcomes[0].value).toBe('2.00 (0.95)')
  expect(outcomes[4].value).toBe('0.80')
})

test('half the processor time meets the goal where Postgres is the limit, and only there', () => {
  const [bound] = outcomesOf(summaries({ perSecond: 640, program: 100, postgres: 300 }, rival))
  expect(bound).toMatchObject({ value: '1.60 (0.50, Postgres-bound)', met: true })
  const [unbound] = outcomesOf(summaries({ perSecond: 640, program: 100, postgres: 90 }, rival))
  expect(unbound).toMatchObject({ value: '1.60 (0.50)', met: false })
})

test('less than one and a half times the requests is marked to be explained', () => {
  const [outcome] = outcomesOf(summaries({ perSecond: 596, program: 190, postgres: 50 }, rival))
  expect(outcome).toMatchObject({ value: '1.49 (0.95) to be explained', met: false })
})

test('without PostGraphile there is only the ceiling to be held against', () => {
  const outcomes = outcomesOf(summaries({ perSecond: 590, program: 1, postgres: 1 }))
  expect(outcomes).toMatchObject([{ value: '0.59', met: false }])
})

test('the table has a row for each query and server, with the ratio to the gateway', () => {
  const lines: string[] = tableOf(summaries({ perSecond: 800, program: 190, postgres: 50 }, rival))
  expect(lines.find((line) => /^c +PostGraphile /.test(line))).toMatch(
    / 400 +1\.00 +2\.00 +200 +100 +1 +2\.00$/,
  )
  expect(lines.filter((line) => /^[a-e] +(orgscope|PostGraphile|json_agg) /.test(line))).toHaveLength(11)
})
