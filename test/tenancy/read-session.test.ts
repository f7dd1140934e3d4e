import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReadSession } from '../../src/tenancy/session.js'
import { accountScope } from '../../src/tenancy/session-scope.js'
import { TestGateway } from '../support/gateway.js'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 1 })
})
afterAll(() => gateway?.close())

const open = (): ReadSession => new ReadSession(gateway.pool, accountScope(), gateway.session)
const statement = (text: string): CompiledQuery<Record<string, unknown>> => CompiledQuery.raw(text) as never

test('what was read is over when the connection is taken again, and nothing of its scope is left', async () => {
  const session = open()
  expect(await session.run(statement('select current_user::text as who'))).toEqual([
    { who: 'orgscope_account' },
  ])
  await session.close()
  const { rows } = await gateway.pool.query(
    `select current_user::text as who, now() = statement_timestamp() as alone,
       current_setting('transaction_isolation') as level`,
  )
  expect(rows).toEqual([{ who: 'orgscope_gateway', alone: true, level: 'read committed' }])
})

test('a connection is not handed on while a statement runs on it', async () => {
  const session = open()
  await session.run(statement('select 1'))
  let answered = false
  const running = session.run(statement('select pg_sleep(0.2)')).then(() => {
    answered = true
  })
  await new Promise(setImmediate)
  await session.close()
  expect(answered).toBe(true)
  await running
  const other = open()
  expect(await other.run(statement('select 2 as two'))).toEqual([{ two: 2 }])
  await other.close()
})

test('one that reads after another on the same connection has a snapshot of its own', async () => {
  await gateway.database.admin.query(
    'create table public.seen (value int); grant select on public.seen to orgscope_account',
  )
  const count = statement('select count(*)::int as count from public.seen')
  for (let value = 0; value < 3; value++) {
    const session = open()
    expect(await session.run(count)).toEqual([{ count: value }])
    const closing = session.close()
    await gateway.database.admin.query('insert into public.seen values (1)')
    await closing
  }
  await gateway.database.admin.query('drop table public.seen')
})
