import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { baseline, withoutBaseline } from '../../../src/fleet/lint/baseline.js'
import { lintMigrations } from '../../../src/fleet/lint/lint-migrations.js'
import { lintRules } from '../../../src/fleet/lint/rules.js'
import { readMigrations } from '../../../src/fleet/migration-files.js'
import { packageRoot } from '../../../src/package-root.js'
import { readPage } from '../../docs/code-blocks.js'

test('the migrations of this installation keep every rule', async () => {
  expect(await lintMigrations(await readMigrations())).toEqual([])
})

test('what released files may break names files and rules that exist, with a reason', () => {
  expect(baseline.filter(({ file }) => !existsSync(join(packageRoot, file)))).toEqual([])
  expect(baseline.filter(({ rule }) => !lintRules.some(({ name }) => name === rule))).toEqual([])
  expect(baseline.filter(({ reason }) => reason.length < 20)).toEqual([])
})

test('an entry of that list covers its own rule in its own file, and is told when it covers nothing', () => {
  const finding = { line: 1, message: '', instead: '', statement: null }
  const entries = [
    { file: 'a.sql', rule: 'no-rule', reason: 'because' },
    { file: 'b.sql', rule: 'no-rule', reason: 'because' },
  ]
  const findings = ['no-rule', 'no-trigger'].map((rule) => ({ ...finding, rule, file: 'a.sql' }))
  expect(withoutBaseline(findings, entries)).toEqual({ findings: [findings[1]], unused: [entries[1]] })
})

test('CONTRIBUTING.md lists every rule with what it asks and why', () => {
  const rows = lintRules.map(({ name, files, what, why, allowable }) => {
    const scope = files === 'all' ? '' : files === 'public' ? ' (shared schema)' : ' (tenants)'
    return `| \`${name}\`${allowable === true ? ' *' : ''}${scope} | ${what} | ${why} |`
  })
  const page = readPage('CONTRIBUTING.md')
  expect(page.match(/^\| `[a-z-]+`( \*)?( \([a-z ]+\))? \| .* \| .* \|$/gm)).toEqual(rows)
})
