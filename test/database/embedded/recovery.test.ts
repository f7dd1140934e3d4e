import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPortableProgram } from './support/portable-program.js'
import type { PortableProgram, ProgramRun } from './support/portable-program.js'
import { startOrphan } from './support/orphan.js'
import {
  folderWithDatabase,
  isListening,
  isRoot,
  query,
  rejection,
  removeFolder,
  serverPid,
  startServer,
  temporaryFolder,
  unprivileged,
  until,
} from './support/sandbox.js'

let program: PortableProgram

beforeAll(() => {
  program = buildPortableProgram()
})

afterAll(() => removeFolder(program.folder))

/** Another process that serves the folder; its durable settings show what a kill costs. */
async function serve(
  directory: string,
): Promise<{ run: ProgramRun; port: number; adminUrl: string; data: string }> {
  const run = await program.run({ do: 'serve', options: { directory, fallbackRoots: [] } })
  if (!('server' in run.answer)) throw new Error(JSON.stringify(run.answer))
  const { port, adminUrl, dataDirectory } = run.answer.server
  return { run, port, adminUrl, data: dataDirectory }
}

test('kill -9 of Postgres is reported, and the next start recovers what was committed', async () => {
  const directory = await folderWithDatabase()
  rmSync(join(directory, 'postgres.log'))
  const server = await startServer({ directory, settings: {} })
  await query(server.adminUrl, 'create table committed as select generate_series(1, 1000) as number')
  process.kill(serverPid(server.dataDirectory), 'SIGKILL')

  await until(() => server.said.some((line) => line.includes('is gone: it ended by SIGKILL')))
  await server.stop()
  const next = await startServer({ directory })
  expect(await query(next.adminUrl, 'select count(*)::int as rows from committed')).toEqual([{ rows: 1000 }])
  expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).toContain('automatic recovery in progress')
})

test('a connection that goes on computing after kill -9 of its Postgres does not hold up the next start', async () => {
  const directory = await folderWithDatabase()
  const server = await startServer({ directory })
  const endless = 'do $$ begin loop null; end loop; end $$'
  const computing = query(server.adminUrl, endless).catch((error: Error) => error.message)
  const active = `select pid from pg_stat_activity where query = '${endless.replaceAll("'", "''")}'`
  await until(async () => (await query(server.adminUrl, active)).length === 1)
  process.kill(serverPid(server.dataDirectory), 'SIGKILL')
  await server.stop()

  const next = await startServer({ directory })
  expect(await query(next.adminUrl, active)).toEqual([])
  expect(await computing).toMatch(/terminat|reset/)
})

test('kill -9 of the program takes its Postgres with it, data written and nothing left to recover', async () => {
  const directory = await folderWithDatabase()
  rmSync(join(directory, 'postgres.log'))
  const { run, port, adminUrl, data } = await serve(directory)
  await query(adminUrl, 'create table written as select 42 as answer')
  run.kill('SIGKILL')

  await until(async () => !(await isListening(port)))
  await until(() => !readdirSync(data).includes('postmaster.pid'))
  const next = await startServer({ directory })
  expect(await query(next.adminUrl, 'select answer from written')).toEqual([{ answer: 42 }])
  expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).not.toContain('automatic recovery')
})

test('a start right after kill -9 of the program waits for the old Postgres and goes on with its data', async () => {
  const directory = await folderWithDatabase()
  const { run, adminUrl } = await serve(directory)
  await query(adminUrl, 'create table handed_over as select 42 as answer')
  run.kill('SIGKILL')
  await run.ended

  const next = await startServer({ directory })
  expect(await query(next.adminUrl, 'select answer from handed_over')).toEqual([{ answer: 42 }])
})

test('a Postgres that nobody owns any more is stopped and replaced, with its data', async () => {
  const directory = await folderWithDatabase()
  const first = await startServer({ directory })
  await query(first.adminUrl, 'create table taken_over as select 42 as answer')
  await first.stop()
  const orphan = await startOrphan(first.dataDirectory, first.port)

  const next = await startServer({ directory })
  expect(next.said).toContain(`Stopped the database server ${orphan}, left behind by an earlier start`)
  expect(serverPid(next.dataDirectory)).not.toBe(orphan)
  expect(await query(next.adminUrl, 'select answer from taken_over')).toEqual([{ answer: 42 }])
})

test('a folder that another living process serves is refused, naming that process, which is left alone', async () => {
  const directory = await folderWithDatabase()
  const { run, adminUrl } = await serve(directory)

  const error = await rejection(startServer({ directory }))
  expect(error.message).toContain(`${directory} is already in use by process ${run.pid}`)
  expect(await query(adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  await run.finish()
  expect((await startServer({ directory })).port).toBeGreaterThan(0)
})

test('a postmaster.pid whose number now belongs to another program neither blocks a start nor harms it', async () => {
  const directory = await folderWithDatabase()
  const first = await startServer({ directory })
  const file = join(first.dataDirectory, 'postmaster.pid')
  const content = readFileSync(file, 'utf8')
  await first.stop()
  // Postgres is only deceived by a process of its own user.
  const stranger = await program.run(
    { do: 'lock', directories: [temporaryFolder({ owner: unprivileged })] },
    { ...(isRoot && { user: unprivileged }) },
  )
  writeFileSync(file, content.replace(/^\d+/, String(stranger.pid)))

  const next = await startServer({ directory })
  expect(await query(next.adminUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(() => process.kill(stranger.pid, 0)).not.toThrow()
  await stranger.finish()
})

test('the program ends its Postgres when it is told to stop', async () => {
  const directory = await folderWithDatabase()
  const { run, port, data } = await serve(directory)
  await run.finish()
  expect(await isListening(port)).toBe(false)
  expect(readdirSync(data)).not.toContain('postmaster.pid')
})
