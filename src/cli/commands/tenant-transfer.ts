import { join } from 'node:path'
import type { Command } from 'commander'
import { loadMigrations } from '../../fleet/migration-files.js'
import { checkArchive } from '../../tenancy/archive/check-archive.js'
import { cloneTenant } from '../../tenancy/archive/clone-tenant.js'
import { exportTenant } from '../../tenancy/archive/export-tenant.js'
import { importTenant, type ImportOutcome } from '../../tenancy/archive/import-tenant.js'
import { parseTenantId, type TenantId } from '../../tenancy/tenant-id.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { count, counted, listed } from '../format.js'
import { tenantOption } from '../options.js'
import { transferProgress } from '../transfer-progress.js'

/** `orgscope tenant export`, `import` and `clone`: a whole organization as a folder, and back. */
export function addTransferCommands(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  addExport(tenant, invocation, onExit)
  addImport(tenant, invocation, onExit)
  addClone(tenant, invocation, onExit)
}

function addExport(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('export')
    .description('write an organization into a folder, as of one moment, while it goes on working')
    .argument('<id>', 'tenant id')
    .requiredOption('--to <folder>', 'folder that does not exist yet')
  define<{ to: string }>(command, invocation, onExit, {
    examples: ['orgscope tenant export acme --to backups/acme-2026-11-20'],
    work: async (context, { to }, [id]) => {
      const progress = transferProgress(context)
      const outcome = await connected(context, (connection) =>
        exportTenant(connection.admin(), parseTenantId(id as string), to, progress),
      ).finally(progress.stop)
      context.terminal.result(
        outcome,
        `Tenant ${outcome.tenant} is in ${outcome.folder}: ${counted(outcome.rows, 'row')} of ${count(outcome.tables)} tables, as of one moment.`,
      )
    },
  })
}

function addImport(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('import')
    .description('make an organization from an exported folder, or finish an interrupted import of it')
    .argument('<folder>', 'what `tenant export` wrote')
    .option('--as <id>', 'tenant id it gets (its own by default)', tenantOption)
    .option('--name <name>', "the organization's name (its own by default)")
    .option('--slug <slug>', 'part of URLs (its own by default)')
  define<{ as?: TenantId; name?: string; slug?: string }>(command, invocation, onExit, {
    examples: [
      'orgscope tenant import backups/acme-2026-11-20',
      'orgscope tenant import backups/acme --as acme_copy',
    ],
    work: async (context, options, [folder]) => {
      const progress = transferProgress(context)
      const outcome = await connected(context, async (connection) => {
        const migrations = await loadMigrations()
        progress.onStep('check')
        const archive = await checkArchive(folder as string, migrations, progress.onProgress)
        return importTenant(connection.admin(), archive, { ...options, ...progress, migrations })
      }).finally(progress.stop)
      context.terminal.result(outcome, imported(outcome))
    },
  })
}

function imported({
  tenant,
  matchedPeople,
  createdPeople,
  withoutAccount,
  apiKeys,
  missingModules,
}: ImportOutcome): string {
  const lines = [
    `Tenant ${tenant.tenant} is served. Modules: ${listed(tenant.modules)}.`,
    `People: ${count(matchedPeople)} had an account here, ${count(createdPeople)} got one. API keys: ${count(apiKeys)}.`,
  ]
  if (withoutAccount.length > 0) {
    lines.push(
      `Their address belongs to another account here, so they cannot sign in: ${listed(withoutAccount)}.`,
    )
  }
  if (missingModules.length > 0) lines.push(`Allowed, but not in the archive: ${listed(missingModules)}.`)
  return lines.join('\n')
}

interface CloneCommandOptions {
  readonly as: TenantId
  readonly name?: string
  readonly slug?: string
  readonly anonymize?: boolean
  readonly adminEmail?: string
}

function addClone(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('clone')
    .description('copy an organization under another id, without keys, webhooks and sign-in secrets')
    .argument('<id>', 'tenant id')
    .requiredOption('--as <id>', 'tenant id of the copy', tenantOption)
    .option('--name <name>', "the copy's name")
    .option('--slug <slug>', "part of the copy's URLs")
    .option('--anonymize', 'take every person out of the copy')
    .option('--admin-email <address>', 'first owner of an anonymous copy')
  define<CloneCommandOptions>(command, invocation, onExit, {
    examples: [
      'orgscope tenant clone acme --as acme_staging',
      'orgscope tenant clone acme --as acme_test --anonymize --admin-email tester@example.com',
    ],
    work: async (context, { anonymize, ...options }, [id]) => {
      const progress = transferProgress(context)
      const outcome = await connected(context, async (connection) =>
        cloneTenant(connection.admin(), parseTenantId(id as string), options.as, {
          ...options,
          ...progress,
          anonymize: anonymize === true,
          directory: archiveDirectory(context),
          migrations: await loadMigrations(),
        }),
      ).finally(progress.stop)
      context.terminal.result(outcome, `Tenant ${outcome.tenant.tenant} is a copy of ${id} and served.`)
    },
  })
}

/** Where archives lie that no option names. */
export function archiveDirectory(context: CommandContext): string {
  const { archiveDirectory: folder, dataDirectory } = context.config()
  return folder ?? join(dataDirectory, 'archives')
}
