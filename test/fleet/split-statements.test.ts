import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitStatements } from '../../src/fleet/split-statements.js'

test.each([
  ['select 1; select 2', ['select 1', 'select 2']],
  ['select 1;;\n; -- nothing more\n', ['select 1']],
  [`select ';' as "a;b"; select 2;`, [`select ';' as "a;b"`, 'select 2']],
  [`select 'it''s; fine'; select 2;`, [`select 'it''s; fine'`, 'select 2']],
  [String.raw`select E'\';'; select 2`, [String.raw`select E'\';'`, 'select 2']],
  [String.raw`select '\'; select 2`, [String.raw`select '\'`, 'select 2']],
  ['do $a$ begin; $b$; $$ end; $a$; select 2', ['do $a$ begin; $b$; $$ end; $a$', 'select 2']],
  ['select a$b$; select 2', ['select a$b$', 'select 2']],
  ['select $1; select 2', ['select $1', 'select 2']],
  ['/* a; /* b; */ c; */ select 1; select 2', ['/* a; /* b; */ c; */ select 1', 'select 2']],
  ['-- a; b\nselect 1;', ['-- a; b\nselect 1']],
  ['', []],
  ['/* only */ -- comments\n', []],
])('%s', (script, statements) => {
  expect(splitStatements(script)).toEqual(statements)
})

/** Pieces of SQL that are whole in themselves, whatever stands beside them. */
const piece = fc.oneof(
  fc.constantFrom('select', 'a', '1', '+', '(', ')'),
  fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.string().map((text) => `"${text.replaceAll('"', '""')}x"`),
  fc.string().map((text) => `$tag$${text.replaceAll('$', '')}$tag$`),
  fc.string().map((text) => `/*${text.replaceAll(/[*/]/g, '')}*/`),
  fc.string().map((text) => `--${text.replaceAll(/[\n\r]/g, '')}\n`),
)
const statement = fc.array(piece, { minLength: 1 }).map((pieces) => `select ${pieces.join(' ')}`)

test('statements joined by semicolons come apart again, whatever is quoted in them', () => {
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      expect(splitStatements(statements.map((text) => `${text};`).join('\n'))).toEqual(
        statements.map((text) => text.trim()),
      )
    }),
  )
})
