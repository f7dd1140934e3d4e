import type { Command } from 'commander'
import { renameTenant } from '../../tenancy/rename-tenant.js'
import { undeleteTenant } from '../../tenancy/tenant-deletion.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import { CliError } from '../failure.js'

/** `orgscope tenant rename`: the name people read; the id never changes. */
export function addRename(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('rename')
    .description("change an organization's name and slug; its id, schema and role stay")
    .argument('<id>', 'tenant id')
    .option('--name <name>', 'the new name')
    .option('--slug <slug>', 'the new part of URLs')
  define<{ name?: string; slug?: string }>(command, invocation, onExit, {
    examples: ['orgscope tenant rename acme --name "Acme Industries" --slug acme-industries'],
    work: async (context, wanted, [id]) => {
      if (wanted.name === undefined && wanted.slug === undefined) {
        throw new CliError('Say what changes: --name, --slug, or both.', exitCodes.usage)
      }
      const tenantId = parseTenantId(id as string)
      const record = await connected(context, (connection) =>
        renameTenant(connection.admin(), tenantId, wanted),
      )
      context.terminal.result(record, `Tenant ${tenantId} is called ${record.name} (${record.slug}).`)
    },
  })
}

/** `orgscope tenant undelete`: within the days of grace. */
export function addUndelete(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('undelete')
    .description('take a deletion back while the days of grace last')
    .argument('<id>', 'tenant id')
  define(command, invocation, onExit, {
    examples: ['orgscope tenant undelete acme'],
    work: async (context, _options, [id]) => {
      const tenantId = parseTenantId(id as string)
      const record = await connected(context, (connection) => undeleteTenant(connection.admin(), tenantId))
      context.terminal.result(record, `Tenant ${tenantId} is ${record.state} again.`)
    },
  })
}
