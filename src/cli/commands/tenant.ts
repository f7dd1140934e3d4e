import type { Command } from 'commander'
import { Option } from 'commander'
import { loadMigrations } from '../../fleet/migration-files.js'
import { optionalModules } from '../../tenancy/optional-modules.js'
import { provisionTenant, resumeTenant, suspendTenant } from '../../tenancy/provisioner.js'
import { deleteTenant, purgeTenants } from '../../tenancy/tenant-deletion.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import { listTenantModules, type TenantModule } from '../../tenancy/tenant-modules.js'
import { listTenants, showTenant, type TenantRecord } from '../../tenancy/tenant-record.js'
import { plans, requestTenant, type Plan } from '../../tenancy/tenant-request.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import { counted, facts, listed, table } from '../format.js'
import { listOption, wholeNumber } from '../options.js'
import { addTenantApply } from './tenant-apply.js'
import { addArchiveCommands } from './tenant-archive.js'
import { addTenantModuleCommands } from './tenant-module.js'
import { addPersonCommands } from './tenant-person.js'
import { addRename, addUndelete } from './tenant-rename.js'
import { addTransferCommands } from './tenant-transfer.js'

interface CreateOptions {
  readonly name: string
  readonly slug?: string
  readonly plan?: Plan
  readonly modules: readonly string[]
  readonly region?: string
  readonly timezone?: string
  readonly adminEmail: string
  readonly adminName?: string
}

/** `orgscope tenant …`: organizations from their creation to their end. */
export function addTenantCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const tenant = program
    .command('tenant')
    .description('create, show, move, archive and delete organizations, and answer for their people')
  addCreate(tenant, invocation, onExit)
  addTenantApply(tenant, invocation, onExit)
  addList(tenant, invocation, onExit)
  addShow(tenant, invocation, onExit)
  addRename(tenant, invocation, onExit)
  addSuspendAndResume(tenant, invocation, onExit)
  addTransferCommands(tenant, invocation, onExit)
  addArchiveCommands(tenant, invocation, onExit)
  addPersonCommands(tenant, invocation, onExit)
  addDelete(tenant, invocation, onExit)
  addUndelete(tenant, invocation, onExit)
  addPurge(tenant, invocation, onExit)
  addTenantModuleCommands(tenant, invocation, onExit)
}

function addCreate(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('create')
    .description('create an organization with its schema, or finish what an earlier run began')
    .argument('<id>', 'tenant id: lower-case letters, digits, underscores')
    .requiredOption('--name <name>', "the organization's name")
    .requiredOption('--admin-email <address>', 'e-mail address of the first owner')
    .option('--admin-name <name>', "the first owner's name")
    .option('--slug <slug>', 'part of URLs (made from the name by default)')
    .addOption(new Option('--plan <plan>', 'plan').choices(plans).default('free'))
    .option('--modules <list>', `optional modules, of ${optionalModules.join(', ')}`, listOption, [])
    .option('--region <region>', 'where its data belongs')
    .option('--timezone <name>', 'IANA time zone')
  define<CreateOptions>(command, invocation, onExit, {
    examples: [
      'orgscope tenant create acme --name "Acme Corporation" --admin-email ada@acme.example --modules usage',
    ],
    work: async (context, options, [id]) => {
      const tenantId = parseTenantId(id as string)
      const outcome = await connected(context, async (connection) => {
        const admin = connection.admin()
        await requestTenant(admin, { tenant: tenantId, ...options })
        return provisionTenant(admin, tenantId, { migrations: await loadMigrations() })
      })
      const { tenant: record, steps, installed, unavailable } = outcome
      const done = steps.length === 0 ? 'was there already, as asked for' : `is ready (${steps.join(', ')})`
      const notYet =
        unavailable.length === 0
          ? ''
          : `\nThis installation has no tables yet for: ${unavailable.join(', ')}.`
      context.terminal.result(
        { tenant: record, steps, installed, unavailable },
        `Tenant ${record.tenant} ${done}. Modules: ${listed(record.modules)}.${notYet}`,
      )
    },
  })
}

function addList(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant.command('list').description('list organizations').option('--all', 'deleted ones too')
  define<{ all?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant list', 'orgscope tenant list --json | jq -r ".[].tenant"'],
    work: async (context, { all }) => {
      const records = await connected(context, (connection) =>
        listTenants(connection.admin(), { includeDeleted: all === true }),
      )
      const rows = records.map(({ tenant: id, name, state, plan, modules, entitledModules, createdAt }) => [
        id,
        state,
        plan,
        listed(modules.filter((module) => entitledModules.includes(module))),
        createdAt.slice(0, 10),
        name,
      ])
      context.terminal.result(
        records,
        rows.length === 0
          ? 'There are no tenants. orgscope tenant create makes one.'
          : table(['TENANT', 'STATE', 'PLAN', 'MODULES', 'CREATED', 'NAME'], rows),
      )
    },
  })
}

function addShow(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant.command('show').description('show one organization').argument('<id>', 'tenant id')
  define(command, invocation, onExit, {
    examples: ['orgscope tenant show acme'],
    work: async (context, _options, [id]) => {
      const tenantId = parseTenantId(id as string)
      const { record, modules } = await connected(context, async (connection) => {
        const found = await showTenant(connection.admin(), tenantId)
        return { record: found, modules: await listTenantModules(connection.admin(), found) }
      })
      context.terminal.result({ ...record, warnings: warningsOf(modules) }, describe(record, modules))
    },
  })
}

/** What an operator should know of, and do something about, before it happens. */
function warningsOf(modules: readonly TenantModule[]): string[] {
  return modules
    .filter(({ endsSoon, isExpired, access }) => endsSoon || (isExpired && access !== 'none'))
    .map(({ module, access, expiresAt, isExpired }) =>
      isExpired
        ? `access to ${module} (${access}) ended at ${expiresAt}; its data is kept`
        : `access to ${module} (${access}) ends at ${expiresAt}`,
    )
}

function describe(record: TenantRecord, modules: readonly TenantModule[]): string {
  const versions = Object.entries(record.schemaVersions).map(([module, version]) => `${module} ${version}`)
  const named = (which: (of: TenantModule) => boolean): string[] =>
    modules.filter(which).map(({ module }) => module)
  const waiting = record.entitledModules.filter((module) => !record.modules.includes(module))
  const unused = named(({ isInstalled, isEnabled }) => isInstalled && !isEnabled)
  return facts([
    ['tenant', record.tenant],
    ['name', record.name],
    ['state', `${record.state} since ${record.stateChangedAt}`],
    ['plan', record.plan],
    ['modules', listed(named(({ isEnabled }) => isEnabled))],
    ...(waiting.length === 0 ? [] : [['allowed, not installed', listed(waiting)] as const]),
    ...(unused.length === 0 ? [] : [['disabled, data kept', listed(unused)] as const]),
    ...warningsOf(modules).map((warning) => ['warning', warning] as const),
    ['schema versions', listed(versions)],
    ['admin', record.adminEmail ?? 'none'],
    ['organization id', record.organizationId],
    ['created', record.createdAt],
    ...(record.state === 'failed' ? [['last error', record.lastError ?? 'unknown'] as const] : []),
    ...(record.deleteAfter === null ? [] : [['data dropped after', record.deleteAfter] as const]),
  ])
}

function addSuspendAndResume(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const suspend = tenant
    .command('suspend')
    .description('stop serving an organization; its data stays')
    .argument('<id>', 'tenant id')
    .option('--reason <text>', 'kept in the audit log')
  const resume = tenant
    .command('resume')
    .description('serve a suspended organization again')
    .argument('<id>', 'tenant id')
    .option('--reason <text>', 'kept in the audit log')
  for (const [command, change, done] of [
    [suspend, suspendTenant, 'is suspended: its members get TENANT_SUSPENDED'],
    [resume, resumeTenant, 'is served again'],
  ] as const) {
    define<{ reason?: string }>(command, invocation, onExit, {
      examples: [`orgscope tenant ${command.name()} acme --reason "invoice 2041"`],
      work: async (context, { reason }, [id]) => {
        const tenantId = parseTenantId(id as string)
        const record = await connected(context, (connection) =>
          change(connection.admin(), tenantId, reason === undefined ? {} : { reason }),
        )
        context.terminal.result(record, `Tenant ${tenantId} ${done}.`)
      },
    })
  }
}

function addDelete(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('delete')
    .description('stop serving an organization for good and drop its data, after days of grace or at once')
    .argument('<id>', 'tenant id')
    .option('--grace-days <days>', 'days until the data is dropped', wholeNumber(0, 3_650), 30)
    .option('--now', 'drop the data at once')
    .option('--yes', 'do not ask for the tenant id again')
  define<{ graceDays: number; now?: boolean; yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant delete acme', 'orgscope tenant delete acme --now --yes'],
    work: async (context, { graceDays, now, yes }, [id]) => {
      const tenantId = parseTenantId(id as string)
      const immediately = now === true
      const when = immediately ? 'now, for good' : `in ${counted(graceDays, 'day')}`
      const outcome = await connected(context, async (connection) => {
        const admin = connection.admin()
        await showTenant(admin, tenantId)
        await confirm(context.terminal, yes === true, {
          warning: `All data of ${tenantId} will be dropped ${when}; its id is never used again.`,
          word: tenantId,
        })
        return deleteTenant(admin, tenantId, { immediately, graceDays })
      })
      const { tenant: record, dropped, roleKept } = outcome
      const text = dropped
        ? `Tenant ${tenantId} is deleted and its data is gone.`
        : `Tenant ${tenantId} is not served any more; its data is dropped after ${record.deleteAfter ?? 'now'}.`
      const kept = roleKept ? ' Its database role stays: another database of the cluster uses it.' : ''
      context.terminal.result({ tenant: record, dropped, roleKept }, text + kept)
    },
  })
}

function addPurge(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('purge')
    .description('drop the data of deleted organizations whose days of grace are over')
    .option('--yes', 'do not ask')
  define<{ yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant purge --yes'],
    work: async (context, { yes }) => {
      const warning =
        'The data of every deleted tenant whose days of grace are over will be dropped for good.'
      await confirm(context.terminal, yes === true, { warning, word: 'purge' })
      const { purged, failed } = await connected(context, (connection) => purgeTenants(connection.admin()))
      const tenants = purged.map(({ tenant: { tenant: id } }) => id)
      context.terminal.result(
        { purged: tenants, failed },
        `Dropped: ${listed(tenants)}.${failed.length === 0 ? '' : ` Failed: ${listed(failed)}.`}`,
      )
      return failed.length === 0 ? exitCodes.ok : exitCodes.partial
    },
  })
}
