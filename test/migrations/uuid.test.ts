import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'
import { migrationDatabase } from './support/migration-database.js'

const database = migrationDatabase({ migrated: true })
const FILE = join(packageRoot, 'migrations/public/0001_identifiers_and_ledger.up.sql')

beforeAll(async () => {
  // The body that servers before 18 get, under another name, so that it is tried on every server.
  const [, body] = /\n  else\n(.*?)\n  end if;/s.exec(await readFile(FILE, 'utf8')) ?? []
  await database.client.query(body!.replace('public.uuid_v7', 'public.uuid_v7_before_18'))
})

describe.each(['uuid_v7', 'uuid_v7_before_18'])('%s', (name) => {
  test('gives version 7 ids that begin with the milliseconds of now', async () => {
    const { rows } = await database.client.query<{ id: string; before: string; after: string }>(
      `select made.* from generate_series(1, 1000), lateral (
         select floor(extract(epoch from clock_timestamp()) * 1000)::text as before, public.${name}() as id,
           floor(extract(epoch from clock_timestamp()) * 1000)::text as after
         where generate_series > 0
       ) as made`,
    )
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1_000)
    for (const { id, before, after } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      const milliseconds = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
      expect(milliseconds).toBeGreaterThanOrEqual(Number(before))
      // The native one counts a little ahead when it is asked faster than its clock ticks.
      expect(milliseconds).toBeLessThanOrEqual(Number(after) + 1)
    }
  })

  test('gives ids that sort in the order in which statements made them', async () => {
    const made: string[] = []
    for (let count = 0; count < 200; count++) {
      const { rows } = await database.client.query<{ id: string }>(`select public.${name}() as id`)
      made.push(rows[0]!.id)
    }
    expect(made).toEqual([...made].sort())
  })
})

describe('uuid_of_name', () => {
  async function uuidOfName(name: string): Promise<string> {
    const { rows } = await database.client.query<{ id: string }>('select public.uuid_of_name($1) as id', [
      name,
    ])
    return rows[0]!.id
  }

  test('agrees with an id known from elsewhere', async () => {
    expect(await uuidOfName('https://www.example.com/')).toBe('7fed185f-0864-319f-875b-a3d5458e30ac')
  })

  test.each(['', 'orgscope:model:gpt-4o', 'R&D', 'Zoë – 数'])('is RFC 9562 version 3 of %j', async (name) => {
    const hash = createHash('md5')
      .update(Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex'))
      .update(name, 'utf8')
      .digest()
    hash[6] = (hash[6]! & 0x0f) | 0x30
    hash[8] = (hash[8]! & 0x3f) | 0x80
    expect((await uuidOfName(name)).replaceAll('-', '')).toBe(hash.toString('hex'))
  })
})
