import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Decimal } from 'decimal.js'
import { print } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DemoServer } from '../docs/demo-server.js'
import { UsagePerMinuteDocument } from '../documents/documents.generated.js'
import { loadTrace } from '../modules/usage/azure-trace.js'

let demo: DemoServer
beforeAll(async () => {
  demo = await DemoServer.start()
}, 60_000)
afterAll(() => demo.stop())

interface Minute {
  readonly count: number
  readonly group: { readonly occurredAt: string }
  readonly sum: {
    readonly inputTokens: number
    readonly outputTokens: number
    readonly totalCost: { readonly amount: string; readonly currency: string }
  }
}

test('the Azure trace, imported into TechCorp, is one GraphQL query away: tokens and exact cost per minute', async () => {
  const { text, isPublished } = loadTrace()
  await writeFile(join(demo.folder, 'trace.csv'), text)
  const rows = text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))
    .map(([time = '', input = '', output = '']) => ({
      minute: time.slice(0, 16),
      input: Number(input),
      output: Number(output),
    }))

  const command =
    'npx orgscope usage import trace.csv --org techcorp --format azure-llm-trace --model gpt-4o-mini --json'
  const { code, stderr } = await demo.run(command)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })

  const { stdout } = await demo.run('npx orgscope token create --email jane.smith@techcorp.example --json')
  const { token } = JSON.parse(stdout) as { token: string }
  const headers = { authorization: `Bearer ${token}`, 'org-id': 'techcorp' }
  const query = print(UsagePerMinuteDocument)
    .replace('($filter: UsageEventFilter)', '')
    .replace('$filter', '{ occurredAt: { lt: "2024-01-01T00:00:00Z" } }')
  const { data, errors } = await demo.query('/graphql', headers, query)
  expect(errors).toBeUndefined()
  const minutes = (data as { usageEventsAggregate: Minute[] }).usageEventsAggregate

  const wanted = new Map<string, { count: number; input: number; output: number }>()
  for (const { minute, input, output } of rows) {
    const sum = wanted.get(minute) ?? { count: 0, input: 0, output: 0 }
    wanted.set(minute, { count: sum.count + 1, input: sum.input + input, output: sum.output + output })
  }
  // USD per million tokens, as gpt-4o-mini is listed.
  const costOf = (input: number, output: number): Decimal =>
    new Decimal('0.15').times(input).plus(new Decimal('0.60').times(output)).div(1_000_000)
  const expected = [...wanted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([minute, { count, input, output }]) => ({
      count,
      group: { occurredAt: `${minute.replace(' ', 'T')}:00Z` },
      sum: {
        inputTokens: input,
        outputTokens: output,
        totalCost: { amount: costOf(input, output).toFixed(), currency: 'USD' },
      },
    }))
  expect(minutes).toEqual(expected)

  const total = minutes.reduce((sum, minute) => sum.plus(minute.sum.totalCost.amount), new Decimal(0))
  if (isPublished) {
    expect(minutes.reduce((sum, minute) => sum + minute.sum.inputTokens, 0)).toBe(18_059_974)
    expect(minutes.reduce((sum, minute) => sum + minute.sum.outputTokens, 0)).toBe(245_896)
    expect(total.toFixed()).toBe('2.8565337')
  }
}, 120_000)
