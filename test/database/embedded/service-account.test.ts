import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fallbackFolders } from '../../../src/database/embedded/fallback-folder.js'
import { buildPortableProgram } from './support/portable-program.js'
import type { PortableProgram } from './support/portable-program.js'
import {
  FAST_SETTINGS,
  folderWithDatabase,
  isRoot,
  query,
  rejection,
  removeFolder,
  startServer,
  temporaryFolder,
  unprivileged,
} from './support/sandbox.js'

let program: PortableProgram

beforeAll(() => {
  program = buildPortableProgram()
})

afterAll(() => removeFolder(program.folder))

/** A checkout as `mktemp -d` makes it: closed to everybody but the user that runs the program. */
function closedCheckout(): string {
  return temporaryFolder({ mode: 0o700 })
}

test('Postgres runs as a user without rights: the one who started it, or another one when that is root', async () => {
  const { dataDirectory } = await startServer({ directory: await folderWithDatabase() })
  const { uid, mode } = statSync(join(dataDirectory, 'postmaster.pid'))
  expect(uid).toBe(unprivileged.uid)
  expect(uid).not.toBe(0)
  expect(mode & 0o077).toBe(0)
})

test('a normal user starts, stops and restarts a server in a folder of his own', async () => {
  const directory = join(temporaryFolder({ mode: 0o700, owner: unprivileged }), '.orgscope')
  for (const statement of ['create table kept as select 42 as answer', 'select answer from kept']) {
    const run = await program.run(
      { do: 'serve', options: { directory, settings: FAST_SETTINGS } },
      { ...(isRoot && { user: unprivileged }) },
    )
    if (!('server' in run.answer)) throw new Error(JSON.stringify(run.answer))
    expect(run.answer.server.dataDirectory).toBe(join(directory, 'data'))
    const rows = await query(run.answer.server.adminUrl, statement)
    expect(rows).toEqual(statement.startsWith('select') ? [{ answer: 42 }] : [])
    await run.finish()
  }
  expect(statSync(join(directory, 'data')).uid).toBe(unprivileged.uid)
})

test('a strict umask keeps nobody out who is needed', async () => {
  const directory = join(temporaryFolder(), 'not', 'there', 'yet')
  const run = await program.run(
    { do: 'serve', options: { directory, settings: FAST_SETTINGS, fallbackRoots: [] } },
    { umask: '077' },
  )
  expect(run.answer).toMatchObject({ server: { dataDirectory: join(directory, 'data') } })
  await run.finish()
})

test('an empty folder handed over with mode 0700 is where the data goes', async () => {
  const directory = temporaryFolder({ mode: 0o700 })
  const { dataDirectory } = await startServer({ directory, fallbackRoots: [temporaryFolder()] })
  expect(dataDirectory).toBe(join(directory, 'data'))
})

describe('in a checkout with mode 0700', () => {
  test('the data is kept inside when its user can enter, else outside, and the place is said', async () => {
    const root = temporaryFolder()
    const directory = join(closedCheckout(), '.orgscope')
    const home = isRoot ? fallbackFolders(directory, [root])[0] : directory
    const first = await startServer({ directory, fallbackRoots: [root] })

    expect(first.dataDirectory).toBe(join(home ?? '', 'data'))
    expect(first.said.join('\n')).toContain(first.dataDirectory)
    const notice = `The database is kept in ${home}: nobody cannot enter ${directory}`
    expect(first.said.filter((line) => line.startsWith('The database is kept in'))).toEqual(
      isRoot ? [notice] : [],
    )
  })

  test('a restart finds the data of the first start, by whatever path the checkout is reached', async () => {
    const root = temporaryFolder()
    const checkout = closedCheckout()
    const alias = join(temporaryFolder(), 'alias')
    symlinkSync(checkout, alias)
    const first = await startServer({ directory: join(checkout, '.orgscope'), fallbackRoots: [root] })
    await query(first.adminUrl, 'create table kept as select 42 as answer')
    await first.stop()

    const second = await startServer({ directory: join(alias, '.orgscope'), fallbackRoots: [root] })
    expect(second.dataDirectory).toBe(first.dataDirectory)
    expect(await query(second.adminUrl, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('data outside stays where it is when the checkout is opened later', async () => {
    const root = temporaryFolder()
    const checkout = closedCheckout()
    const directory = join(checkout, '.orgscope')
    const first = await startServer({ directory, fallbackRoots: [root] })
    await first.stop()
    chmodSync(checkout, 0o755)

    const second = await startServer({ directory, fallbackRoots: [root] })
    expect(second.dataDirectory).toBe(first.dataDirectory)
  })

  test('a second start is refused as anywhere else', async () => {
    const root = temporaryFolder()
    const directory = join(closedCheckout(), '.orgscope')
    const server = await startServer({ directory, fallbackRoots: [root] })
    const error = await rejection(startServer({ directory, fallbackRoots: [root] }))
    expect(error.message).toContain(
      `${dirname(server.dataDirectory)} is already in use by process ${process.pid}`,
    )
  })
})

test('a database whose folder was closed is not silently replaced by an empty one', async () => {
  const directory = await folderWithDatabase()
  chmodSync(directory, isRoot ? 0o700 : 0o000)
  onTestFinished(() => chmodSync(directory, 0o711))

  const error = await rejection(startServer({ directory, fallbackRoots: [temporaryFolder()] }))
  expect(error.name).toBe('EmbeddedServerError')
  expect(error.message).toContain(directory)
})

test('a folder that another user made in advance is refused by name', async () => {
  const root = temporaryFolder()
  const directory = join(closedCheckout(), '.orgscope')
  const [planted = ''] = fallbackFolders(directory, [root])
  const wanted = isRoot ? directory : '/.orgscope-of-another-user'
  if (isRoot) {
    mkdirSync(planted)
    chownSync(planted, unprivileged.uid, unprivileged.gid)
  }
  const error = await rejection(startServer({ directory: wanted, fallbackRoots: [root] }))
  expect(error.name).toBe('EmbeddedServerError')
  expect(error.message).toContain(isRoot ? planted : wanted)
})
