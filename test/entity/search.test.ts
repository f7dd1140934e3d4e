import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allEntities } from '../../src/entity/entity.js'
import { encodeId } from '../../src/entity/global-id.js'
import { searchVector } from '../../src/entity/search.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { quick, RUNS, type QuickClient } from './client.js'

let gateway: TestGateway
let acme: TestOrganization
let viewer: QuickClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  viewer = await quick(acme.as('viewer'))
  await acme.sql(
    `insert into teams (name, description) select name, description from jsonb_to_recordset($1) as (name text, description text)`,
    [
      JSON.stringify([
        { name: 'Legal Affairs', description: 'Contracts, privacy and law.' },
        { name: 'Privacy', description: 'Privacy by design: privacy first, privacy last.' },
        { name: 'Machine Learning', description: 'Trains gpt-4o-mini on legal texts.' },
        { name: 'Ärzte', description: null },
        { name: 'Night-Shift', description: `It's "quoted" & <odd>; drop table teams` },
      ]),
    ],
  )
  await acme.sql(`insert into teams (name, deleted_at) values ('Privacy (closed)', now())`)
})
afterAll(() => gateway?.close())

async function search(words: string | null, rest = ''): Promise<string[]> {
  const { teams } = await viewer.query<{ teams: { totalCount: number; nodes: { name: string }[] } }>(
    `query($words: String) { teams(search: $words ${rest}) { totalCount nodes { name } } }`,
    { words },
  )
  expect(teams.totalCount).toBe(teams.nodes.length)
  return teams.nodes.map(({ name }) => name)
}

describe('a search', () => {
  test.each([
    ['one word, whatever its letter case', 'MACHINE', ['Machine Learning']],
    ['all words, in any field and order', 'texts machine', ['Machine Learning']],
    ['letters beyond ASCII', 'ärzte', ['Ärzte']],
    ['a word inside a name with hyphens', 'mini', ['Machine Learning']],
    ['a name with hyphens', 'gpt-4o-mini', ['Machine Learning']],
    ['a part of such a name', 'gpt-4o', ['Machine Learning']],
    ['a phrase', '"legal affairs"', ['Legal Affairs']],
    ['a phrase that nobody wrote', '"affairs legal"', []],
    ['a word and not another', 'legal -contracts', ['Machine Learning']],
    ['one word or the other', 'shift or ärzte', ['Night-Shift', 'Ärzte']],
    ['a part of a word, which is no word', 'priv', []],
    ['signs that mean something to SQL', `it's & drop; table <odd>`, ['Night-Shift']],
    ['signs only, which are no words', '&|!()', []],
  ])('finds %s', async (_, words, names) => {
    expect((await search(words)).sort()).toEqual(names)
  })

  test('has the best fit first', async () => {
    expect(await search('privacy')).toEqual(['Privacy', 'Legal Affairs'])
    expect(await search('privacy', 'orderBy: [{ field: RELEVANCE }]')).toEqual(['Legal Affairs', 'Privacy'])
    expect(await search('privacy', 'orderBy: [{ field: NAME }]')).toEqual(['Legal Affairs', 'Privacy'])
  })

  test('goes together with a filter', async () => {
    expect(await search('privacy', 'filter: { name: { startsWith: "L" } }')).toEqual(['Legal Affairs'])
  })

  test('for blanks, or for nothing, is none', async () => {
    for (const words of [null, '', '  ']) expect(await search(words)).toHaveLength(5)
  })

  test('finds people by parts of their addresses, and by a member only the member', async () => {
    const people = async (client: QuickClient, words: string) =>
      (
        await client.query<{ users: { nodes: { email: string }[] } }>(
          `query($words: String) { users(search: $words) { nodes { email } } }`,
          { words },
        )
      ).users.nodes.map(({ email }) => email)
    const owner = acme.as('owner').email
    expect(await people(viewer, 'owner')).toEqual([owner])
    expect(await people(viewer, owner.toUpperCase())).toEqual([owner])
    expect(await people(await quick(acme.as('member')), 'owner')).toEqual([])
  })

  test('works in lists below other objects', async () => {
    const [team] = await acme.sql<{ id: string }>(`select id from teams where name = 'Privacy'`)
    await acme.sql(`insert into team_members (team_id, user_id) select $1, id from users`, [team!.id])
    const { team: found } = await viewer.query<{ team: { members: { nodes: { email: string }[] } } }>(
      `query($id: ID!) { team(id: $id) { members(search: "viewer or admin") { nodes { email } } } }`,
      { id: encodeId('Team', [team!.id]) },
    )
    expect(found.members.nodes.map(({ email }) => email).sort()).toEqual(
      [acme.as('admin').email, acme.as('viewer').email].sort(),
    )
  })

  test.each<[string, string, object]>([
    [
      'relevance without a search',
      'orderBy: [{ field: RELEVANCE }]',
      { code: 'BAD_USER_INPUT', field: 'orderBy[0].field' },
    ],
    [
      'relevance twice',
      'search: "a", orderBy: [{ field: RELEVANCE }, { field: RELEVANCE }]',
      { code: 'BAD_USER_INPUT', field: 'orderBy[1].field' },
    ],
    ['a NUL character', 'search: "a\\u0000"', { code: 'BAD_USER_INPUT', field: 'search' }],
    [
      'words without end',
      `search: "${'x'.repeat(1_001)}"`,
      { code: 'LIMIT_EXCEEDED', limit: 'search', allowed: 1000, asked: 1001 },
    ],
  ])('is refused with %s', async (_, list, extensions) => {
    const { errors } = await viewer.send(`{ teams(${list}) { nodes { id } } }`)
    expect(errors?.map((error) => error.extensions)).toEqual([extensions])
  })
})

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean }
}

test('pages of a search hold each row once, in order, though many fit equally well', async () => {
  const text = fc.array(fc.constantFrom('ink', 'quill', 'paper', 'ink ink'), { minLength: 1, maxLength: 4 })
  let runs = 0
  const property = fc.asyncProperty(
    fc.array(text, { maxLength: 9 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    fc.constantFrom(
      '',
      'orderBy: [{ field: RELEVANCE }]',
      'orderBy: [{ field: RELEVANCE, direction: DESC }, { field: NAME }]',
    ),
    async (texts, size, backward, order) => {
      const mark = `walk${++runs}`
      for (const [index, words] of texts.entries())
        await acme.sql(`insert into teams (name, description) values ($1, $2)`, [
          `${mark} ${index % 3} ${index}`,
          words.join(' '),
        ])
      const list = async (page: string, cursor: string | null): Promise<Page> =>
        (
          await viewer.query<{ teams: Page }>(
            `query($cursor: String) { teams(search: "${mark} ink", ${order} ${page}) { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }`,
            { cursor },
          )
        ).teams
      const whole = (await list('first: 500, after: $cursor', null)).edges.map(({ node }) => node.id)
      expect(whole).toHaveLength(texts.filter((words) => words.join().includes('ink')).length)
      const seen: string[] = []
      for (let cursor: string | null = null; ;) {
        const page = await list(
          backward ? `last: ${size}, before: $cursor` : `first: ${size}, after: $cursor`,
          cursor,
        )
        const ids = page.edges.map(({ node }) => node.id)
        if (backward) seen.unshift(...ids)
        else seen.push(...ids)
        const { hasNextPage, hasPreviousPage } = page.pageInfo
        expect(backward ? hasNextPage : hasPreviousPage).toBe(seen.length > ids.length)
        if (!(backward ? hasPreviousPage : hasNextPage)) break
        cursor = (backward ? page.edges[0] : page.edges.at(-1))!.cursor
      }
      expect(seen).toEqual(whole)
    },
  )
  await fc.assert(property, { numRuns: RUNS })
})

test('a cursor of another search is refused', async () => {
  const { teams } = await viewer.query<{ teams: Page }>(
    `{ teams(search: "privacy", first: 1) { edges { cursor } } }`,
  )
  const after = teams.edges[0]!.cursor
  const refusal = async (list: string) =>
    (await viewer.send(`{ teams(${list} after: "${after}") { nodes { id } } }`)).errors?.[0]?.extensions
  expect(await refusal('search: "privacy"')).toBeUndefined()
  for (const list of ['search: "legal"', '', 'search: "privacy", orderBy: [{ field: NAME }]'])
    expect(await refusal(list)).toEqual({ code: 'BAD_USER_INPUT', field: 'after' })
})

const searched = allEntities().filter((entity) => entity.search.length > 0)

test('there is something to search', () => {
  expect(searched.map(({ name }) => name).sort()).toEqual(['Model', 'Team', 'Tool', 'User'])
})

test.each(searched.map((entity) => [entity.name, entity] as const))(
  'a search of %s objects has an index',
  async (_, { table, search: columns }) => {
    const client = await gateway.database.admin.connect()
    try {
      await client.query(
        `set search_path = ${schemaOf(acme.id)}, public; set enable_seqscan = off; set enable_indexscan = off`,
      )
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain select from ${table} e where ${searchVector(columns, 'e')} @@ websearch_to_tsquery('simple'::regconfig, 'a')`,
      )
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain(`${table}_search_idx`)
    } finally {
      await client.query('reset all')
      client.release()
    }
  },
)
