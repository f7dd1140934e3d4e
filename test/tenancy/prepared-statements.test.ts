import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MOST_STATEMENTS } from '../../src/tenancy/prepared-statements.js'
import { inReadSession, inWriteSession, type Session } from '../../src/tenancy/session.js'
import { accountScope } from '../../src/tenancy/session-scope.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 1 })
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

/** Runs `work` in a read session of nobody, on the only connection. */
function reading<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
  return inReadSession(gateway.pool, accountScope(), gateway.session, work)
}

async function run(session: Session, text: string): Promise<Record<string, unknown>> {
  const [row] = await session.run<Record<string, unknown>>(CompiledQuery.raw(text))
  return row ?? {}
}

/** Texts of what is prepared on the connection, and which connection it is. */
async function connection(): Promise<{ pid: number; prepared: string[] }> {
  const { rows } = await gateway.pool.query<{ pid: number; prepared: string[] }>(
    'select pg_backend_pid() as pid, array(select statement from pg_prepared_statements order by 1) as prepared',
  )
  return rows[0]!
}

describe('a statement', () => {
  test('is prepared the second time it is asked on a connection', async () => {
    const asked = 'select 1 as asked_repeatedly'
    await reading((session) => run(session, 'select 1 as asked_once'))
    for (let time = 1; time <= 3; time++) {
      expect(await reading((session) => run(session, asked))).toEqual({ asked_repeatedly: 1 })
      expect((await connection()).prepared.filter((text) => text.includes('asked'))).toEqual(
        time === 1 ? [] : [asked],
      )
    }
  })

  test('with as many others as a connection remembers takes the connection out of use', async () => {
    const before = await connection()
    const statements = Array.from(
      { length: MOST_STATEMENTS + 50 },
      (_, number) => `select ${number} as number`,
    )
    await reading(async (session) => {
      const answers = await Promise.all(
        statements.map((text) => [run(session, text), run(session, text)]).flat(),
      )
      expect(answers.map(({ number }) => number)).toEqual(statements.flatMap((_, number) => [number, number]))
      const { count } = await run(session, 'select count(*)::int as count from pg_prepared_statements')
      expect(count).toBe(MOST_STATEMENTS)
    })
    const after = await connection()
    expect(after.pid).not.toBe(before.pid)
    expect(after.prepared).toEqual([])
  })
})

describe('a migration of an organization in use', () => {
  const LIST = '{ teams { nodes { name description } } }'
  const CHANGE =
    'mutation($id: ID!, $text: String) { updateTeam(input: { id: $id, description: $text }) { team { description } } }'
  let id: string

  beforeAll(async () => {
    const { createTeam } = await acme
      .as('owner')
      .query<{ createTeam: { team: { id: string } } }>(
        `mutation { createTeam(input: { name: "Metering" }) { team { id } } }`,
      )
    id = createTeam.team.id
  })

  const change = (text: string) => acme.as('owner').query(CHANGE, { id, text })
  const changed = (text: string) => ({ updateTeam: { team: { description: text } } })
  const listed = (text: string) => ({ teams: { nodes: [{ name: 'Metering', description: text }] } })
  const plansOf = async (word: string) =>
    (await connection()).prepared.filter((text) => text.startsWith(`/* teams.${word} */`)).length

  async function warmUp(): Promise<void> {
    for (const text of ['one', 'two', 'three']) {
      expect(await change(text)).toEqual(changed(text))
      expect(await acme.as('owner').query(LIST)).toEqual(listed(text))
    }
    expect(await plansOf('list')).toBe(1)
    expect(await plansOf('update')).toBe(1)
  }

  test('that changes the type of what is read is not noticed by readers', async () => {
    await warmUp()
    const { pid } = await connection()
    await acme.sql(`alter table teams alter column description type varchar(500)`)
    expect(await acme.as('owner').query(LIST)).toEqual(listed('three'))
    expect((await connection()).pid).not.toBe(pid)
  })

  test('that changes the type of what is written is not noticed by writers, and they write once', async () => {
    await warmUp()
    await acme.sql(`alter table teams alter column description type text`)
    const entries = () => acme.sql(`select from audit_logs where resource_type = 'team'`)
    const before = (await entries()).length
    expect(await change('four')).toEqual(changed('four'))
    expect((await entries()).length).toBe(before + 1)
    expect(await acme.as('owner').query(LIST)).toEqual(listed('four'))
  })

  test('that adds a column leaves what is prepared as good as it was', async () => {
    await warmUp()
    const { pid } = await connection()
    await acme.sql(`alter table teams add column mascot text not null default 'owl'`)
    expect(await change('five')).toEqual(changed('five'))
    expect(await acme.as('owner').query(LIST)).toEqual(listed('five'))
    expect((await connection()).pid).toBe(pid)
    await acme.sql(`alter table teams drop column mascot`)
  })
})

test('work whose statement was out of date runs again, also when it did not mind the failure', async () => {
  await gateway.database.admin.query(
    `create table public.changing (value text); insert into public.changing values ('kept');
     grant select, insert on public.changing to orgscope_account`,
  )
  const read = 'select value from public.changing'
  for (let time = 1; time <= 3; time++) await reading((session) => run(session, read))
  await gateway.database.admin.query('alter table public.changing alter column value type varchar(20)')
  let times = 0
  const found = await inWriteSession(gateway.pool, accountScope(), gateway.session, async (session) => {
    times += 1
    await run(session, `insert into public.changing values ('written')`)
    return run(session, read).catch(() => 'swallowed')
  })
  expect(times).toBe(2)
  expect(found).toEqual({ value: 'kept' })
  const { rows } = await gateway.database.admin.query('select value from public.changing order by 1')
  expect(rows).toEqual([{ value: 'kept' }, { value: 'written' }])
  await gateway.database.admin.query('drop table public.changing')
})
