import { Option, type Command } from 'commander'
import { accessLevels, type AccessLevel } from '../../tenancy/module-access.js'
import { changePlan, disableModule, enableModule, type ModuleChange } from '../../tenancy/change-modules.js'
import { purgeModule } from '../../tenancy/purge-module.js'
import { parseTenantId } from '../../tenancy/tenant-id.js'
import { listTenantModules, type TenantModule } from '../../tenancy/tenant-modules.js'
import { showTenant } from '../../tenancy/tenant-record.js'
import { plans } from '../../tenancy/tenant-request.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { listed, table } from '../format.js'

interface EnableOptions {
  readonly access?: Exclude<AccessLevel, 'none'>
  readonly expires?: string
}

/** `orgscope tenant module …`, `tenant modules` and `tenant plan`: what an organization may use. */
export function addTenantModuleCommands(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const module = tenant.command('module').description('enable, disable and purge a module of an organization')
  addEnable(module, invocation, onExit)
  addDisable(module, invocation, onExit)
  addPurge(module, invocation, onExit)
  addModules(tenant, invocation, onExit)
  addPlan(tenant, invocation, onExit)
}

function addEnable(module: Command, invocation: Invocation, onExit: OnExit): void {
  const command = module
    .command('enable')
    .description('let an organization use a module, and make its tables')
    .argument('<id>', 'tenant id')
    .argument('<module>', 'name of the module')
    .addOption(
      new Option('--access <level>', 'how far; what the plan gives when left out').choices(
        accessLevels.filter((level) => level !== 'none'),
      ),
    )
    .option('--expires <moment>', 'when access ends, such as 2030-01-31T00:00:00Z (a trial: after its days)')
  define<EnableOptions>(command, invocation, onExit, {
    examples: [
      'orgscope tenant module enable acme llm',
      'orgscope tenant module enable acme portfolio --access trial',
      'orgscope tenant module enable acme portfolio --access read_only --expires 2030-01-31T00:00:00Z',
    ],
    work: async (context, { access, expires }, [id, name]) => {
      const tenantId = parseTenantId(id as string)
      const change = await connected(context, (connection) =>
        enableModule(connection.admin(), tenantId, name as string, { access, expiresAt: expires }),
      )
      context.terminal.result(shown(change), enabled(change))
    },
  })
}

function enabled({ tenant: { tenant }, module: of, changed }: ModuleChange): string {
  const verb = changed ? 'may use' : 'already may use'
  const level = of.access === 'full' ? '' : ` (${of.access})`
  const until = of.expiresAt === null ? '' : ` until ${of.expiresAt}`
  const tables = of.isInstalled ? '' : '\nThis installation has no tables yet for it.'
  return `Tenant ${tenant} ${verb} ${of.module}${level}${until}.${tables}`
}

function addDisable(module: Command, invocation: Invocation, onExit: OnExit): void {
  const command = module
    .command('disable')
    .description('stop the use of a module by an organization; its data stays')
    .argument('<id>', 'tenant id')
    .argument('<module>', 'name of the module')
    .option('--reason <text>', 'kept in the audit log')
  define<{ reason?: string }>(command, invocation, onExit, {
    examples: ['orgscope tenant module disable acme llm --reason "not renewed"'],
    work: async (context, { reason }, [id, name]) => {
      const tenantId = parseTenantId(id as string)
      const change = await connected(context, (connection) =>
        disableModule(connection.admin(), tenantId, name as string, { reason }),
      )
      const { changed, module: of } = change
      const kept = of.isInstalled ? ' Its data is kept; orgscope tenant module purge drops it.' : ''
      context.terminal.result(
        shown(change),
        `Tenant ${tenantId} ${changed ? 'may not use' : 'could not use'} ${of.module}${changed ? ' any more' : ''}.${kept}`,
      )
    },
  })
}

function addPurge(module: Command, invocation: Invocation, onExit: OnExit): void {
  const command = module
    .command('purge')
    .description('drop the tables of a disabled module with all their data')
    .argument('<id>', 'tenant id')
    .argument('<module>', 'name of the module')
    .option('--yes', 'do not ask for the tenant id again')
  define<{ yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope tenant module purge acme llm', 'orgscope tenant module purge acme llm --yes'],
    work: async (context, { yes }, [id, name]) => {
      const tenantId = parseTenantId(id as string)
      const change = await connected(context, async (connection) => {
        const admin = connection.admin()
        await showTenant(admin, tenantId)
        await confirm(context.terminal, yes === true, {
          warning: `All data that ${tenantId} has in the module ${name} will be dropped for good.`,
          word: tenantId,
        })
        return purgeModule(admin, tenantId, name as string)
      })
      context.terminal.result(
        shown(change),
        change.changed
          ? `The module ${name} of ${tenantId} is gone with its data.`
          : `Tenant ${tenantId} has no tables of ${name}.`,
      )
    },
  })
}

function shown({ tenant, module, changed }: ModuleChange): object {
  return { tenant: tenant.tenant, changed, module: facts(module) }
}

/** A module without the ids that only the database needs. */
function facts({ moduleId: _id, trialId, offeredTrialId: _offer, ...rest }: TenantModule): object {
  return { ...rest, hadTrial: trialId !== null }
}

function addModules(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('modules')
    .description('list the modules, and what an organization has of them')
    .argument('<id>', 'tenant id')
  define(command, invocation, onExit, {
    examples: ['orgscope tenant modules acme', 'orgscope tenant modules acme --json'],
    work: async (context, _options, [id]) => {
      const tenantId = parseTenantId(id as string)
      const modules = await connected(context, async (connection) => {
        const admin = connection.admin()
        return listTenantModules(admin, await showTenant(admin, tenantId))
      })
      const rows = modules.map((of) => [
        of.module,
        of.isExpired && of.access !== 'none' ? 'expired' : of.access,
        of.version === null ? 'no' : `version ${of.version}`,
        of.inPlan ? 'yes' : 'no',
        of.access === 'none' ? '' : (of.expiresAt ?? 'never'),
        of.endsSoon ? 'ends soon' : '',
      ])
      const header = ['MODULE', 'ACCESS', 'TABLES', 'IN PLAN', 'ENDS', '']
      context.terminal.result(modules.map(facts), table(header, rows))
    },
  })
}

function addPlan(tenant: Command, invocation: Invocation, onExit: OnExit): void {
  const command = tenant
    .command('plan')
    .description('change the plan of an organization; modules that only the old one included are disabled')
    .argument('<id>', 'tenant id')
    .argument('<plan>', `one of ${plans.join(', ')}`)
  define(command, invocation, onExit, {
    examples: ['orgscope tenant plan acme enterprise'],
    work: async (context, _options, [id, plan]) => {
      const tenantId = parseTenantId(id as string)
      const {
        tenant: record,
        disabled,
        unlimited,
      } = await connected(context, (connection) => changePlan(connection.admin(), tenantId, plan as string))
      const lost = disabled.length === 0 ? '' : ` Disabled, with their data kept: ${listed(disabled)}.`
      const won = unlimited.length === 0 ? '' : ` Without limit now: ${listed(unlimited)}.`
      context.terminal.result(
        { tenant: record, disabled, unlimited },
        `Tenant ${tenantId} has the plan ${record.plan}.${lost}${won}`,
      )
    },
  })
}
