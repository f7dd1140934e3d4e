import { randomUUID } from 'node:crypto'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let owner: QuickClient
let team: string
let tool: string
let user: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  owner = await quick(acme.as('owner'))
  team = await idOf(`insert into teams (name) values ('Paged') returning id`)
  tool = await idOf(`insert into tool_catalog (name) values ('Paged') returning id`)
  user = await idOf(`insert into users (email) values ('paged@acme.example') returning id`)
  await rankTexts()
})
afterAll(() => gateway?.close())

async function idOf(statement: string): Promise<string> {
  const [row] = await acme.sql<{ id: string }>(statement)
  return row!.id
}

type Row = Readonly<Record<string, string | number | null>>
type Compare = (a: never, b: never) => number
interface Term {
  readonly field: string
  readonly direction: 'ASC' | 'DESC'
  readonly nulls: 'FIRST' | 'LAST'
}
interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly totalCount: number
}

/** A kind of rows that can be listed in more than one place. */
interface Subject {
  readonly type: string
  readonly table: string
  readonly filter: (mark: string) => string
  readonly marked: string
  readonly row: fc.Arbitrary<Row>
  readonly order: Readonly<Record<string, Compare>>
  readonly key: (row: Row & { id: string }) => readonly string[]
  /** Where the list stands: what comes ahead of it, its name, and how many braces close behind. */
  readonly places: () => readonly { readonly open: string; readonly name: string; readonly close: string }[]
  readonly constant: () => Row
  readonly added?: (ids: readonly string[]) => Promise<unknown>
}

const TEXTS = ['a', 'A', 'b', 'ab', 'ä', '😀', 'Z', ''] as const
const ranks = new Map<string, number>()
/** Texts sort by the database's collation, which is its own business. */
async function rankTexts(): Promise<void> {
  const rows = await acme.sql<{ text: string }>(`select text from unnest($1::text[]) text order by text`, [
    [...TEXTS, 'active', 'inactive', 'suspended', 'pending_approval'],
  ])
  rows.forEach(({ text }, rank) => ranks.set(text, rank))
}
const byText: Compare = (a: string, b: string) => ranks.get(a)! - ranks.get(b)!
const byNumber: Compare = (a: number, b: number) => a - b
const byDecimal: Compare = (a: string, b: string) => new Decimal(a).comparedTo(b)
const byMoment: Compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Few values, so that rows tie; the moments differ by a microsecond. */
const moment = fc.constantFrom(
  '2026-01-31T08:15:00.000001Z',
  '2026-01-31T08:15:00.000002Z',
  '2026-01-31T08:15:00.100000Z',
  '1999-12-31T23:59:59.999999Z',
)
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 3 })
const text = fc.constantFrom(...TEXTS)

const people: Subject = {
  type: 'User',
  table: 'users',
  marked: 'job_title',
  filter: (mark) => `{ jobTitle: { eq: "${mark}" } }`,
  row: fc.record({
    fullName: orNull(text),
    department: orNull(text),
    status: fc.constantFrom('active', 'inactive', 'suspended'),
    lastSeenAt: orNull(moment),
    createdAt: moment,
  }),
  order: {
    fullName: byText,
    department: byText,
    status: byText,
    lastSeenAt: byMoment,
    createdAt: byMoment,
  },
  key: ({ id }) => [id],
  constant: () => ({}),
  added: (ids) =>
    acme.sql(`insert into team_members (team_id, user_id) select $1, unnest($2::uuid[])`, [team, ids]),
  places: () => [
    { open: '', name: 'users', close: '' },
    { open: `team(id: "${encodeId('Team', [team])}") {`, name: 'members', close: '}' },
  ],
}

const events: Subject = {
  type: 'UsageEvent',
  table: 'usage_events',
  marked: 'session_id',
  filter: (mark) => `{ sessionId: { eq: "${mark}" } }`,
  row: fc
    .record({
      occurredAt: moment,
      recordedAt: moment,
      inputTokens: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER),
      totalCost: orNull(fc.constantFrom('0', '1', '0.00000000000000000001', '1.00000000000000000001', '12')),
      responseTimeMs: orNull(fc.constantFrom(0, 5, 2 ** 31 - 1)),
    })
    .map((row) => ({ ...row, costSource: row.totalCost === null ? 'unpriced' : 'priced' })),
  order: {
    occurredAt: byMoment,
    recordedAt: byMoment,
    inputTokens: byNumber,
    totalCost: byDecimal,
    responseTimeMs: byNumber,
  },
  key: ({ id, occurredAt }) => [id, String(occurredAt).replace(/\.?0+Z$/, 'Z')],
  constant: () => ({ userId: user, toolId: tool, teamId: team }),
  places: () => [
    { open: '', name: 'usageEvents', close: '' },
    { open: `user(id: "${encodeId('User', [user])}") {`, name: 'usageEvents', close: '}' },
    { open: `tool(id: "${encodeId('Tool', [tool])}") {`, name: 'usageEvents', close: '}' },
  ],
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const upper = (name: string): string => snake(name).toUpperCase()

let marks = 0
let emails = 0
async function insert(
  subject: Subject,
  mark: string,
  rows: readonly Row[],
): Promise<(Row & { id: string })[]> {
  if (rows.length === 0) return []
  const added = rows.map((row) => ({ ...row, id: randomUUID() }))
  const stored = added.map((row) => ({
    ...Object.fromEntries(
      Object.entries({ ...row, ...subject.constant() }).map(([field, value]) => [snake(field), value]),
    ),
    ...(subject.table === 'users' ? { email: `person-${++emails}@acme.example` } : {}),
    [subject.marked]: mark,
  }))
  const columns = Object.keys(stored[0]!).join()
  await acme.sql(
    `insert into ${subject.table} (${columns})
     select ${columns} from json_populate_recordset(null::${subject.table}, $1)`,
    [JSON.stringify(stored)],
  )
  await subject.added?.(added.map(({ id }) => id))
  return added
}

async function remove(subject: Subject, rows: readonly { id: string }[]): Promise<void> {
  const ids = rows.map(({ id }) => id)
  if (subject.table === 'users') await acme.sql(`delete from team_members where user_id = any($1)`, [ids])
  await acme.sql(`delete from ${subject.table} where id = any($1)`, [ids])
}

/** What the documentation says of the order of a list. */
function sorted(subject: Subject, rows: readonly (Row & { id: string })[], terms: readonly Term[]): string[] {
  const last = terms.at(-1)?.direction === 'DESC' ? -1 : 1
  const compare = (a: Row & { id: string }, b: Row & { id: string }): number => {
    for (const { field, direction, nulls } of terms) {
      const [left, right] = [a[field] ?? null, b[field] ?? null]
      if (left === null && right === null) continue
      if (left === null) return nulls === 'FIRST' ? -1 : 1
      if (right === null) return nulls === 'FIRST' ? 1 : -1
      const difference = subject.order[field]!(left as never, right as never)
      if (difference !== 0) return direction === 'DESC' ? -difference : difference
    }
    return a.id < b.id ? -last : last
  }
  return [...rows].sort(compare).map((row) => encodeId(subject.type, subject.key(row)))
}

interface Walk {
  readonly subject: Subject
  readonly place: { readonly open: string; readonly name: string; readonly close: string }
  readonly mark: string
  readonly terms: readonly Term[]
  readonly size: number
  readonly backward: boolean
}

async function readPage(walk: Walk, cursor: string | null): Promise<Connection> {
  const { subject, place, mark, terms, size, backward } = walk
  const orderBy = terms
    .map((term) => `{ field: ${upper(term.field)}, direction: ${term.direction}, nulls: ${term.nulls} }`)
    .join()
  const page = backward ? `last: ${size}, before: $cursor` : `first: ${size}, after: $cursor`
  const data = await owner.query<Record<string, never>>(
    `query($cursor: String) { ${place.open} list: ${place.name}(filter: ${subject.filter(mark)}, orderBy: [${orderBy}], ${page}) {
      edges { cursor node { id } } totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } ${place.close} }`,
    { cursor },
  )
  const [outer] = place.open === '' ? [data] : Object.values(data)
  return outer!['list'] as unknown as Connection
}

/** All pages one after the other, in the order of the list. */
async function walkPages(walk: Walk, onPage?: (page: Connection) => Promise<void>): Promise<Connection[]> {
  const pages: Connection[] = []
  let cursor: string | null = null
  for (;;) {
    const page = await readPage(walk, cursor)
    if (walk.backward) pages.unshift(page)
    else pages.push(page)
    expect(pages.length, 'the walk must end').toBeLessThan(40)
    await onPage?.(page)
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.pageInfo
    if (!(walk.backward ? hasPreviousPage : hasNextPage)) return pages
    cursor = walk.backward ? startCursor : endCursor
  }
}

const idsOf = (pages: readonly Connection[]): string[] =>
  pages.flatMap(({ edges }) => edges.map(({ node }) => node.id))

function anyWalk(subject: Subject) {
  const term = fc.record({
    field: fc.constantFrom(...Object.keys(subject.order)),
    direction: fc.constantFrom('ASC' as const, 'DESC' as const),
    nulls: fc.constantFrom('FIRST' as const, 'LAST' as const),
  })
  return fc.record({
    subject: fc.constant(subject),
    place: fc.nat().map((index) => subject.places()[index % subject.places().length]!),
    terms: fc.uniqueArray(term, { minLength: 1, maxLength: 3, selector: ({ field }) => field }),
    size: fc.integer({ min: 1, max: 4 }),
    backward: fc.boolean(),
  })
}

describe.each([people, events])(
  'pages of $type objects, at the root and below another object,',
  (subject) => {
    test('hold each row once, in order, and say what lies on either side', async () => {
      const property = fc.asyncProperty(
        anyWalk(subject),
        fc.array(subject.row, { maxLength: 9 }),
        async (asked, rows) => {
          const mark = `walk ${++marks}`
          const walk = { ...asked, mark }
          const expected = sorted(subject, await insert(subject, mark, rows), walk.terms)
          const pages = await walkPages(walk)
          expect(idsOf(pages)).toEqual(expected)
          pages.forEach(({ edges, pageInfo, totalCount }, index) => {
            expect(totalCount).toBe(expected.length)
            expect(pageInfo).toEqual({
              hasNextPage: index < pages.length - 1,
              hasPreviousPage: index > 0,
              startCursor: edges[0]?.cursor ?? null,
              endCursor: edges.at(-1)?.cursor ?? null,
            })
          })
        },
      )
      await fc.assert(property, { numRuns: RUNS })
    })

    test('hold every row that stays once and in order while others come and go', async () => {
      const property = fc.asyncProperty(
        anyWalk(subject),
        fc.array(subject.row, { minLength: 1, maxLength: 6 }),
        fc.array(subject.row, { maxLength: 4 }),
        fc.infiniteStream(fc.array(subject.row, { maxLength: 1 })),
        async (asked, staying, leaving, coming) => {
          const mark = `walk ${++marks}`
          const walk = { ...asked, mark }
          const kept = await insert(subject, mark, staying)
          const doomed = await insert(subject, mark, leaving)
          let pagesLeft = 8
          const pages = await walkPages(walk, async () => {
            // Rows may come as fast as they are read for a while, but not for ever.
            if (--pagesLeft > 0) await insert(subject, mark, coming.next().value as Row[])
            await remove(subject, doomed.splice(0, 1))
          })
          const seen = idsOf(pages)
          expect(new Set(seen).size, 'no row twice').toBe(seen.length)
          const expected = sorted(subject, kept, walk.terms)
          expect(seen.filter((id) => expected.includes(id))).toEqual(expected)
        },
      )
      await fc.assert(property, { numRuns: RUNS })
    })
  },
)

describe('a list', () => {
  test('without first or last is a page of 50, of at most 500', async () => {
    await acme.sql(
      `insert into users (email, job_title) select 'many-' || n || '@acme.example', 'many' from generate_series(1, 501) n`,
    )
    const many = async (page: string) =>
      owner.query<{ users: { nodes: unknown[]; pageInfo: { hasNextPage: boolean } } }>(
        `{ users(filter: { jobTitle: { eq: "many" } } ${page}) { nodes { id } pageInfo { hasNextPage } } }`,
      )
    for (const [page, length] of [
      ['', 50],
      ['first: null', 50],
      ['first: 500', 500],
      ['last: 500', 500],
      ['first: 0', 0],
    ] as const) {
      const { users } = await many(page)
      expect([page, users.nodes.length]).toEqual([page, length])
    }
    expect((await many('first: 0')).users.pageInfo.hasNextPage).toBe(true)
  })

  test.each([
    ['first: 501', { code: 'LIMIT_EXCEEDED', limit: 'first', allowed: 500, asked: 501 }],
    ['last: 501', { code: 'LIMIT_EXCEEDED', limit: 'last', allowed: 500, asked: 501 }],
    ['first: -1', { code: 'BAD_USER_INPUT', field: 'first' }],
    ['last: -1', { code: 'BAD_USER_INPUT', field: 'last' }],
    ['first: 1, last: 1', { code: 'BAD_USER_INPUT', field: 'last' }],
    ['after: "garbage"', { code: 'BAD_USER_INPUT', field: 'after' }],
    ['before: ""', { code: 'BAD_USER_INPUT', field: 'before' }],
    [`after: "${Buffer.from('[1]').toString('base64url')}"`, { code: 'BAD_USER_INPUT', field: 'after' }],
    [
      `after: "${Buffer.from('[9,"x","y"]').toString('base64url')}"`,
      { code: 'BAD_USER_INPUT', field: 'after' },
    ],
    [
      'orderBy: [{ field: EMAIL }, { field: STATUS }, { field: EMAIL, direction: DESC }]',
      { code: 'BAD_USER_INPUT', field: 'orderBy[2].field' },
    ],
  ])('with %s is refused by name, also below another object', async (page, extensions) => {
    const root = await owner.send(`{ users(${page}) { nodes { id } } }`)
    const nested = await owner.send(
      `{ team(id: "${encodeId('Team', [team])}") { members(${page}) { nodes { id } } } }`,
    )
    for (const { errors } of [root, nested]) expect(errors?.[0]?.extensions).toEqual(extensions)
    expect(root.data).toEqual({ users: null })
    expect(nested.data).toEqual({ team: { members: null } })
  })

  test('refuses a cursor of another order, filter or type, and takes its own back', async () => {
    const first = await owner.query<{ users: { pageInfo: { endCursor: string } } }>(
      `{ users(first: 1, orderBy: [{ field: EMAIL }]) { pageInfo { endCursor } } }`,
    )
    const cursor = first.users.pageInfo.endCursor
    const codeOf = async (list: string) =>
      (await owner.send(`{ ${list} { nodes { id } } }`)).errors?.[0]?.extensions
    const refused = { code: 'BAD_USER_INPUT', field: 'after' }
    expect(await codeOf(`users(after: "${cursor}", orderBy: [{ field: EMAIL }])`)).toBeUndefined()
    expect(await codeOf(`users(after: "${cursor}", orderBy: [{ field: EMAIL, direction: DESC }])`)).toEqual(
      refused,
    )
    expect(await codeOf(`users(after: "${cursor}")`)).toEqual(refused)
    const filtered = `orderBy: [{ field: EMAIL }], filter: { status: { eq: ACTIVE } }`
    expect(await codeOf(`users(after: "${cursor}", ${filtered})`)).toEqual(refused)
    const teams = await owner.query<{ teams: { pageInfo: { endCursor: string } } }>(
      `{ teams(first: 1) { pageInfo { endCursor } } }`,
    )
    expect(await codeOf(`memberships(after: "${teams.teams.pageInfo.endCursor}")`)).toEqual(refused)
  })

  test('refuses a forged cursor as bad input', async () => {
    const first = await owner.query<{ users: { pageInfo: { endCursor: string } } }>(
      `{ users(first: 1) { pageInfo { endCursor } } }`,
    )
    const parts = JSON.parse(Buffer.from(first.users.pageInfo.endCursor, 'base64url').toString()) as unknown[]
    const forged = Buffer.from(JSON.stringify([...parts.slice(0, 2), 'no moment', 'no id'])).toString(
      'base64url',
    )
    const { errors } = await owner.send(`{ users(after: "${forged}") { nodes { id } } }`)
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('past its end is an empty page with everything behind it', async () => {
    const list = async (page: string) =>
      owner.query<{ users: Connection }>(
        `{ users(orderBy: [{ field: CREATED_AT }] ${page}) { edges { cursor } totalCount
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      )
    const last = (await list('last: 1')).users.edges[0]!.cursor
    const first = (await list('first: 1')).users.edges[0]!.cursor
    const empty = { startCursor: null, endCursor: null }
    expect((await list(`after: "${last}"`)).users).toMatchObject({
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, ...empty },
    })
    expect((await list(`last: 5, before: "${first}"`)).users).toMatchObject({
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, ...empty },
    })
  })

  test('between two cursors holds what lies between them', async () => {
    const list = async (page: string) =>
      (
        await owner.query<{ users: Connection }>(
          `{ users(filter: { jobTitle: { eq: "many" } }, orderBy: [{ field: EMAIL }] ${page}) { edges { cursor node { id } } } }`,
        )
      ).users.edges
    const ten = await list('first: 10')
    const between = `after: "${ten[2]!.cursor}", before: "${ten[8]!.cursor}"`
    expect(await list(between)).toEqual(ten.slice(3, 8))
    expect(await list(`first: 2, ${between}`)).toEqual(ten.slice(3, 5))
    expect(await list(`last: 2, ${between}`)).toEqual(ten.slice(6, 8))
    expect(await list(`after: "${ten[8]!.cursor}", before: "${ten[2]!.cursor}"`)).toEqual([])
  })

  test.each([
    ['users { nodes { id } }', ['users.list']],
    ['users { totalCount }', ['users.count']],
    ['users { nodes { id } totalCount @include(if: false) }', ['users.list']],
    [
      'users { ...on UserConnection { totalCount @skip(if: true) } pageInfo { hasPreviousPage } }',
      ['users.list'],
    ],
    ['users { nodes { id } totalCount }', ['users.count', 'users.list']],
  ])('runs no statement that %s does not need', async (list, labels) => {
    gateway.statements.length = 0
    await owner.query(`{ ${list} }`)
    expect(gateway.statements.map((sql) => /\/\* (\S+) \*\//.exec(sql)?.[1]).sort()).toEqual(labels)
  })

  test('is sorted and paged by columns that nobody selects', async () => {
    const { users } = await owner.query<{ users: { nodes: object[] } }>(
      `{ users(orderBy: [{ field: DEPARTMENT, nulls: FIRST }, { field: LAST_SEEN_AT }], first: 2) { nodes { status } } }`,
    )
    expect(users.nodes.map((node) => Object.keys(node))).toEqual([['status'], ['status']])
  })
})
