import { basename, dirname, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { lintMigrations } from '../../fleet/lint/lint-migrations.js'
import type { LintFinding } from '../../fleet/lint/rule.js'
import { readMigrations, sharedStream, type MigrationFiles } from '../../fleet/migration-files.js'
import { packageRoot } from '../../package-root.js'
import { closest } from '../../tenancy/closest-word.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { exitCodes } from '../exit-codes.js'
import { CliError } from '../failure.js'
import { counted } from '../format.js'

/** `orgscope migrate lint`: needs no database. */
export function addMigrateLint(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = migrate
    .command('lint')
    .description('judge migration files by the rules of CONTRIBUTING.md')
    .argument('[files…]', 'only what is found in these files; by default all of the installation')
    .option('--module <name>', '`public`, or the module whose files are judged')
  define<{ module?: string }>(command, invocation, onExit, {
    examples: [
      'orgscope migrate lint',
      'orgscope migrate lint --module usage',
      'orgscope migrate lint migrations/tenant/core/0007_team_page.up.sql',
    ],
    work: async (context, { module }, files) => {
      const findings = await findingsIn(files, module)
      context.terminal.result({ findings }, describeFindings(findings))
      return findings.length > 0 ? exitCodes.partial : exitCodes.ok
    },
  })
}

/** Findings as a compiler would print them; a sentence when there are none. */
export function describeFindings(findings: readonly LintFinding[]): string {
  if (findings.length === 0) return 'Every migration keeps the rules.'
  return [...findings.map(describeFinding), `${counted(findings.length, 'finding')}.`].join('\n')
}

function describeFinding({ file, line, rule, message, instead, statement }: LintFinding): string {
  const quoted =
    statement === null
      ? []
      : statement
          .split('\n')
          .slice(0, 6)
          .map((text) => `    ${text}`)
  return [`${file}:${line}: ${rule}: ${message}`, ...quoted, `  right would be: ${instead}`].join('\n')
}

async function findingsIn(files: readonly string[], module: string | undefined): Promise<LintFinding[]> {
  const folders = files.length === 0 ? [undefined] : [...new Set(files.map(folderOf))]
  const wanted = new Set(files.map((file) => resolve(file)))
  const found: LintFinding[] = []
  for (const folder of folders) {
    const read = await readMigrations(folder)
    assertKnown(
      read,
      files.length === 0 ? [] : [...wanted].filter((file) => folderOf(file) === folder),
      module,
    )
    found.push(...(await lintMigrations(read)))
  }
  return found.filter(
    ({ file }) =>
      (files.length === 0 || wanted.has(resolve(packageRoot, file))) &&
      (module === undefined || basename(dirname(file)) === module),
  )
}

/** The folder that holds `public/` and `tenant/`: a file is judged with the files before it. */
function folderOf(file: string): string {
  const stream = dirname(resolve(file))
  const above = dirname(stream)
  if (basename(stream) === sharedStream) return above
  if (basename(above) === 'tenant') return dirname(above)
  throw new InvalidArgumentError(
    `${file} is not a migration: it is in no folder public/ or tenant/<module>/.`,
  )
}

function assertKnown(
  { catalogue: { shared, modules }, problems }: MigrationFiles,
  files: readonly string[],
  module: string | undefined,
): void {
  const names = [sharedStream, ...modules.keys()]
  if (module !== undefined && !names.includes(module)) {
    const meant = closest(module, names)
    throw new CliError(
      `No migrations are called ${module}${meant === undefined ? `; there are ${names.join(', ')}` : `; did you mean ${meant}?`}`,
      exitCodes.usage,
      { module },
    )
  }
  const known = new Set(
    [
      ...[shared, ...modules.values()].flatMap(({ migrations, defaultData }) => [
        ...migrations.flatMap(({ up, down }) => [up.file, down.file]),
        ...(defaultData === undefined ? [] : [defaultData.file]),
      ]),
      ...problems.map(({ file }) => file),
    ].map((file) => resolve(packageRoot, file)),
  )
  const missing = files.filter((file) => !known.has(file))
  if (missing.length > 0) {
    throw new CliError(`There is no migration ${missing.join(', ')}.`, exitCodes.usage, { files: missing })
  }
}
