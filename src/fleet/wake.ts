import type pg from 'pg'
import { schemaOf, type TenantId } from '../tenancy/tenant-id.js'
import { migrateUp } from './migrate-up.js'
import type { MigrationCatalogue } from './migration-files.js'
import { DORMANT } from './start-run.js'

export interface WakingOptions {
  readonly admin: pg.Pool
  readonly migrations: MigrationCatalogue
  /** Told of a tenant that could not be migrated. */
  readonly onError: (tenant: TenantId, error: unknown) => void
}

/** Milliseconds before a tenant that could not be woken, or need not be, is looked at again. */
const PAUSE = 30_000

/**
 * Migrates tenants that a run left out as dormant when somebody comes for them after all. Others that are behind wait
 * for the run they belong to: they are in one of its later waves, or failed.
 */
export class DormantTenants {
  readonly #options: WakingOptions
  readonly #looked = new Map<TenantId, number>()
  readonly #waking = new Set<Promise<void>>()

  constructor(options: WakingOptions) {
    this.#options = options
  }

  /** Begins to migrate a tenant if it was left out; returns at once and does so once for any number of calls. */
  wake(tenant: TenantId): void {
    const now = Date.now()
    if (now - (this.#looked.get(tenant) ?? -Infinity) < PAUSE) return
    this.#looked.set(tenant, now)
    const waking = this.#wake(tenant)
      .catch((error: unknown) => this.#options.onError(tenant, error))
      .finally(() => this.#waking.delete(waking))
    this.#waking.add(waking)
  }

  /** Settles when nothing is being woken any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#waking)
  }

  async #wake(tenant: TenantId): Promise<void> {
    const { admin, migrations, onError } = this.#options
    if (!(await this.#wasLeftOut(tenant))) return
    const { failures } = await migrateUp(admin, migrations, { only: [tenant] })
    for (const { module, migration, reason } of failures) {
      onError(tenant, new Error(`${module} ${migration}: ${reason}`))
    }
    if (failures.length === 0) this.#looked.delete(tenant)
  }

  async #wasLeftOut(tenant: TenantId): Promise<boolean> {
    const { rows } = await this.#options.admin.query<{ status: string; error: string | null }>(
      `/* fleet.wake.last_item */
       select i.status, i.error from public.fleet_run_items i join public.fleet_runs r on r.id = i.fleet_run_id
       where i.schema_name = $1 and r.kind = 'migrate' order by r.created_at desc, r.id desc limit 1`,
      [schemaOf(tenant)],
    )
    return rows[0]?.status === 'skipped' && rows[0].error === DORMANT
  }
}
