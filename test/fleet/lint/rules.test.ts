import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lintRules } from '../../../src/fleet/lint/rules.js'
import { foundPlaces, lintText, markedPlaces } from './fixture.js'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), 'fixtures')
const names = lintRules.map(({ name }) => name)

test('every rule has a good and a bad fixture, and every fixture a rule', async () => {
  expect((await readdir(fixtures)).sort()).toEqual([...names].sort())
  const missing = names.flatMap((name) =>
    ['good', 'bad'].map((kind) => join(fixtures, name, `${kind}.sql`)).filter((path) => !existsSync(path)),
  )
  expect(missing).toEqual([])
})

test('names of rules are kebab-case and used once', () => {
  expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
})

describe.each(names)('%s', (name) => {
  test('is broken at the marked lines of the bad file, and nothing else is', async () => {
    const path = join(fixtures, name, 'bad.sql')
    const marked = await markedPlaces(path, name)
    expect(marked).not.toEqual([])
    expect(await foundPlaces(await readFile(path, 'utf8'))).toEqual(marked)
  })

  test('is kept by the good file, and so is every other rule', async () => {
    expect(await foundPlaces(await readFile(join(fixtures, name, 'good.sql'), 'utf8'))).toEqual([])
  })
})

test('a finding names the statement as it stands in the file, and what would be right', async () => {
  const findings = await lintText(
    '-- What ö is for.\ncreate table "ö" (id uuid);\n\ncreate type state as enum (\'a\');\n',
  )
  expect(findings).toEqual([
    {
      rule: 'no-enum-type',
      file: 'tenant/core/0001_fixture.up.sql',
      line: 4,
      message: 'an enum type or a domain is made or changed',
      instead: 'text with a named check (… in (…))',
      statement: "create type state as enum ('a')",
    },
  ])
})

test('a mistyped rule and a mistyped directive are answered with what was probably meant', async () => {
  const findings = await lintText(
    '-- orgscope: alow foreign-key-index: x\n-- orgscope: allow forein-key-index: x\nselect 1;\n',
  )
  expect(findings.map(({ message, instead }) => `${message}: ${instead}`)).toEqual([
    '`alow foreign-key-index: x` is not known: allow, if that is meant',
    'there is no rule forein-key-index: foreign-key-index, if that is meant',
  ])
})

test('what looks like a directive inside a text or a block comment is none', async () => {
  expect(
    await foundPlaces(
      "select '\n-- orgscope: nonsense\n';\n/*\n-- orgscope: nonsense\n*/\nselect $$\n-- orgscope: x\n$$;\n",
    ),
  ).toEqual([])
})

test('an allowance covers its own statement only', async () => {
  const text = `-- file: tenant/core/0001_a.up.sql
create table notes (id uuid);
-- file: tenant/core/0002_b.up.sql
-- orgscope: allow volatile-default: few rows
alter table notes add column a uuid default gen_random_uuid();
alter table notes add column b uuid default gen_random_uuid();
`
  expect(await foundPlaces(text)).toEqual(['tenant/core/0002_b.up.sql:3 volatile-default'])
})

test('an optional module is judged with the tables of core', async () => {
  const text = `-- file: tenant/core/0001_a.up.sql
create table notes (id uuid, body text, constraint notes_pkey primary key (id));
-- file: tenant/usage/0001_b.up.sql
alter table notes alter column body set not null;
`
  expect(await foundPlaces(text)).toEqual(['tenant/usage/0001_b.up.sql:1 not-null-without-check'])
})
