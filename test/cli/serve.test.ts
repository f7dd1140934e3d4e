import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { buildProgram, ended, printed, startProgram, type Running } from './support/built-program.js'

let folder: string
beforeAll(async () => {
  buildProgram()
  folder = await mkdtemp(join(tmpdir(), 'orgscope-serve-'))
  await chmod(folder, 0o711) // where root runs the tests, Postgres runs as somebody else and has to pass
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const DATA = { ORGSCOPE_DATA_DIR: '.orgscope', LOG_LEVEL: 'silent' }

function start(args: readonly string[], environment: NodeJS.ProcessEnv = DATA): Running {
  return startProgram(args, { cwd: folder, environment })
}

async function stop(running: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const end = ended(running)
  running.kill(signal)
  return (await end).code
}

/** Sends what a printed `curl` line says, read as a shell would: words, and single quotes around some. */
async function curl(line: string): Promise<unknown> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const headers = words
    .flatMap((word, index) => (words[index - 1] === '-H' ? [word] : []))
    .map((header) => [header.slice(0, header.indexOf(': ')), header.slice(header.indexOf(': ') + 2)] as const)
  const url = words.find((word) => word.startsWith('http')) ?? ''
  const body = words[words.indexOf('-d') + 1] ?? ''
  const response = await fetch(url, { method: 'POST', headers: Object.fromEntries(headers), body })
  return response.json()
}

function lineOf(banner: string, beginning: string): string {
  return banner.split('\n').find((line) => line.trim().startsWith(beginning)) ?? ''
}

describe('serve --demo with nothing installed', { timeout: 120_000 }, () => {
  let running: Running
  let banner: string
  beforeAll(async () => {
    running = start(['serve', '--demo', '--port', '0'])
    banner = await printed(running, 'Stop with Ctrl-C.')
  }, 120_000)
  afterAll(() => stop(running))

  const events = { data: { usageEvents: { totalCount: 60 } } }

  test('prints addresses, tenants, a credential for everybody, and a line that works as it stands', async () => {
    for (const tenant of ['acme', 'digitalagency', 'startupio', 'techcorp', 'testclient']) {
      expect(lineOf(banner, `${tenant} `)).not.toBe('')
    }
    expect(banner.match(/authorization: Bearer /g)).toHaveLength(7 + 1 + 1) // people, the operator, the curl line
    expect(banner.match(/^ {2}x-api-key: osk_/gm)).toHaveLength(2)
    expect(await curl(lineOf(banner, 'curl '))).toMatchObject(events)
    const ready = /http\S+\/health\/ready/.exec(banner)?.[0] ?? ''
    expect((await fetch(ready)).status).toBe(200)
  })

  test('every printed credential works', async () => {
    const url = /http\S+\/graphql/.exec(banner)?.[0] ?? ''
    const send = async (path: string, headers: Record<string, string>, query: string): Promise<unknown> => {
      const response = await fetch(url.replace('/graphql', path), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      })
      return response.json()
    }
    const lines = banner.slice(0, banner.indexOf('Try it:')).split('\n')
    const credentials = lines.flatMap((line, index) => {
      const [, name, value] = /^ {2}(authorization|x-api-key): (.*)$/.exec(line) ?? []
      const [tenant = ''] = (lines[index - 1] ?? '').trim().split('  ')
      return name === undefined || value === undefined ? [] : [{ tenant, headers: { [name]: value } }]
    })
    expect(credentials).toHaveLength(10)
    for (const { tenant, headers } of credentials) {
      const answer =
        tenant === 'platform API'
          ? await send('/platform/graphql', headers, '{ organizations { totalCount } }')
          : await send('/graphql', { ...headers, 'org-id': tenant }, '{ __typename }')
      expect(answer, tenant).toMatchObject({ data: expect.anything() as unknown })
      expect(answer, tenant).not.toHaveProperty('errors')
    }
  })

  test('lets other commands use its database', async () => {
    const { code, stdout } = await ended(start(['tenant', 'list', '--json']))
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as unknown[]).length).toBe(5)
  })

  test('is refused on the same data directory, naming the process that has it', async () => {
    const { code, stderr } = await ended(start(['serve', '--demo', '--port', '0']))
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`already in use by process ${running.pid}`))
    expect(await curl(lineOf(banner, 'curl '))).toMatchObject(events)
  })

  test('ends in order, and starts again with the same data and the same API keys', async () => {
    expect(await stop(running, 'SIGINT')).toBe(0)
    expect(existsSync(join(folder, '.orgscope', 'connection.json'))).toBe(false)
    running = start(['serve', '--demo', '--port', '0'])
    const second = await printed(running, 'Stop with Ctrl-C.')
    expect(await curl(lineOf(second, 'curl '))).toMatchObject(events)
    expect(second.match(/x-api-key: .*/g)).toEqual(banner.match(/x-api-key: .*/g))
    expect(
      await curl(lineOf(banner, 'curl ').replace(/http\S+?\/graphql/, /http\S+?\/graphql/.exec(second)![0])),
    ).toMatchObject(events)
  })
})

describe('serve on a database of one’s own', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
  })
  afterAll(() => database?.drop())

  const both = (): NodeJS.ProcessEnv => ({
    ...DATA,
    DATABASE_URL: database.gatewayUrl,
    ADMIN_DATABASE_URL: database.adminUrl,
  })

  test('starts nothing embedded, makes no demo tenants, and tells where it is as JSON', async () => {
    const running = start(['serve', '--port', '0', '--json'], both())
    const facts = JSON.parse(await printed(running, '\n}\n')) as { url: string; apis: object }
    expect(facts.apis).toEqual({
      tenant: `${facts.url}/graphql`,
      account: `${facts.url}/account/graphql`,
      platform: `${facts.url}/platform/graphql`,
    })
    expect((await fetch(`${facts.url}/health/ready`)).status).toBe(200)
    expect(await stop(running)).toBe(0)
    const { rows } = await database.admin.query('select from public.organizations')
    expect(rows).toHaveLength(0)
  })

  test('needs no rights for DDL when the database is current', async () => {
    const running = start(['serve', '--port', '0', '--json'], { ...DATA, DATABASE_URL: database.gatewayUrl })
    expect(JSON.parse(await printed(running, '\n}\n'))).toHaveProperty('url')
    expect(await stop(running)).toBe(0)
  })

  test('refuses a database that is behind, and says what to do', async () => {
    const empty = await freshDatabase({ from: null })
    const { code, stdout, stderr } = await ended(
      start(['serve', '--port', '0'], { ...DATA, DATABASE_URL: empty.gatewayUrl }),
    )
    await empty.drop()
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^orgscope: The gateway cannot serve this database: .*orgscope migrate up/m)
  })

  test('a port that is taken is named, with what to do', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const { code, stderr } = await ended(start(['serve', '--port', String(port)], both()))
    other.close()
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^orgscope: Port ${port} on 127\\.0\\.0\\.1 is in use .* --port`, 'm'))
  })

  test('a database that is away at the start is an error with an exit code', async () => {
    const away = 'postgresql://orgscope_gateway:x@127.0.0.1:1/orgscope'
    const { code, stdout, stderr } = await ended(
      start(['serve', '--port', '0'], { ...DATA, DATABASE_URL: away, ADMIN_DATABASE_URL: away }),
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^orgscope: The database cannot be reached: .*127\.0\.0\.1:1/m)
  })

  test('demo mode needs rights for DDL', async () => {
    const { code, stderr } = await ended(
      start(['serve', '--demo', '--port', '0'], { ...DATA, DATABASE_URL: database.gatewayUrl }),
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(/Demo mode .* Set ADMIN_DATABASE_URL/)
  })
})

test('two commands that start at the same time share one embedded server', { timeout: 120_000 }, async () => {
  const environment = { ORGSCOPE_DATA_DIR: '.shared' }
  const first = start(['migrate', 'up', '--json'], environment)
  const second = start(['migrate', 'status', '--json'], environment)
  const outcomes = await Promise.all([ended(first), ended(second)])
  expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' },
  ])
})
