import type { Command } from 'commander'
import { loadMigrations } from '../../fleet/migration-files.js'
import { abortOperation } from '../../tenancy/archive/abort-operation.js'
import { archiveTenant } from '../../tenancy/archive/archive-tenant.js'
import { restoreTenant } from '../../tenancy/archive/restore-tenant.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import { showTenant } from '../../tenancy/tenant-record.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { transferProgress } from '../transfer-progress.js'
import { archiveDirectory } from './tenant-transfer.js'

/** `orgscope tenant archive`, `restore` and `abort`. */
export function addArchiveCommands(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  addArchive(tenant, invocation, onExit)
  addRestore(tenant, invocation, onExit)
  addAbort(tenant, invocation, onExit)
}

function addArchive(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('archive')
    .description('stop serving an organization and move its data from the database into a folder')
    .argument('<id>', 'tenant id')
    .option('--to <folder>', 'folder that gets a folder for it (ORGSCOPE_ARCHIVE_DIR by default)')
    .option('--yes', 'do not ask for the tenant id again')
  define<{ to?: string; yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant archive acme', 'orgscope tenant archive acme --to /mnt/archives --yes'],
    work: async (context, { to, yes }, [id]) => {
      const tenantId = parseTenantId(id as string)
      const progress = transferProgress(context)
      const outcome = await connected(context, async (connection) => {
        const admin = connection.admin()
        await showTenant(admin, tenantId)
        await confirm(context.terminal, yes === true, {
          warning: `${tenantId} will not be served any more, and its data leaves the database for a folder.`,
          word: tenantId,
        })
        const directory = to ?? archiveDirectory(context)
        return archiveTenant(admin, tenantId, { ...progress, directory, migrations: await loadMigrations() })
      }).finally(progress.stop)
      context.terminal.result(
        outcome,
        `Tenant ${tenantId} is archived in ${outcome.folder}. \`orgscope tenant restore ${tenantId}\` brings it back.`,
      )
    },
  })
}

function addRestore(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('restore')
    .description('bring an archived organization back and serve it again')
    .argument('<id>', 'tenant id')
    .option('--from <folder>', 'the archive (where it was archived to by default)')
  define<{ from?: string }>(command, invocation, onExit, {
    examples: ['orgscope tenant restore acme'],
    work: async (context, { from }, [id]) => {
      const tenantId = parseTenantId(id as string)
      const progress = transferProgress(context)
      const record = await connected(context, async (connection) =>
        restoreTenant(connection.admin(), tenantId, {
          ...progress,
          from,
          migrations: await loadMigrations(),
        }),
      ).finally(progress.stop)
      context.terminal.result(record, `Tenant ${tenantId} is back and served.`)
    },
  })
}

function addAbort(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('abort')
    .description('take back an interrupted import, clone, archive or restore')
    .argument('<id>', 'tenant id')
    .option('--yes', 'do not ask for the tenant id again')
  define<{ yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant abort acme_copy'],
    work: async (context, { yes }, [id]) => {
      const tenantId = parseTenantId(id as string)
      const kind = await connected(context, async (connection) => {
        const admin = connection.admin()
        await showTenant(admin, tenantId)
        await confirm(context.terminal, yes === true, {
          warning: `What the interrupted operation has done to ${tenantId} will be taken back.`,
          word: tenantId,
        })
        return abortOperation(admin, tenantId)
      })
      context.terminal.result(
        { tenant: tenantId, aborted: kind },
        `The ${kind} of ${tenantId} is taken back.`,
      )
    },
  })
}
