import type { Command } from 'commander'
import { erasePerson } from '../../tenancy/personal-data/erase-person.js'
import { exportPerson } from '../../tenancy/personal-data/export-person.js'
import { findPerson } from '../../tenancy/personal-data/find-person.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import { showTenant } from '../../tenancy/tenant-record.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { counted } from '../format.js'
import { createProgress } from '../progress.js'

/** `orgscope tenant export-user` and `erase-user`: what a person may ask of an organization. */
export function addPersonCommands(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  addExportUser(tenant, invocation, onExit)
  addEraseUser(tenant, invocation, onExit)
}

function addExportUser(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('export-user')
    .description('write everything an organization knows of one person into a file, a line of JSON per row')
    .argument('<id>', 'tenant id')
    .requiredOption('--user <person>', 'e-mail address or id')
    .requiredOption('--to <file>', 'file that does not exist yet')
  define<{ user: string; to: string }>(command, invocation, onExit, {
    examples: ['orgscope tenant export-user acme --user ada@acme.example --to ada.ndjson'],
    work: async (context, { user, to }, [id]) => {
      const progress = createProgress(context.terminal)
      const outcome = await connected(context, (connection) =>
        exportPerson(connection.admin(), parseTenantId(id as string), user, to, {
          onRows: (table, rows) => progress.show(table, rows, undefined),
        }),
      ).finally(() => progress.stop())
      const rows = Object.values(outcome.rows).reduce((sum, number) => sum + number, 0)
      context.terminal.result(
        outcome,
        `${outcome.file} has ${counted(rows, 'row')} about ${user}, and ${counted(outcome.mentions, 'row')} in which they did something.`,
      )
    },
  })
}

function addEraseUser(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('erase-user')
    .description('erase one person from an organization for good; what happened stays, under a pseudonym')
    .argument('<id>', 'tenant id')
    .requiredOption('--user <person>', 'e-mail address or id')
    .option('--yes', 'do not ask for the tenant id again')
  define<{ user: string; yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant erase-user acme --user ada@acme.example'],
    work: async (context, { user, yes }, [id]) => {
      const tenantId = parseTenantId(id as string)
      const outcome = await connected(context, async (connection) => {
        const admin = connection.admin()
        await showTenant(admin, tenantId)
        const { email } = await findPerson(admin, tenantId, user)
        await confirm(context.terminal, yes === true, {
          warning: `${email} will be erased from ${tenantId}, for good.`,
          word: tenantId,
        })
        return erasePerson(admin, tenantId, user)
      })
      const account =
        outcome.account === 'erased'
          ? 'Their account is gone too.'
          : 'Their account stays, because something else than this organization needs it.'
      context.terminal.result(
        outcome,
        `${user} is erased from ${tenantId}; ${outcome.pseudonym} stands in their place. ${account}`,
      )
    },
  })
}
