import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName } from '../../database/advisory-lock.js'
import { isCatalogueConflict } from '../../database/catalogue-retry.js'
import { ownerRole, withClient } from '../../database/owner-transaction.js'
import { isPostgresError } from '../../database/postgres-error.js'
import { writePlatformAudit, type PlatformActor } from '../../tenancy/platform-audit.js'
import { schemaOf, type TenantId } from '../../tenancy/tenant-id.js'
import { requireNoOperation } from '../../tenancy/tenant-operations.js'
import { showTenant } from '../../tenancy/tenant-record.js'
import { LOCK_NOT_AVAILABLE, searchPath, targetOf } from '../migration-message.js'
import { repairPhases, type DriftFinding, type RepairGuard, type RepairStep } from './finding.js'

export interface RepairOptions {
  /** Drop what is too much even when something is lost with it. */
  readonly dropExtra?: boolean | undefined
  readonly by?: PlatformActor | undefined
  /** Milliseconds to wait for a table's lock, and how often to try. */
  readonly lockTimeout?: number | undefined
  readonly attempts?: number | undefined
}

/** What happened to the findings of one tenant. */
export interface RepairOutcome {
  readonly tenant: TenantId
  /** Statements that were done, in order. */
  readonly statements: readonly string[]
  /** What is as it was, and why. */
  readonly left: readonly { readonly message: string; readonly reason: string }[]
}

/** A step and the finding it belongs to. */
interface PlannedStep extends RepairStep {
  readonly message: string
}

const LOCK_TIMEOUT = 2_000
const ATTEMPTS = 5
/** Rows do not fit, values cannot be read, or others depend on it: that step is left, the others go on. */
const REFUSED = /^(22|23)|^(2BP01|42P16|0A000)$/

/** The steps of findings in the order in which they are done. */
export function plannedSteps(findings: readonly DriftFinding[]): PlannedStep[] {
  const planned = findings.flatMap(({ message, repair }) => repair.map((step) => ({ ...step, message })))
  const order = ({ phase }: RepairStep): number => repairPhases.indexOf(phase)
  return planned.sort((a, b) => order(a) - order(b))
}

/**
 * Puts one tenant right, in one transaction: each step asks its guard with the table locked, and what rows or other
 * objects refuse is left and named. Throws when a lock was not to be had, and CONFLICT while an operation on the tenant
 * is not finished, whose doing the difference may be; then nothing is changed.
 */
export async function repairTenant(
  admin: pg.Pool,
  tenant: TenantId,
  findings: readonly DriftFinding[],
  options: RepairOptions = {},
): Promise<RepairOutcome> {
  const lock = schemaLockName(schemaOf(tenant))
  const { lockTimeout = LOCK_TIMEOUT, attempts = ATTEMPTS } = options
  return withClient(admin, async (client) => {
    await acquireLock(client, lock, lockTimeout * attempts)
    try {
      await requireNoOperation(client, await showTenant(client, tenant))
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inTransaction(client, tenant, findings, options)
        } catch (error) {
          await client.query('rollback').catch(() => {})
          if (attempt >= attempts || !isWorthRetrying(error)) throw error
          await sleep(100 * 2 ** (attempt - 1) * (0.5 + Math.random()))
        }
      }
    } finally {
      await releaseLock(client, lock).catch(() => {})
    }
  })
}

function isWorthRetrying(error: unknown): boolean {
  return isCatalogueConflict(error) || (isPostgresError(error) && error.code === LOCK_NOT_AVAILABLE)
}

async function inTransaction(
  client: pg.PoolClient,
  tenant: TenantId,
  findings: readonly DriftFinding[],
  { dropExtra = false, by, lockTimeout = LOCK_TIMEOUT }: RepairOptions,
): Promise<RepairOutcome> {
  const left = findings.flatMap(({ message, left: reason }) => (reason === null ? [] : [{ message, reason }]))
  const statements: string[] = []
  await client.query(
    `begin; set local lock_timeout = ${Math.trunc(lockTimeout)}; ${searchPath(targetOf(tenant))}`,
  )
  for (const step of plannedSteps(findings)) {
    const reason = await tryStep(client, step, dropExtra)
    if (reason === undefined) statements.push(...step.statements)
    else left.push({ message: step.message, reason })
  }
  if (statements.length > 0) await audit(client, tenant, { statements, left }, by)
  await client.query('commit')
  return { tenant, statements, left }
}

/** Does a step, or resolves to the reason why it is left. */
async function tryStep(
  client: pg.PoolClient,
  { statements, guard, as }: RepairStep,
  dropExtra: boolean,
): Promise<string | undefined> {
  await client.query(`savepoint step; set local role ${as === 'admin' ? 'none' : ownerRole}`)
  try {
    if (guard !== undefined && !(guard.isExtra && dropExtra) && (await wouldLose(client, guard))) {
      await client.query('rollback to savepoint step')
      return guard.reason
    }
    for (const statement of statements) await client.query(statement)
    await client.query('release savepoint step')
    return undefined
  } catch (error) {
    if (!isPostgresError(error) || !REFUSED.test(error.code)) throw error
    await client.query('rollback to savepoint step')
    return [error.message, error.detail].filter((part) => part !== undefined && part !== '').join('. ')
  }
}

async function wouldLose(client: pg.PoolClient, { table, question }: RepairGuard): Promise<boolean> {
  if (question === undefined) return true
  await client.query(`lock table ${table} in access exclusive mode`)
  const { rows } = await client.query<[boolean]>({ text: question, rowMode: 'array' })
  return rows[0]![0]
}

async function audit(
  client: pg.PoolClient,
  tenant: TenantId,
  details: Pick<RepairOutcome, 'statements' | 'left'>,
  by: PlatformActor | undefined,
): Promise<void> {
  await client.query(`set local role ${ownerRole}; set local search_path = public`)
  const { rows } = await client.query<{ id: string }>(
    '/* drift.organization */ select organization_id as id from public.tenant_schemas where schema_name = $1',
    [schemaOf(tenant)],
  )
  await writePlatformAudit(
    client,
    {
      eventType: 'tenant.repaired',
      category: 'migration',
      organizationId: rows[0]!.id,
      target: tenant,
      details,
    },
    by,
  )
}
