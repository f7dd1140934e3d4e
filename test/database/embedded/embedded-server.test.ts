import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  FAST_SETTINGS,
  folderWithDatabase,
  isListening,
  query,
  rejection,
  serverPid,
  startServer,
  temporaryFolder,
  until,
} from './support/sandbox.js'

describe('a first start', () => {
  test('creates a database with its own locale, reachable by password over 127.0.0.1 only', async () => {
    const directory = join(temporaryFolder(), '.orgscope')
    const server = await startServer({ directory })

    expect(server.said).toContain(`Creating a database in ${server.dataDirectory}`)
    const [settings] = await query(
      server.adminUrl,
      `select current_user, current_setting('is_superuser') as superuser,
              current_setting('server_version_num')::int / 10000 as major_version,
              current_setting('listen_addresses') as addresses,
              current_setting('unix_socket_directories') as sockets,
              current_setting('timezone') as timezone,
              current_setting('fsync') as fsync,
              current_setting('max_connections') as max_connections,
              upper('straße é ǆ') as folded,
              (select string_agg(word, ' ' order by word) from unnest(array['b', 'a', 'B', 'é', 'A', 'z']) word) as sorted`,
    )
    expect(settings).toEqual({
      current_user: 'postgres',
      superuser: 'on',
      major_version: 18,
      addresses: '127.0.0.1',
      sockets: '',
      timezone: 'UTC',
      fsync: 'off',
      max_connections: '100',
      folded: 'STRAßE É Ǆ',
      sorted: 'A B a b z é',
    })
    const [database] = await query(
      server.adminUrl,
      `select datlocprovider, datlocale, datcollate, pg_encoding_to_char(encoding) as encoding
       from pg_database where datname = 'template1'`,
    )
    expect(database).toEqual({ datlocprovider: 'b', datlocale: 'C.UTF-8', datcollate: 'C', encoding: 'UTF8' })
  })

  test('lets nobody in without the password, and keeps it readable for its owner alone', async () => {
    const directory = temporaryFolder()
    const { adminUrl } = await startServer({ directory })

    const { password } = new URL(adminUrl)
    expect(password.length).toBeGreaterThanOrEqual(32)
    await expect(query(adminUrl.replace(password, 'wrong'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    )
    const [stored] = await query(adminUrl, `select rolpassword from pg_authid where rolname = 'postgres'`)
    expect(stored?.['rolpassword']).toMatch(/^SCRAM-SHA-256\$/)
    expect(readFileSync(join(directory, 'data', 'pg_hba.conf'), 'utf8')).not.toMatch(/^[^#].*trust/m)
    for (const file of ['superuser-password', 'postgres.log']) {
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600)
    }
  })

  test('gives Postgres a process group of its own, so that Ctrl-C in a terminal reaches the program alone', async () => {
    const { dataDirectory } = await startServer({ directory: await folderWithDatabase() })
    const groupLedByServer = -serverPid(dataDirectory)
    expect(() => process.kill(groupLedByServer, 0)).not.toThrow()
  })

  test('that was interrupted leaves nothing a later start trips over', async () => {
    const directory = temporaryFolder()
    mkdirSync(join(directory, 'initializing-0000', 'data'), { recursive: true })
    writeFileSync(join(directory, 'initializing-0000', 'data', 'PG_VERSION'), '18\n')
    const { adminUrl } = await startServer({ directory })

    expect(await query(adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(existsSync(join(directory, 'initializing-0000'))).toBe(false)
  })
})

describe('a restart', () => {
  test('finds the data, the password and the port of the start before', async () => {
    const directory = await folderWithDatabase()
    const first = await startServer({ directory, preferredPort: await busyPort() })
    await query(first.adminUrl, 'create table kept as select 42 as answer')
    await first.stop()

    const second = await startServer({ directory, preferredPort: await busyPort() })
    expect(second.adminUrl).toBe(first.adminUrl)
    expect(await query(second.adminUrl, 'select answer from kept')).toEqual([{ answer: 42 }])
    expect(second.said.join()).not.toContain('Creating')
  })

  test('takes the settings it is given, not those of the start before', async () => {
    const directory = await folderWithDatabase()
    await (await startServer({ directory, settings: { ...FAST_SETTINGS, max_connections: '20' } })).stop()
    const { adminUrl } = await startServer({
      directory,
      settings: { ...FAST_SETTINGS, max_connections: '200', listen_addresses: '*' },
    })

    const shown = `select current_setting('max_connections') as max, current_setting('listen_addresses') as address`
    expect(await query(adminUrl, shown)).toEqual([{ max: '200', address: '127.0.0.1' }])
  })
})

describe('a stop', () => {
  test('disconnects clients, ends the server and leaves no trace of it running', async () => {
    const directory = await folderWithDatabase()
    rmSync(join(directory, 'postgres.log'))
    const server = await startServer({ directory })
    const busy = query(server.adminUrl, 'select pg_sleep(600)').then(
      () => 'finished',
      () => 'disconnected',
    )
    const asleep = `select from pg_stat_activity where query = 'select pg_sleep(600)'`
    await until(async () => (await query(server.adminUrl, asleep)).length === 1)
    const pid = serverPid(server.dataDirectory)
    await Promise.all([server.stop(), server.stop()])

    expect(await busy).toBe('disconnected')
    expect(existsSync(join(server.dataDirectory, 'postmaster.pid'))).toBe(false)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(await isListening(server.port)).toBe(false)
    expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).toContain('database system is shut down')
    expect(server.said.join()).not.toContain('gone')
  })
})

describe('the port', () => {
  test('is the preferred one when it is free, and another one when it is in use', async () => {
    const free = await freePort()
    const preferred = await startServer({ directory: await folderWithDatabase(), preferredPort: free })
    expect(preferred.port).toBe(free)

    const other = await startServer({ directory: temporaryFolder(), preferredPort: free })
    expect(other.port).not.toBe(free)
    expect(await query(other.adminUrl, 'select inet_server_port() as port')).toEqual([{ port: other.port }])
  })
})

describe('a start is refused', () => {
  test('while the folder is in use, naming the folder and the process that has it', async () => {
    const directory = await folderWithDatabase()
    const server = await startServer({ directory })

    const error = await rejection(startServer({ directory }))
    expect(error.name).toBe('EmbeddedServerError')
    expect(error.message).toContain(`${directory} is already in use by process ${process.pid}`)
    expect(await query(server.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('on data of another Postgres version, saying how to keep it', async () => {
    const directory = await folderWithDatabase()
    const { dataDirectory, stop } = await startServer({ directory })
    await stop()
    const file = join(dataDirectory, 'PG_VERSION')
    writeFileSync(file, '17\n')
    onTestFinished(() => writeFileSync(file, '18\n'))

    const error = await rejection(startServer({ directory }))
    expect(error.name).toBe('EmbeddedServerError')
    expect(error.message).toContain(`${dataDirectory} was written by Postgres 17`)
    expect(error.message).toContain('pg_dumpall')
  })

  test('with the last words of Postgres when it does not start, after which the folder is free again', async () => {
    const directory = await folderWithDatabase()
    const error = await rejection(
      startServer({ directory, settings: { ...FAST_SETTINGS, work_mem: 'plenty' } }),
    )
    expect(error.name).toBe('EmbeddedServerError')
    expect(error.message).toContain(join(directory, 'data'))
    expect(error.message).toContain('FATAL:  invalid value for parameter "work_mem": "plenty"')

    const { adminUrl } = await startServer({ directory })
    expect(await query(adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('when the password beside the data was lost or belongs to other data', async () => {
    const directory = await folderWithDatabase()
    const { stop } = await startServer({ directory })
    await stop()
    const file = join(directory, 'superuser-password')
    const password = readFileSync(file)

    writeFileSync(file, 'of another start\n')
    expect((await rejection(startServer({ directory }))).message).toContain('must come from the same start')
    expect(existsSync(join(directory, 'data', 'postmaster.pid'))).toBe(false)
    rmSync(file)
    expect((await rejection(startServer({ directory }))).message).toContain(file)

    writeFileSync(file, password, { mode: 0o600 })
    expect((await startServer({ directory })).port).toBeGreaterThan(0)
  })

  test('in a place that is no folder', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    for (const directory of [file, join(file, '.orgscope')]) {
      const error = await rejection(startServer({ directory }))
      expect(error.name).toBe('EmbeddedServerError')
      expect(error.message).toContain(directory)
    }
  })
})

/** A port on which somebody listens until the end of the test. */
function busyPort(): Promise<number> {
  return new Promise((resolve) => {
    const other = createServer().listen(0, '127.0.0.1', () => resolve((other.address() as AddressInfo).port))
    onTestFinished(() => void other.close())
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
