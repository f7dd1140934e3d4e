import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName } from '../database/advisory-lock.js'
import { ownerRole, ownerTransactionOn } from '../database/owner-transaction.js'
import type { Migration, MigrationScript } from './migration-files.js'
import {
  ledgerInsert,
  scriptIn,
  searchPath,
  statementLimit,
  versionUpdate,
  type MigrationTarget,
} from './migration-message.js'
import { splitStatements } from './split-statements.js'
import type { StepContext } from './step-runner.js'

/**
 * Runs a script that refuses a transaction (CREATE INDEX CONCURRENTLY): recorded as started before and as applied
 * after. It may be run again after an interruption, so such scripts say `if not exists`, or drop first. Resolves to
 * false when another process did it meanwhile.
 */
export async function runOutsideTransaction(
  client: pg.PoolClient,
  target: MigrationTarget,
  migration: Migration,
  direction: 'up' | 'down',
  defaultData: readonly MigrationScript[],
  context: StepContext,
): Promise<boolean> {
  const { lockTimeout, attempts, statementTimeout } = context.patience
  const lock = schemaLockName(target.schemaName)
  await acquireLock(client, lock, lockTimeout * attempts)
  try {
    if ((await isApplied(client, target, migration)) === (direction === 'up')) return false
    if (direction === 'up') await recordStart(client, target, migration, context)
    // Session settings, because there is no transaction they could be local to; taken back below.
    const path = searchPath(target).replace('set local', 'set')
    const limit = statementLimit('set', statementTimeout)
    await client.query(
      `set role ${ownerRole}; set lock_timeout = ${Math.trunc(lockTimeout)}; ${limit}${path}`,
    )
    for (const statement of splitStatements(scriptIn(target, migration[direction]))) {
      await client.query(statement)
    }
    await client.query(RESET)
    await recordEnd(client, target, migration, direction, defaultData, context)
    return true
  } finally {
    await client.query(RESET).catch(() => {})
    await releaseLock(client, lock).catch(() => {})
  }
}

const RESET = 'reset role; reset lock_timeout; reset statement_timeout; reset search_path'

async function isApplied(
  client: pg.PoolClient,
  { schemaName }: MigrationTarget,
  { module, version }: Migration,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `/* fleet.ledger.applied */ select from public.schema_migrations
     where schema_name = $1 and module = $2 and version = $3 and status in ('applied', 'baseline')`,
    [schemaName, module, version],
  )
  return rowCount === 1
}

async function recordStart(
  client: pg.PoolClient,
  target: MigrationTarget,
  step: Migration,
  context: StepContext,
): Promise<void> {
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(ledgerInsert(target, [step], 'started', context)),
  )
}

async function recordEnd(
  client: pg.PoolClient,
  target: MigrationTarget,
  migration: Migration,
  direction: 'up' | 'down',
  defaultData: readonly MigrationScript[],
  { fleetRunId, afterwards = '' }: StepContext,
): Promise<void> {
  const { module, version } = migration
  await ownerTransactionOn(client, async (transaction) => {
    await transaction.query(
      searchPath(target) + defaultData.map((script) => scriptIn(target, script)).join('\n;\n'),
    )
    await transaction.query(
      `/* fleet.ledger.finish */ update public.schema_migrations set status = $4, error = null, fleet_run_id = $5,
         execution_time_ms = (extract(epoch from clock_timestamp() - executed_at) * 1000)::integer
       where schema_name = $1 and module = $2 and version = $3`,
      [
        target.schemaName,
        module,
        version,
        direction === 'up' ? 'applied' : 'rolled_back',
        fleetRunId ?? null,
      ],
    )
    const update = versionUpdate(target, migration, direction) + afterwards
    if (update !== '') await transaction.query(update)
  })
}
