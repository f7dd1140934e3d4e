import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { lintMigrations } from '../../../src/fleet/lint/lint-migrations.js'
import type { LintFinding } from '../../../src/fleet/lint/rule.js'
import { readMigrations } from '../../../src/fleet/migration-files.js'

/** The file a fixture is when it does not say `-- file: <path below migrations/>`. */
const ALONE = 'tenant/core/0001_fixture.up.sql'

/** Where something is found: `tenant/core/0001_fixture.up.sql:3 no-trigger`. */
export type Place = string

/** A fixture's files by path. Lines marked `-- bad`, and those below `-- bad:`, are where its rule is broken. */
function filesOf(text: string): Map<string, string[]> {
  const files = new Map<string, string[]>()
  let lines: string[] | undefined
  for (const line of text.trimEnd().split('\n')) {
    const path = /^-- file: (\S+)$/.exec(line)?.[1]
    if (path === undefined && lines === undefined) files.set(ALONE, (lines = []))
    if (path === undefined) lines!.push(line)
    else files.set(path, (lines = []))
  }
  return files
}

/** The places a fixture marks. */
export async function markedPlaces(fixture: string, rule: string): Promise<Place[]> {
  const files = filesOf(await readFile(fixture, 'utf8'))
  return [...files]
    .flatMap(([path, lines]) =>
      lines.flatMap((line, index) => {
        if (line.endsWith('-- bad')) return `${path}:${index + 1} ${rule}`
        return line === '-- bad:' ? `${path}:${index + 2} ${rule}` : []
      }),
    )
    .sort()
}

/** Lints a text that is laid out like a fixture; an up without a down is given one. */
export async function lintText(text: string): Promise<LintFinding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'orgscope-lint-'))
  try {
    const files = filesOf(text)
    for (const place of ['public', 'tenant/core']) await mkdir(join(folder, place), { recursive: true })
    for (const path of [...files.keys()].filter((name) => name.endsWith('.up.sql'))) {
      const down = path.replace('.up.', '.down.')
      if (!files.has(down)) files.set(down, ['select 1;'])
    }
    for (const [path, lines] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), `${lines.join('\n')}\n`)
    }
    const findings = await lintMigrations(await readMigrations(folder))
    return findings.map((finding) => ({ ...finding, file: relative(folder, finding.file) }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Where a text breaks which rules. */
export async function foundPlaces(text: string): Promise<Place[]> {
  return (await lintText(text)).map(({ file, line, rule }) => `${file}:${line} ${rule}`).sort()
}
