import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { commandLineOf, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
})
afterAll(async () => {
  await orgscope(['fleet', 'spares', 'drop', '--yes'])
  await database?.drop()
})

test('spare schemas are made, listed and dropped', async () => {
  expect((await orgscope(['fleet', 'spares'])).stdout).toMatch(/^There are no spare schemas\./)
  const fill = ['fleet', 'spares', 'fill', '--count', '2', '--modules', 'usage']
  expect(await orgscope(fill)).toMatchObject({
    code: 0,
    stdout: 'Made 2 spare schemas, dropped 0. There are 2 of each now: usage.\n',
  })
  expect((await orgscope(fill)).stdout).toMatch(/^Made 0 spare schemas/)
  expect((await orgscope(['fleet', 'spares', 'list'])).stdout).toMatch(
    /^spare_[0-9a-f]{16} +usage +ready +\d{4}-/m,
  )
  expect(await orgscope.json('fleet', 'spares', 'list')).toMatchObject([
    { modules: ['usage'], status: 'ready', isCurrent: true },
    { modules: ['usage'], status: 'ready', isCurrent: true },
  ])
  expect((await orgscope(['fleet', 'spares', 'drop'])).stderr).toMatch(/Give --yes/)
  expect((await orgscope(['fleet', 'spares', 'drop', '--modules', 'none', '--yes'])).stdout).toBe(
    'Dropped 0 spare schemas.\n',
  )
  expect((await orgscope(['fleet', 'spares', 'drop', '--yes'])).stdout).toBe('Dropped 2 spare schemas.\n')
})

test('modules this installation has no tables for are refused', async () => {
  expect(await orgscope(['fleet', 'spares', 'fill', '--modules', 'usage,crm'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no tables for crm\. There are: usage/) as string,
  })
})
