import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { azureLlmTrace } from '../../../src/modules/usage/import/azure-llm-trace.js'
import { chooseModel } from '../../../src/modules/usage/import/choose-model.js'
import { importUsage, type ImportOptions } from '../../../src/modules/usage/import/import-usage.js'
import type { ImportReport } from '../../../src/modules/usage/import/import-report.js'
import type { RejectedRow } from '../../../src/modules/usage/import/trace-row.js'
import { tenantScope } from '../../../src/tenancy/session-scope.js'
import { dollars, generatedTrace, loadTrace, sumOf } from './azure-trace.js'
import { usageOrganization, type UsageOrganization } from './usage-organization.js'

let acme: UsageOrganization
beforeAll(async () => {
  acme = await usageOrganization()
})
afterAll(() => acme?.end())
beforeEach(async () => {
  await acme.rows(
    'truncate usage_events, usage_payloads, usage_ingest_keys, usage_rollups_hourly, usage_rollups_daily',
  )
})

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens'

async function importText(
  text: string | Buffer,
  options: Partial<ImportOptions> = {},
): Promise<ImportReport & { rejects: RejectedRow[] }> {
  const rejects: RejectedRow[] = []
  const report = await importUsage({
    source: Readable.from([text], { objectMode: false }),
    format: azureLlmTrace,
    model: { provider: 'openai', modelName: 'gpt-4o-mini' },
    pool: acme.gateway,
    scope: tenantScope(acme.tenant, acme.organizationId),
    onRejected: (row) => rejects.push(row),
    ...options,
  })
  return { ...report, rejects }
}

async function stored() {
  const [row] = await acme.rows(`
    select count(*) as events, sum(input_tokens)::bigint as input, sum(output_tokens)::bigint as output,
      trim_scale(sum(total_cost)) as cost, (select count(*) from usage_ingest_keys) as keys,
      (select trim_scale(sum(total_cost)) from usage_rollups_hourly) as hourly,
      (select trim_scale(sum(total_cost)) from usage_rollups_daily) as daily
    from usage_events`)
  return row
}

function shuffled(text: string): string {
  const [header, ...rows] = text.split(/\r?\n/)
  let seed = 42
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
  for (let last = rows.length - 1; last > 0; last--) {
    const other = random(last + 1)
    ;[rows[last], rows[other]] = [rows[other]!, rows[last]!]
  }
  return [header, ...rows].join('\n')
}

describe('the trace of a production service', () => {
  const { text, isPublished } = loadTrace()
  const sum = sumOf(text)

  test('is imported to the last token and the last digit of its cost', async () => {
    const report = await importText(text)
    expect(report).toMatchObject({
      rows: sum.rows,
      added: sum.rows,
      duplicates: 0,
      rejected: 0,
      unpriced: 0,
      inputTokens: sum.input,
      outputTokens: sum.output,
      cost: [{ amount: dollars(sum.cost), currency: 'USD' }],
    })
    expect(await stored()).toEqual({
      events: sum.rows,
      keys: sum.rows,
      input: sum.input,
      output: sum.output,
      cost: dollars(sum.cost),
      hourly: dollars(sum.cost),
      daily: dollars(sum.cost),
    })
    if (isPublished) {
      expect(report).toMatchObject({
        rows: 8_819,
        inputTokens: 18_059_974,
        outputTokens: 245_896,
        cost: [{ amount: '2.8565337', currency: 'USD' }],
      })
    }
  })

  test('imported again, in the same or any other order, adds nothing', async () => {
    await importText(text)
    const before = await stored()
    for (const again of [text, shuffled(text)]) {
      expect(await importText(again)).toMatchObject({ added: 0, duplicates: sum.rows, rejected: 0, cost: [] })
    }
    expect(await stored()).toEqual(before)
  })

  test('keeps the microseconds of its rows', async () => {
    await importText(text.split('\n').slice(0, 2).join('\n'))
    const [row] = await acme.rows(
      'select occurred_at, service, source, provider, model_name from usage_events',
    )
    const time = text.split('\n')[1]!.split(',')[0]!
    expect(row).toEqual({
      occurred_at: `${time.replace(' ', 'T').replace(/0+$/, '')}Z`,
      service: 'completion',
      source: 'import',
      provider: 'openai',
      model_name: 'gpt-4o-mini',
    })
  })
})

describe('equal rows', () => {
  const row = '2023-11-16 18:17:03.9799600,4808,10'
  const other = '2023-11-16 18:17:04.0319600,3180,8'

  test('are all kept, wherever they stand, and are known again', async () => {
    const file = [HEADER, row, other, row, ...generatedTrace(5_000).split('\r\n').slice(2), row].join('\n')
    expect(await importText(file, { batchSize: 100 })).toMatchObject({
      rows: 5_003,
      added: 5_003,
      duplicates: 0,
    })
    expect(await importText(shuffled(file), { batchSize: 77 })).toMatchObject({ added: 0, duplicates: 5_003 })
  })

  test('of which a later file has more: only the further ones are added', async () => {
    await importText([HEADER, row, row].join('\n'))
    expect(await importText([HEADER, row, other, row, row].join('\n'))).toMatchObject({
      added: 2,
      duplicates: 2,
    })
  })
})

describe('rows', () => {
  test('that are malformed are rejected with their line and reason, and the others are added', async () => {
    const good = generatedTrace(3).split('\r\n').slice(1)
    const report = await importText(
      [
        HEADER,
        good[0],
        '2023-11-16 18:17:03.9799600,4808',
        '2023-13-16 18:17:03.9799600,4808,10',
        '',
        good[1],
        '2023-11-16 18:17:03.9799600,-5,10',
        '2023-11-16 18:17:03.9799600,5,ten',
        '2023-11-16 18:17:03.9799600,5,1.5',
        '2999-11-16 18:17:03,5,1',
        '"2023-11-16 18:17:03,5,1',
        '2023-11-16 18:17:03,,1',
        'x'.repeat(200_000),
        good[2],
      ].join('\n'),
    )
    expect(report).toMatchObject({ rows: 12, added: 3, rejected: 9 })
    expect(report.rejects.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      '3: has 2 columns instead of 3',
      '4: TIMESTAMP is not a time such as 2023-11-16 18:17:03.9799600: "2023-13-16 18:17:03.9799600"',
      '7: ContextTokens is not a count: "-5"',
      '8: GeneratedTokens is not a count: "ten"',
      '9: GeneratedTokens is not a count: "1.5"',
      '10: TIMESTAMP is more than one hour in the future',
      '11: TIMESTAMP is not a time such as 2023-11-16 18:17:03.9799600: "\\"2023-11-16 18:17:03"',
      '12: ContextTokens is not a count: it is empty',
      '13: has 1 column instead of 3',
    ])
    expect(report.rejects.every(({ row }) => row.length <= 501)).toBe(true)
  })

  test('are read with quotes, blanks, a byte order mark, any line ending and any order of columns', async () => {
    const bytes = Buffer.from(
      '\ufeff"GeneratedTokens", "timestamp" ,ContextTokens\r\n10,"2023-11-16 18:17:03.97996",4808\n' +
        ' "8" ,2023-11-16 18:17:04.0319600,3180\r\n\n',
    )
    expect(await importText(bytes)).toMatchObject({ rows: 2, added: 2, inputTokens: 7_988, outputTokens: 18 })
  })

  test('of the same event under another model are conflicts, not new events', async () => {
    const text = generatedTrace(4)
    await importText(text)
    const report = await importText(text, { model: { provider: 'openai', modelName: 'gpt-4o' } })
    expect(report).toMatchObject({ added: 0, duplicates: 0, rejected: 4 })
    expect(report.rejects[0]).toMatchObject({
      line: 2,
      reason: expect.stringMatching(/other content/) as string,
    })
  })

  test('without a price for their time are added as unpriced', async () => {
    expect(
      await importText(generatedTrace(3), { model: { provider: undefined, modelName: 'in-house' } }),
    ).toMatchObject({ added: 3, unpriced: 3, cost: [] })
  })
})

describe('a file', () => {
  test.each([
    ['that is empty', '', /the file is empty; expected the header TIMESTAMP,ContextTokens,GeneratedTokens/],
    ['of blank lines', '\n\r\n  \n', /the file is empty/],
    ['with another header', 'time,prompt,answer\n1,2,3', /found time, prompt, answer; expected TIMESTAMP/],
    ['with a column more', `${HEADER},Model\n`, /found TIMESTAMP, ContextTokens, GeneratedTokens, Model/],
    [
      'that is no text',
      Buffer.from([0, 159, 146, 150, 0, 10, 1]),
      /the header is not that of azure-llm-trace/,
    ],
  ])('%s is refused', async (_, text, message) => {
    await expect(importText(text)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(message) as string,
    })
  })

  test('with a header only has nothing to add', async () => {
    expect(await importText(`${HEADER}\r\n`)).toMatchObject({ rows: 0, added: 0, rejected: 0 })
  })

  test('that cannot be read to its end leaves nothing behind', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from(generatedTrace(100))
      await Promise.resolve()
      throw new Error('disk trouble')
    }
    await expect(importText('', { source: broken() })).rejects.toThrow('disk trouble')
    expect(await stored()).toMatchObject({ events: 0, keys: 0 })
  })
})

test('an import that was interrupted is finished by running it again', async () => {
  const text = generatedTrace(1_000)
  const broken = importText(text, {
    batchSize: 100,
    onProgress: ({ phase, rows }) => {
      if (phase === 'recording' && rows >= 500) throw new Error('interrupted')
    },
  })
  await expect(broken).rejects.toThrow('interrupted')
  const { events } = (await stored()) as { events: number }
  expect(events).toBeGreaterThanOrEqual(500)
  expect(events).toBeLessThan(1_000)
  expect(await importText(text)).toMatchObject({ added: 1_000 - events, duplicates: events })
  expect(await stored()).toMatchObject({ events: 1_000, hourly: dollars(sumOf(text).cost) })
})

test('an import ends between two batches when it is told to', async () => {
  const told = new AbortController()
  const text = generatedTrace(1_000)
  const ended = importText(text, {
    batchSize: 100,
    signal: told.signal,
    onProgress: ({ phase }) => phase === 'recording' && told.abort(new Error('told to end')),
  })
  await expect(ended).rejects.toThrow('told to end')
  const { events } = (await stored()) as { events: number }
  expect(events).toBeGreaterThan(0)
  expect(events).toBeLessThan(1_000)
  expect(await importText(text)).toMatchObject({ added: 1_000 - events, duplicates: events })
})

test('two imports of one file at the same time add it once', async () => {
  const text = generatedTrace(2_000)
  const reports = await Promise.all([
    importText(text, { batchSize: 300 }),
    importText(shuffled(text), { batchSize: 170 }),
  ])
  expect(reports.reduce((sum, { added }) => sum + added, 0)).toBe(2_000)
  expect(reports.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(2_000)
  expect(await stored()).toMatchObject({ events: 2_000, daily: dollars(sumOf(text).cost) })
})

test('a dry run says what an import would do and writes nothing', async () => {
  const text = [generatedTrace(30), 'broken', ...generatedTrace(2).split('\r\n').slice(1)].join('\r\n')
  await importText(generatedTrace(10))
  const before = await stored()
  const { dryRun, ...foretold } = await importText(text, { dryRun: true })
  expect(dryRun).toBe(true)
  expect(foretold).toMatchObject({ rows: 33, added: 22, duplicates: 10, rejected: 1 })
  expect(await stored()).toEqual(before)
  expect(await importText(text)).toEqual({ dryRun: false, ...foretold })
})

describe('the model', () => {
  const choose = (modelName: string, provider?: string, allowUnpriced = false) =>
    acme.inside((session) => chooseModel(session, { modelName, provider }, { allowUnpriced }))

  test('gets the provider that sells it', async () => {
    expect(await choose('gpt-4o-mini')).toEqual({ modelName: 'gpt-4o-mini', provider: 'openai' })
  })

  test('that is unknown is refused with the names nearest to it', async () => {
    await expect(choose('gpt-4o-min')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(
        /no price is known for a model gpt-4o-min; did you mean gpt-4o-mini/,
      ) as string,
    })
    await expect(choose('claude')).rejects.toThrow(
      /known are gpt-3.5-turbo, gpt-4-turbo, gpt-4o, gpt-4o-mini/,
    )
  })

  test('that is unknown is taken as it is when unpriced events are allowed', async () => {
    expect(await choose('in-house', undefined, true)).toEqual({ modelName: 'in-house', provider: undefined })
  })

  test('of a provider that does not sell it is refused', async () => {
    await expect(choose('gpt-4o-mini', 'azure')).rejects.toThrow(/is sold by openai, but not by azure/)
  })
})
