import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { commandLineOf } from './support/command-line.js'
import { buildProgram, ended, startProgram } from './support/built-program.js'

const MEGABYTE = 1_000_000
const ROWS = 1_000_000
const LONG_LINE = 'x'.repeat(100_000)
const ROWS_PER_LONG_LINE = 600

let database: TestDatabase
let folder: string
const tenant = uniqueTenant()
beforeAll(async () => {
  buildProgram()
  folder = await mkdtemp(join(tmpdir(), 'orgscope-cli-'))
  database = await freshDatabase()
  await commandLineOf(database)([
    'tenant',
    'create',
    tenant,
    '--name',
    'T',
    '--admin-email',
    'a@b.example',
    '--modules',
    'usage',
  ])
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await database?.drop()
})

/** About 200 MB: a million rows, every thousandth of them equal to an earlier one, and lines of 100 kB between. */
function* hugeTrace(sent: { bytes: number; longLines: number }): Generator<Buffer> {
  let text = 'TIMESTAMP,ContextTokens,GeneratedTokens\n'
  const start = Date.parse('2023-11-16T00:00:00Z')
  for (let row = 0; row < ROWS; row++) {
    const time = new Date(start + (row % 1_000 === 0 ? 0 : row * 40)).toISOString()
    text += `"${time.slice(0, 10)} ${time.slice(11, 23)}0000","${(row % 1_000) * 7}","${row % 900}"\n`
    if (row % ROWS_PER_LONG_LINE === 0) {
      text += `${LONG_LINE}\n`
      sent.longLines++
    }
    if (text.length < 65_536) continue
    sent.bytes += text.length
    yield Buffer.from(text)
    text = ''
  }
  sent.bytes += text.length
  yield Buffer.from(text)
}

/** The most memory a process ever had, in bytes, as the kernel counts it; undefined once it has ended. */
async function peakMemory(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const match = /^VmHWM:\s+(\d+) kB/m.exec(status)
  return match === null ? undefined : Number(match[1]) * 1_024
}

test.runIf(process.platform === 'linux')(
  'a dry run over a stream of 200 MB takes less than 200 MB of memory',
  { timeout: 300_000 },
  async () => {
    const running = startProgram(
      [
        'usage',
        'import',
        '-',
        '--org',
        tenant,
        '--format',
        'azure-llm-trace',
        '--model',
        'gpt-4o-mini',
      ].concat(['--dry-run', '--json', '--rejects', join(folder, 'rejects.csv')]),
      { cwd: folder, environment: { DATABASE_URL: database.gatewayUrl } },
    )
    let peak = 0
    const timer = setInterval(() => {
      void peakMemory(running.pid).then((bytes) => (peak = Math.max(peak, bytes ?? 0)))
    }, 50)
    const sent = { bytes: 0, longLines: 0 }
    const [{ code, stdout, stderr }] = await Promise.all([
      ended(running),
      pipeline(Readable.from(hugeTrace(sent), { objectMode: false }), running.stdin),
    ]).finally(() => clearInterval(timer))

    expect(stderr).toBe('')
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      rows: ROWS + sent.longLines,
      added: ROWS,
      duplicates: 0,
      rejected: sent.longLines,
    })
    expect(sent.bytes).toBeGreaterThan(195 * MEGABYTE)
    expect(peak).toBeGreaterThan(0)
    expect(peak).toBeLessThan(200 * MEGABYTE)
  },
)

test('an import that waits for its input ends in order on SIGINT', { timeout: 60_000 }, async () => {
  const temporary = await mkdtemp(join(folder, 'tmp-'))
  const running = startProgram(
    ['usage', 'import', '-', '--org', tenant, '--format', 'azure-llm-trace', '--model', 'gpt-4o-mini'],
    { cwd: folder, environment: { DATABASE_URL: database.gatewayUrl, TMPDIR: temporary } },
  )
  const end = ended(running)
  running.stdin.write('TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n')
  while ((await readdir(temporary)).length === 0) await sleep(20)
  running.kill('SIGINT')
  const { code, stdout, stderr } = await end
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toBe(
    'orgscope: The import was interrupted (SIGINT). Run it again to finish it: nothing is added twice.\n',
  )
  expect(await readdir(temporary)).toEqual([])
})
