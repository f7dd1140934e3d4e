import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockDirectory } from '../../../src/database/embedded/directory-lock.js'
import type { DirectoryLock } from '../../../src/database/embedded/directory-lock.js'
import { identifyProcess } from '../../../src/database/embedded/process-identity.js'
import { buildPortableProgram } from './support/portable-program.js'
import type { PortableProgram } from './support/portable-program.js'
import { removeFolder, temporaryFolder } from './support/sandbox.js'

let program: PortableProgram

beforeAll(() => {
  program = buildPortableProgram()
})

afterAll(() => removeFolder(program.folder))

function take(directory: string): DirectoryLock {
  const lock = lockDirectory(directory)
  if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy}`)
  return lock
}

test('a folder is held until it is released, and releasing twice does no harm to the next holder', () => {
  const directory = temporaryFolder()
  const first = take(directory)
  expect(lockDirectory(directory)).toEqual({ heldBy: process.pid })
  first.release()
  first.release()
  take(directory)
  first.release()
  expect(lockDirectory(directory)).toEqual({ heldBy: process.pid })
})

test('many locks and releases leave one file', () => {
  const directory = temporaryFolder()
  for (let round = 0; round < 20; round++) take(directory).release()
  expect(readdirSync(directory)).toEqual(['lock.20'])
})

test('a lock of a process that was killed does not block, even when its pid is in use again', async () => {
  const directory = temporaryFolder()
  const holder = await program.run({ do: 'lock', directories: [directory] })
  expect(lockDirectory(directory)).toEqual({ heldBy: holder.pid })
  holder.kill('SIGKILL')
  await holder.ended
  take(directory).release()

  writeFileSync(join(directory, 'lock.7'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }))
  take(directory).release()
})

test('a lock whose holder cannot be told from a later process with its pid is respected', () => {
  const directory = temporaryFolder()
  writeFileSync(join(directory, 'lock.1'), JSON.stringify({ pid: process.pid, startedAt: null }))
  expect(lockDirectory(directory)).toEqual({ heldBy: process.pid })
})

test('a lock file without a readable holder does not block', () => {
  for (const content of ['', '{', '{}', '{"pid":"1"}']) {
    const directory = temporaryFolder()
    writeFileSync(join(directory, 'lock.3'), content)
    take(directory)
  }
})

test('exactly one of several simultaneous candidates takes over from a dead holder', async () => {
  const directories = Array.from({ length: 100 }, () => temporaryFolder())
  for (const directory of directories) {
    writeFileSync(join(directory, 'lock.1'), JSON.stringify({ pid: process.pid, startedAt: 'long ago' }))
  }
  const at = Date.now() + 700
  const candidates = await Promise.all(
    Array.from({ length: 4 }, () => program.run({ do: 'lock', directories, at })),
  )

  const outcomes = candidates.map(({ answer }) => ('locks' in answer ? answer.locks : []))
  for (const index of directories.keys()) {
    const winners = candidates.filter((_, number) => outcomes[number]?.[index] === 'taken')
    expect(winners).toHaveLength(1)
    const others = outcomes.map((locks) => locks[index]).filter((outcome) => outcome !== 'taken')
    expect(others).toEqual(Array(3).fill({ heldBy: winners[0]?.pid }))
  }
  await Promise.all(candidates.map((candidate) => candidate.finish()))
})

test('a process has one identity for as long as it runs, and none afterwards', async () => {
  const run = await program.run({ do: 'lock', directories: [temporaryFolder()] })
  const identity = identifyProcess(run.pid)
  expect(identity).toEqual({ pid: run.pid, startedAt: expect.any(String) })
  expect(identifyProcess(run.pid)).toEqual(identity)
  await run.finish()
  expect(identifyProcess(run.pid)).toBeUndefined()
})
