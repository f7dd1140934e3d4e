import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Option, type Command } from 'commander'
import { sql } from 'kysely'
import type pg from 'pg'
import { chooseModel } from '../../modules/usage/import/choose-model.js'
import { traceFormats } from '../../modules/usage/import/formats.js'
import { DEFAULT_BATCH_SIZE, importUsage } from '../../modules/usage/import/import-usage.js'
import type { ImportReport } from '../../modules/usage/import/import-report.js'
import type { RejectedRow, TraceFormat } from '../../modules/usage/import/trace-row.js'
import { closest } from '../../tenancy/closest-word.js'
import { platformScope, tenantScope } from '../../tenancy/session-scope.js'
import { inReadSession, statements } from '../../tenancy/session.js'
import type { TenantId } from '../../tenancy/tenant-id.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import { CliError } from '../failure.js'
import { count, counted, table } from '../format.js'
import { tenantOption, wholeNumber } from '../options.js'
import { createProgress } from '../progress.js'
import { RejectsFile } from '../rejects-file.js'
import { untilStopped } from '../stop-signals.js'

interface ImportOptions {
  readonly org: TenantId
  readonly format: string
  readonly model: string
  readonly provider?: string
  readonly allowUnpriced?: boolean
  readonly dryRun?: boolean
  readonly rejects?: string
  readonly batchSize: number
}

const STANDARD_INPUT = '-'
const REJECTS_OF_INPUT = 'standard-input.rejects.csv'
const MOST_SHOWN = 10
/** Milliseconds; looking up an organization and its prices takes far less. */
const LOOK_UP_TIMEOUT = 30_000

/** `orgscope usage …`: usage from files. */
export function addUsageCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const usage = program.command('usage').description('bring in usage')
  const command = usage
    .command('import')
    .description('import a file of any size; importing it again adds nothing')
    .argument('<file>', 'CSV file, or - for standard input')
    .requiredOption('--org <id>', 'the organization', tenantOption)
    .addOption(
      new Option('--format <name>', 'what the file holds')
        .choices(traceFormats.map(({ name }) => name))
        .makeOptionMandatory(),
    )
    .requiredOption('--model <name>', 'the model that was used, which gives the price')
    .option('--provider <name>', 'who sold it, when several do')
    .option('--allow-unpriced', 'import although no price is known for the model')
    .option('--dry-run', 'write nothing, and say what an import would do')
    .option('--rejects <file>', 'where rejected rows go (next to the file by default)')
    .option('--batch-size <rows>', 'rows in one transaction', wholeNumber(1, 20_000), DEFAULT_BATCH_SIZE)
    .addHelpText('after', formatHelp)
  define<ImportOptions>(command, invocation, onExit, {
    examples: [
      'orgscope usage import trace.csv --org techcorp --format azure-llm-trace --model gpt-4o-mini',
      'zcat trace.csv.gz | orgscope usage import - --org techcorp --format azure-llm-trace --model gpt-4o --dry-run',
    ],
    work: (context, options, [file]) => runImport(context, options, file as string),
  })
}

const formatHelp = `
Formats:
${traceFormats.map(({ name, description }) => `  ${name}  ${description}`).join('\n')}

Rejected rows are listed with their line and reason, and the exit code is 3; all others are imported. Rows wait in
the system's temporary folder (set TMPDIR) while the file is read, about twice its size.`

async function runImport(context: CommandContext, options: ImportOptions, file: string) {
  const input = await openInput(context, file)
  const rejects = await RejectsFile.open(options.rejects ?? input.rejects, options.rejects !== undefined)
  const shown: RejectedRow[] = []
  const report = await connected(context, (connection) =>
    importFrom(context, connection.gateway(), options, input, (row) => {
      if (shown.length < MOST_SHOWN) shown.push(row)
      rejects.add(row)
    }),
  )
  const kept = rejects.close()
  const { terminal } = context
  terminal.result({ ...report, rejects: shown, rejectsFile: kept ?? null }, describe(report))
  if (report.rejected > 0) terminal.say(describeRejects(report.rejected, shown, kept))
  return report.rejected > 0 ? exitCodes.partial : exitCodes.ok
}

interface Input {
  readonly source: Readable
  /** Where rejected rows go unless told otherwise. */
  readonly rejects: string
}

async function openInput({ streams }: CommandContext, file: string): Promise<Input> {
  if (file === STANDARD_INPUT) return { source: streams.stdin, rejects: REJECTS_OF_INPUT }
  try {
    if (!(await stat(file)).isDirectory())
      return { source: createReadStream(file), rejects: `${file}.rejects.csv` }
  } catch (error) {
    throw new CliError(`The file ${file} cannot be read: ${(error as Error).message}`, exitCodes.usage)
  }
  throw new CliError(`${file} is a folder; name a file in it.`, exitCodes.usage)
}

async function importFrom(
  { terminal }: CommandContext,
  pool: pg.Pool,
  { org, format, model, provider, allowUnpriced, dryRun, batchSize }: ImportOptions,
  { source }: Input,
  onRejected: (row: RejectedRow) => void,
): Promise<ImportReport> {
  const scope = tenantScope(org, await organizationId(pool, org))
  const chosen = await inReadSession(pool, scope, { statementTimeout: LOOK_UP_TIMEOUT }, (session) =>
    chooseModel(session, { modelName: model, provider }, { allowUnpriced: allowUnpriced === true }),
  )
  const progress = createProgress(terminal)
  const interruption = new AbortController()
  const stopped = untilStopped()
  void stopped.signal.then((name) => {
    const reason = new CliError(
      `The import was interrupted (${name}). Run it again to finish it: nothing is added twice.`,
    )
    interruption.abort(reason)
    source.destroy(reason)
  })
  try {
    return await importUsage({
      signal: interruption.signal,
      source,
      format: traceFormats.find(({ name }) => name === format) as TraceFormat,
      model: chosen,
      pool,
      scope,
      batchSize,
      dryRun,
      onRejected,
      onProgress: (at) => progress.show(at.phase, at.rows, at.phase === 'recording' ? at.of : undefined),
    })
  } finally {
    stopped.release()
    progress.stop()
  }
}

interface OrganizationRow {
  readonly id: string
  readonly org_key: string
  readonly state: string
  readonly modules: readonly string[]
}

/** The organization to import into. Throws when it is unknown, not served, or without the module. */
async function organizationId(pool: pg.Pool, org: TenantId): Promise<string> {
  const query = sql<OrganizationRow>`
    /* cli.organizations */
    select o.id, o.org_key, t.state, t.modules
    from public.organizations o join public.tenant_schemas t on t.organization_id = o.id
    where t.state <> 'deleted'`
  const rows = await inReadSession(pool, platformScope, { statementTimeout: LOOK_UP_TIMEOUT }, (session) =>
    session.run(query.compile(statements)),
  )
  const found = rows.find(({ org_key }) => org_key === org)
  if (found === undefined) {
    const near = closest(
      org,
      rows.map(({ org_key }) => org_key),
    )
    const advice = near === undefined ? 'orgscope tenant list shows all.' : `Did you mean ${near}?`
    throw new CliError(`There is no organization ${org}. ${advice}`, exitCodes.usage, { organization: org })
  }
  if (found.state !== 'active') {
    throw new CliError(`The organization ${org} is ${found.state}, so nothing can be imported into it.`)
  }
  if (!found.modules.includes('usage')) {
    throw new CliError(`The organization ${org} does not have the module usage.`, exitCodes.usage)
  }
  return found.id
}

function describe(report: ImportReport): string {
  const { rows, added, duplicates, rejected, unpriced, inputTokens, outputTokens, cost, dryRun } = report
  const money = cost.map(({ amount, currency }) => `${amount} ${currency}`).join(' + ')
  const tokens = `${count(inputTokens)} input and ${count(outputTokens)} output tokens`
  const lines = [
    table(
      ['', 'rows', ''],
      [
        ['read', count(rows), ''],
        [
          dryRun ? 'to be added' : 'added',
          count(added),
          added === 0 ? '' : `${tokens}, ${money || 'no cost'}`,
        ],
        ['duplicate', count(duplicates), duplicates === 0 ? '' : 'recorded before'],
        ['rejected', count(rejected), ''],
      ],
    ),
  ]
  if (unpriced > 0)
    lines.push(`${counted(unpriced, 'added row')} without a known price; their cost is unknown, not 0.`)
  if (added === 0 && duplicates > 0) lines.push('Nothing was added: every sound row was recorded before.')
  if (dryRun) lines.push('This was a dry run; nothing was written.')
  return lines.join('\n')
}

function describeRejects(
  rejected: number,
  shown: readonly RejectedRow[],
  kept: ReturnType<RejectsFile['close']>,
): string {
  const lines = shown.map(({ line, reason }) => `  line ${line}: ${reason}`)
  if (rejected > shown.length) lines.push(`  … and ${count(rejected - shown.length)} more`)
  if (kept !== undefined && 'path' in kept) lines.push(`All rejected rows are in ${kept.path}`)
  if (kept !== undefined && 'problem' in kept) {
    lines.push(`! The rejected rows could not be kept (${kept.problem}). Name a file with --rejects.`)
  }
  return lines.join('\n')
}
