import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import {
  advisoryLockHolder,
  blockerOf,
  describeHolder,
  schemaLockName,
  type LockHolder,
  type Queryable,
} from '../database/advisory-lock.js'
import { isCatalogueConflict } from '../database/catalogue-retry.js'
import { isPostgresError } from '../database/postgres-error.js'
import type { Migration, MigrationScript } from './migration-files.js'
import {
  downMessage,
  LOCK_NOT_AVAILABLE,
  recordMessage,
  STEP_DONE,
  upMessage,
  type MessageOptions,
  type MigrationMessage,
  type MigrationTarget,
} from './migration-message.js'
import { runOutsideTransaction } from './outside-transaction.js'
import { describeStepError } from './step-error.js'

/** How long and how often a step tries to get its locks. */
export interface LockPatience {
  /** Milliseconds one attempt waits for a table lock. */
  readonly lockTimeout: number
  /** Attempts in all. */
  readonly attempts: number
  /** Milliseconds a statement may take; 0 or undefined means no limit. */
  readonly statementTimeout?: number | undefined
}

/** Waiting longer in one attempt would make everybody queue who comes after us for the same table. */
export const defaultPatience: LockPatience = { lockTimeout: 2_000, attempts: 5 }

const FIRST_WAIT = 100

/** A step that did not get its locks, with who held them at the last attempt. */
export class LockTimeout extends Error {
  readonly holder: LockHolder | undefined

  constructor(attempts: number, holder: LockHolder | undefined, cause: unknown) {
    super(`lock timeout after ${attempts === 1 ? '1 try' : `${attempts} tries`}${describeHolder(holder)}`, {
      cause,
    })
    this.name = 'LockTimeout'
    this.holder = holder
  }
}

/** A script that failed; the message says where and why. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
}

export interface StepContext {
  /** A second connection: it looks who blocks the first one. */
  readonly observer: Queryable
  readonly patience: LockPatience
  readonly onRetry?: (attempt: number, reason: string, waitMilliseconds: number) => void
  /** The run the step belongs to, by its uuid. */
  readonly fleetRunId?: string | undefined
  /** Statements that commit together with the step. */
  readonly afterwards?: string | undefined
}

function messageOptions({ patience, fleetRunId, afterwards }: StepContext): MessageOptions {
  return { ...patience, fleetRunId, afterwards }
}

/**
 * Sends one message, and sends it again after a pause while locks are missing. Resolves to false when another
 * process did the step meanwhile. Throws LockTimeout when patience ends; any other error as it came.
 */
async function runMessage(
  client: pg.PoolClient,
  target: MigrationTarget,
  { text }: MigrationMessage,
  context: StepContext,
): Promise<boolean> {
  const { attempts } = context.patience
  for (let attempt = 1; ; attempt += 1) {
    const watch = watchBlocker(client, target, context)
    try {
      await client.query(text)
      return true
    } catch (error) {
      await client.query('rollback').catch(() => {})
      if (isPostgresError(error) && error.code === STEP_DONE) return false
      if (!isWorthRetrying(error)) throw error
      const holder = await watch.holder(error)
      if (attempt >= attempts) throw isLockProblem(error) ? new LockTimeout(attempt, holder, error) : error
      const pause = Math.round(FIRST_WAIT * 2 ** (attempt - 1) * (0.5 + Math.random()))
      context.onRetry?.(attempt, `${(error as Error).message}${describeHolder(holder)}`, pause)
      await sleep(pause)
    } finally {
      watch.stop()
    }
  }
}

function isLockProblem(error: unknown): boolean {
  return isPostgresError(error) && error.code === LOCK_NOT_AVAILABLE
}

/** Also a deadlock, and two sessions writing one row of a catalogue (`alter` of the same object). */
function isWorthRetrying(error: unknown): boolean {
  return isLockProblem(error) || isCatalogueConflict(error)
}

/**
 * Looks who blocks a running statement shortly before its lock timeout: afterwards nobody can tell any more. When the
 * schema's own lock was taken, its holder is asked for after the fact.
 */
function watchBlocker(client: pg.PoolClient, target: MigrationTarget, { observer, patience }: StepContext) {
  const backend = (client as pg.PoolClient & { processID: number }).processID
  let seen: Promise<LockHolder | undefined> = Promise.resolve(undefined)
  const timer = setTimeout(
    () => {
      seen = blockerOf(observer, backend).catch(() => undefined)
    },
    Math.max(10, patience.lockTimeout * 0.6),
  )
  return {
    stop: () => clearTimeout(timer),
    async holder(error: unknown): Promise<LockHolder | undefined> {
      if (!isLockProblem(error)) return undefined
      return (
        (await seen) ??
        (await advisoryLockHolder(observer, schemaLockName(target.schemaName)).catch(() => undefined))
      )
    },
  }
}

/**
 * Does one step of a schema, in a transaction unless its script refuses one. Resolves to false when another process
 * did it meanwhile. Throws LockTimeout, or StepFailure telling file and line.
 */
export async function applyStep(
  client: pg.PoolClient,
  target: MigrationTarget,
  step: Migration,
  defaultData: readonly MigrationScript[],
  context: StepContext,
): Promise<boolean> {
  const message = upMessage(target, step, defaultData, messageOptions(context))
  return describingErrors(message, async () => {
    if (step.up.transactional) return runMessage(client, target, message, context)
    return runOutsideTransaction(client, target, step, 'up', defaultData, context)
  })
}

/** Takes one step of a schema back by its down script; otherwise like `applyStep`. */
export async function undoStep(
  client: pg.PoolClient,
  target: MigrationTarget,
  step: Migration,
  context: StepContext,
): Promise<boolean> {
  const message = downMessage(target, step, messageOptions(context))
  return describingErrors(message, async () => {
    if (step.down.transactional) return runMessage(client, target, message, context)
    return runOutsideTransaction(client, target, step, 'down', [], context)
  })
}

/** Writes one step of a schema down as applied without running it; otherwise like `applyStep`. */
export async function recordStep(
  client: pg.PoolClient,
  target: MigrationTarget,
  step: Migration,
  context: StepContext,
): Promise<boolean> {
  return sendMessage(client, target, recordMessage(target, step, messageOptions(context)), context)
}

/** Sends a message like `runMessage`; what fails inside it is told with file and line. */
export async function sendMessage(
  client: pg.PoolClient,
  target: MigrationTarget,
  message: MigrationMessage,
  context: StepContext,
): Promise<boolean> {
  return describingErrors(message, () => runMessage(client, target, message, context))
}

async function describingErrors(message: MigrationMessage, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LockTimeout) throw error
    throw new StepFailure(describeStepError(error, message), { cause: error })
  }
}
