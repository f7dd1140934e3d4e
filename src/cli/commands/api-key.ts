import { Option, type Command } from 'commander'
import { accessRoles } from '../../tenancy/actor.js'
import type { TenantId } from '../../tenancy/tenant-id.js'
import { issueTenantKey, listTenantKeys, revokeTenantKey } from '../../tenancy/tenant-keys.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { table } from '../format.js'
import { durationOption, tenantOption } from '../options.js'

interface OrganizationOptions {
  readonly org: TenantId
}
interface CreateOptions extends OrganizationOptions {
  readonly name: string
  readonly role?: string
  readonly expiresIn?: number
}

/** `orgscope api-key …`: credentials of machines, each bound to one organization. */
export function addApiKeyCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const apiKey = program.command('api-key').description("make, list and revoke an organization's API keys")
  addCreate(apiKey, invocation, onExit)
  addList(apiKey, invocation, onExit)
  addRevoke(apiKey, invocation, onExit)
}

function ofOrganization(command: Command): Command {
  return command.requiredOption('--org <id>', 'the organization', tenantOption)
}

function addCreate(apiKey: Command, invocation: Invocation, onExit: OnExit): void {
  const command = ofOrganization(apiKey.command('create').description('make a key; it is shown this once'))
    .requiredOption('--name <name>', 'what the key is for')
    .addOption(new Option('--role <role>', 'role it acts with').choices(accessRoles).default('api_user'))
    .option('--expires-in <time>', 'how long it is good: 8h, 30d, 365d (for ever by default)', durationOption)
  define<CreateOptions>(command, invocation, onExit, {
    examples: ['orgscope api-key create --org acme --name "Usage shipper" --expires-in 365d'],
    work: async (context, { org, name, role, expiresIn }) => {
      const expiresAt =
        expiresIn === undefined ? undefined : new Date(Date.now() + expiresIn * 1_000).toISOString()
      const made = await connected(context, (connection) =>
        issueTenantKey(connection.admin(), org, { name, role, expiresAt }),
      )
      context.terminal.result(made, made.key)
      context.terminal.say(
        `API key ${made.prefix}… of ${org}, role ${made.role}, ${until(made.expiresAt)}. ` +
          'It is not kept and cannot be shown again. Send it in the header x-api-key.',
      )
    },
  })
}

function addList(apiKey: Command, invocation: Invocation, onExit: OnExit): void {
  const command = ofOrganization(
    apiKey.command('list').description('list keys; the keys themselves are not kept'),
  )
  define<OrganizationOptions>(command, invocation, onExit, {
    examples: ['orgscope api-key list --org acme'],
    work: async (context, { org }) => {
      const keys = await connected(context, (connection) => listTenantKeys(connection.admin(), org))
      const rows = keys.map(({ prefix, status, role, createdAt, expiresAt, name }) => [
        prefix,
        status,
        role,
        createdAt.slice(0, 10),
        expiresAt?.slice(0, 10) ?? 'never',
        name,
      ])
      context.terminal.result(
        keys,
        rows.length === 0
          ? `${org} has no API keys.`
          : table(['PREFIX', 'STATUS', 'ROLE', 'CREATED', 'EXPIRES', 'NAME'], rows),
      )
    },
  })
}

function addRevoke(apiKey: Command, invocation: Invocation, onExit: OnExit): void {
  const command = ofOrganization(
    apiKey.command('revoke').description('end a key for good').argument('<key>', 'its prefix or id'),
  ).option('--yes', 'do not ask for the organization again')
  define<OrganizationOptions & { yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope api-key revoke osk_4fGh21Kp --org acme --yes'],
    work: async (context, { org, yes }, [named]) => {
      await confirm(context.terminal, yes === true, {
        warning: `What uses the key ${named} of ${org} will be refused from now on.`,
        word: org,
      })
      const key = await connected(context, (connection) =>
        revokeTenantKey(connection.admin(), org, named as string),
      )
      context.terminal.result(key, `API key ${key.prefix}… (${key.name}) of ${org} is revoked.`)
    },
  })
}

function until(expiresAt: string | null): string {
  return expiresAt === null ? 'good for ever' : `good until ${expiresAt}`
}
