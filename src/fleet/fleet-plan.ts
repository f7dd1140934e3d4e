import type { Ledger } from './ledger.js'
import type { FleetTenant } from './fleet-tenants.js'
import {
  coreModule,
  type Migration,
  type MigrationCatalogue,
  type MigrationScript,
  type MigrationStream,
} from './migration-files.js'
import { sharedTarget, targetOf, type MigrationTarget } from './migration-message.js'

/** The steps one schema needs, in order. */
export interface SchemaPlan {
  readonly target: MigrationTarget
  readonly steps: readonly Migration[]
  /** Default rows that come with the last step. */
  readonly defaultData: readonly MigrationScript[]
}

/** What bringing everything up to date means. */
export interface FleetPlan {
  readonly shared: SchemaPlan
  /** Tenants with something to do. */
  readonly tenants: readonly SchemaPlan[]
}

/** The files each schema does not have yet: `public` first, then each tenant's installed modules, core first. */
export function planUp(
  catalogue: MigrationCatalogue,
  ledger: Ledger,
  fleet: readonly FleetTenant[],
): FleetPlan {
  const { shared } = catalogue
  const tenants = fleet.map(({ tenant, modules }) => planSchema(catalogue, ledger, targetOf(tenant), modules))
  return {
    shared: {
      target: sharedTarget,
      steps: pendingSteps(shared, ledger, sharedTarget),
      defaultData: present([shared]),
    },
    tenants: tenants.filter(({ steps }) => steps.length > 0),
  }
}

/**
 * What one tenant's schema lacks of the given modules. The default rows of core copy templates that any release may
 * extend, so they come with every change; those of an optional module come once, when it is installed, because the
 * tenant may have deleted some since.
 */
export function planSchema(
  catalogue: MigrationCatalogue,
  ledger: Ledger,
  target: MigrationTarget,
  modules: readonly string[],
): SchemaPlan {
  const streams = [...catalogue.modules.values()].filter(({ module }) => modules.includes(module))
  const applied = ledger.appliedIn(target.schemaName)
  const isNew = ({ module }: MigrationStream): boolean => (applied.get(module)?.size ?? 0) === 0
  return {
    target,
    steps: streams.flatMap((stream) => pendingSteps(stream, ledger, target)),
    defaultData: present(streams.filter((stream) => stream.module === coreModule || isNew(stream))),
  }
}

function present(streams: readonly MigrationStream[]): MigrationScript[] {
  return streams.flatMap(({ defaultData }) => (defaultData === undefined ? [] : [defaultData]))
}

/** The migrations of a stream that a schema does not have yet. */
export function pendingSteps(
  { module, migrations }: MigrationStream,
  ledger: Ledger,
  { schemaName }: MigrationTarget,
): Migration[] {
  const applied = ledger.appliedIn(schemaName).get(module)
  return migrations.filter(({ version }) => applied?.has(version) !== true)
}

/** The applied migrations of a stream above a version, latest first: what going down to it takes back. */
export function stepsDown(
  { module, migrations }: MigrationStream,
  ledger: Ledger,
  { schemaName }: MigrationTarget,
  toVersion: number,
): Migration[] {
  const applied = ledger.appliedIn(schemaName).get(module)
  return migrations.filter(({ version }) => version > toVersion && applied?.has(version) === true).reverse()
}
