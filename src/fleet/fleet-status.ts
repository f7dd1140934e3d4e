import type pg from 'pg'
import { withClient } from '../database/owner-transaction.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import type { TenantState } from '../tenancy/tenant-states.js'
import { planUp, type FleetPlan } from './fleet-plan.js'
import { readFleet, type FleetTenant, type TenantSelection } from './fleet-tenants.js'
import { readLedger, verifyLedger, type AppliedStep, type Ledger, type UnfinishedStep } from './ledger.js'
import { latestVersion, type MigrationCatalogue, type MigrationStream } from './migration-files.js'
import { sharedTarget, targetOf, upMessage, type MigrationTarget } from './migration-message.js'
import { defaultPatience } from './step-runner.js'

/** How far a schema is with one stream. */
export interface StreamStatus {
  readonly module: string
  /** Highest version applied; 0 for none. */
  readonly version: number
  readonly latest: number
  /** Steps still to do. */
  readonly pending: number
}

/** How far one schema is. */
export interface SchemaStatus {
  readonly streams: readonly StreamStatus[]
  readonly isUpToDate: boolean
  /** Steps that failed, or were begun outside a transaction and interrupted. */
  readonly unfinished: readonly UnfinishedStep[]
}

export interface TenantStatus extends SchemaStatus {
  readonly tenant: TenantId
  readonly state: TenantState
}

/** How far the whole installation is. */
export interface FleetStatus {
  readonly shared: SchemaStatus
  readonly tenants: readonly TenantStatus[]
  /** By module: how many tenants have it, and how many of those are at its latest version. */
  readonly modules: readonly {
    readonly module: string
    readonly latest: number
    readonly tenants: number
    readonly upToDate: number
  }[]
  /** Steps in the ledger that this program does not know: a newer one ran here. */
  readonly unknown: readonly AppliedStep[]
}

interface Survey {
  readonly ledger: Ledger
  readonly fleet: readonly FleetTenant[]
  readonly unknown: readonly AppliedStep[]
}

/** Looks at the ledger and the tenants. Throws CONFLICT when an applied file has changed. */
async function survey(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  selection: TenantSelection,
): Promise<Survey> {
  return withClient(admin, async (client) => {
    const ledger = await readLedger(client)
    const unknown = verifyLedger(ledger, catalogue)
    return { ledger, unknown, fleet: ledger.tenantsExist ? await readFleet(client, selection) : [] }
  })
}

/** What `migrateUp` would do, without doing it. Throws CONFLICT when an applied file has changed. */
export async function planFleet(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  selection: TenantSelection = {},
): Promise<FleetPlan> {
  const { ledger, fleet } = await survey(admin, catalogue, selection)
  return planUp(
    catalogue,
    ledger,
    fleet.filter(({ isDormant }) => !isDormant),
  )
}

/** The SQL of a plan as it would be sent, one text per step. */
export function planSql({ shared, tenants }: FleetPlan): string[] {
  return [shared, ...tenants].flatMap(({ target, steps, defaultData }) =>
    steps.map(
      (step) => upMessage(target, step, step === steps.at(-1) ? defaultData : [], defaultPatience).text,
    ),
  )
}

/** How far schema `public` and every tenant are. Throws CONFLICT when an applied file has changed. */
export async function fleetStatus(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  selection: TenantSelection = {},
): Promise<FleetStatus> {
  const { ledger, fleet, unknown } = await survey(admin, catalogue, selection)
  const tenants = fleet.map(({ tenant, state, modules }) => {
    const streams = [...catalogue.modules.values()].filter(({ module }) => modules.includes(module))
    return { tenant, state, ...schemaStatus(streams, ledger, targetOf(tenant)) }
  })
  return {
    shared: schemaStatus([catalogue.shared], ledger, sharedTarget),
    tenants,
    modules: [...catalogue.modules.values()].map((stream) => moduleSummary(stream, tenants)),
    unknown,
  }
}

function schemaStatus(
  streams: readonly MigrationStream[],
  ledger: Ledger,
  { schemaName }: MigrationTarget,
): SchemaStatus {
  const applied = ledger.appliedIn(schemaName)
  const statuses = streams.map((stream) => {
    const versions = [...(applied.get(stream.module) ?? [])]
    const pending = stream.migrations.filter(({ version }) => !versions.includes(version)).length
    return {
      module: stream.module,
      version: Math.max(0, ...versions),
      latest: latestVersion(stream),
      pending,
    }
  })
  return {
    streams: statuses,
    isUpToDate: statuses.every(({ pending }) => pending === 0),
    unfinished: ledger.unfinishedIn(schemaName),
  }
}

function moduleSummary(
  stream: MigrationStream,
  tenants: readonly TenantStatus[],
): FleetStatus['modules'][number] {
  const { module } = stream
  const statuses = tenants.flatMap(({ streams }) => streams.filter((status) => status.module === module))
  const upToDate = statuses.filter(({ pending }) => pending === 0).length
  return { module, latest: latestVersion(stream), tenants: statuses.length, upToDate }
}
