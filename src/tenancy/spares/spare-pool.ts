import type pg from 'pg'
import { acquireLock, releaseLock, type Queryable } from '../../database/advisory-lock.js'
import { withClient } from '../../database/owner-transaction.js'
import { coreModule, type MigrationCatalogue } from '../../fleet/migration-files.js'
import type { SpareName } from './spare-name.js'
import { dropSpare, listSpares, makeSpare, type SpareSchema, type SpareWorkplace } from './spare-schemas.js'

/** Days after which a set of modules that no new tenant had is no longer kept in stock. */
const DEMAND_DAYS = 30
/** Sets of modules that are kept in stock, those asked for most. */
const MOST_SETS = 4
/** A spare nobody asks for is not dropped in the first day: it may have been made by hand for what comes. */
const KEPT_UNUSED = 86_400_000
/** One process fills at a time. */
const FILL_LOCK = 'spares:fill'

export interface FillOptions {
  /** Spares to have of each set of modules. */
  readonly count: number
  /** Sets of optional modules; those that new tenants had lately by default. */
  readonly sets?: readonly (readonly string[])[] | undefined
  /** Asked before each spare is made; with true, filling ends early. */
  readonly shouldStop?: ((db: Queryable) => boolean | Promise<boolean>) | undefined
  /** Told of each spare that was made or dropped. */
  readonly onChange?: ((what: 'made' | 'dropped', spare: SpareName) => void) | undefined
}

export interface FillOutcome {
  readonly made: readonly SpareName[]
  readonly dropped: readonly SpareName[]
  /** `elsewhere`: another process is filling; `stopped`: by `shouldStop`. */
  readonly ended: 'full' | 'stopped' | 'elsewhere'
}

/**
 * Drops spares that are of no use, and makes those that are missing, one after another. Several processes may call it:
 * one does the work. A killed one leaves no half of a spare.
 */
export async function fillSpares(
  admin: pg.Pool,
  migrations: MigrationCatalogue,
  options: FillOptions,
): Promise<FillOutcome> {
  return withClient(admin, async (client) => {
    const isOurs = await acquireLock(client, FILL_LOCK, 0).then(
      () => true,
      () => false,
    )
    if (!isOurs) return { made: [], dropped: [], ended: 'elsewhere' }
    try {
      return await fill({ client, observer: admin, migrations }, options)
    } finally {
      await releaseLock(client, FILL_LOCK).catch(() => {})
    }
  })
}

async function fill(workplace: SpareWorkplace, options: FillOptions): Promise<FillOutcome> {
  const { client, migrations } = workplace
  const sets = options.sets ?? (await wantedSets(client, migrations))
  const spares = await listSpares(client, migrations)
  const dropped: SpareName[] = []
  for (const spare of spares.filter((of) => isStale(of, sets))) {
    if (!(await dropSpare(client, spare.name))) continue
    dropped.push(spare.name)
    options.onChange?.('dropped', spare.name)
  }
  const made: SpareName[] = []
  for (const modules of sets) {
    for (let missing = options.count - ready(spares, modules); missing > 0; missing -= 1) {
      if ((await options.shouldStop?.(client)) === true) return { made, dropped, ended: 'stopped' }
      const name = await makeSpare(workplace, modules)
      made.push(name)
      options.onChange?.('made', name)
    }
  }
  return { made, dropped, ended: 'full' }
}

/** Drops every spare, or those with just these modules. */
export async function dropSpares(
  admin: pg.Pool,
  migrations: MigrationCatalogue,
  modules?: readonly string[],
): Promise<SpareName[]> {
  return withClient(admin, async (client) => {
    const dropped: SpareName[] = []
    for (const spare of await listSpares(client, migrations)) {
      if (modules !== undefined && keyOf(modules) !== keyOf(spare.modules)) continue
      if (await dropSpare(client, spare.name)) dropped.push(spare.name)
    }
    return dropped
  })
}

function ready(spares: readonly SpareSchema[], modules: readonly string[]): number {
  return spares.filter(
    (spare) => spare.status === 'ready' && spare.isCurrent && keyOf(spare.modules) === keyOf(modules),
  ).length
}

/**
 * What will never be handed out: failed, made from other files, or of modules nobody asks for. One that is `preparing`
 * is either being made, and then locked, or was left behind by a process that is gone.
 */
function isStale(
  { status, isCurrent, modules, createdAt }: SpareSchema,
  sets: readonly (readonly string[])[],
): boolean {
  if (status !== 'ready' || !isCurrent) return true
  const isWanted = sets.some((set) => keyOf(set) === keyOf(modules))
  return !isWanted && Date.now() - Date.parse(createdAt) > KEPT_UNUSED
}

/** The sets of modules that tenants made lately have; before there are any, all modules of this version. */
export async function wantedSets(
  db: Queryable,
  migrations: MigrationCatalogue,
): Promise<readonly (readonly string[])[]> {
  const available = [...migrations.modules.keys()].filter((module) => module !== coreModule)
  const { rows } = await db.query<{ modules: string[] }>(
    `/* spares.demand */
     select array(select unnest(modules) intersect select unnest($1::text[]) order by 1) as modules
     from public.tenant_schemas
     where created_at > now() - make_interval(days => $2) and state in ('active', 'suspended')
     group by 1 order by count(*) desc, 1 limit $3`,
    [available, DEMAND_DAYS, MOST_SETS],
  )
  return rows.length === 0 ? [available] : rows.map(({ modules }) => modules)
}

function keyOf(modules: readonly string[]): string {
  return [...modules].sort().join()
}
