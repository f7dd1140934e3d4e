import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { acquireLock, releaseLock } from '../database/advisory-lock.js'
import { newLeaseOwner } from '../database/lease-owner.js'
import { withClient } from '../database/owner-transaction.js'
import { isDatabaseDown } from '../database/postgres-error.js'
import { AppError } from '../errors.js'
import {
  holderOf,
  noteFailure,
  prepareItems,
  reasonOf,
  workOnItem,
  type ItemResult,
  type PreparedItem,
} from './item-work.js'
import type { MigrationCatalogue } from './migration-files.js'
import type { OnFleetProgress, StepName } from './progress.js'
import {
  claimItems,
  failItem,
  reclaimItems,
  releaseItems,
  renewLeases,
  runnerLockName,
  skipItem,
} from './run-items.js'
import { settleRun } from './run-control.js'
import { findRun, type FleetRun } from './run-record.js'
import { addLateTenants } from './start-run.js'

export interface RunnerOptions {
  /** Tenants worked on at once; bounded by the pool, which lends one more connection for looking around. */
  readonly concurrency?: number | undefined
  readonly onProgress?: OnFleetProgress | undefined
  /** Ends this runner in order: what it has begun is finished, the rest is left to others or to a resumed run. */
  readonly signal?: AbortSignal | undefined
}

/** A step that failed in one schema; the later steps of that schema were not tried. */
export interface FleetFailure extends StepName {
  readonly reason: string
  /** Process id of the session that held a lock, when that was the reason. */
  readonly heldBy: number | undefined
}

/** What one runner did of a run. */
export interface RunnerOutcome {
  readonly steps: number
  readonly failures: readonly FleetFailure[]
}

const DEFAULT_CONCURRENCY = 8
/** Milliseconds between two words that this runner lives. */
const HEARTBEAT = 1_000
/** Milliseconds between two looks at what other runners have left to do. */
const POLL = 200
/** Milliseconds in which a session of ours that was lost gives its lock back. */
const LOCK_PATIENCE = 2_000
/** Milliseconds a database may be away before the runner gives up; the run can be resumed then. */
const OUTAGE_PATIENCE = 120_000
/** Claims after which a schema whose connection is lost each time counts as failed: it may be what ends the server. */
const MOST_LOST = 5

/** One connection looks around while the others work, so a pool of one cannot do it. */
export function boundedConcurrency(admin: pg.Pool, wanted = DEFAULT_CONCURRENCY): number {
  const limit = admin.options.max - 1
  if (limit < 1) throw new AppError('BAD_USER_INPUT', 'Migrating needs a pool of two connections at least.')
  return Math.max(1, Math.min(wanted, limit))
}

/**
 * Works on a run together with whoever else does, until nothing is left for this runner: every schema is done, the
 * run was paused, cancelled or stopped by its limits, or `signal` says so. Survives a restart of the database.
 */
export async function workOnRun(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  run: FleetRun,
  options: RunnerOptions = {},
): Promise<RunnerOutcome> {
  return new FleetRunner(admin, catalogue, run, options).work()
}

class FleetRunner {
  readonly #admin: pg.Pool
  readonly #catalogue: MigrationCatalogue
  readonly #run: FleetRun
  readonly #options: RunnerOptions
  readonly #name = newLeaseOwner()
  readonly #failures: FleetFailure[] = []
  readonly #ready: PreparedItem[] = []
  /** Items that wait here or are worked on; a lost connection may leave others claimed that nobody has. */
  readonly #held = new Set<string>()
  #mayHaveLost = false
  #observer!: pg.PoolClient
  #reconnecting: Promise<void> | undefined
  #refilling: Promise<boolean | undefined> | undefined
  #stopping = false
  #steps = 0
  #finished = 0
  #wave = -1
  #itemEnded = (): void => {}

  constructor(admin: pg.Pool, catalogue: MigrationCatalogue, run: FleetRun, options: RunnerOptions) {
    this.#admin = admin
    this.#catalogue = catalogue
    this.#run = run
    this.#options = options
  }

  async work(): Promise<RunnerOutcome> {
    const concurrency = boundedConcurrency(this.#admin, this.#options.concurrency)
    await this.#openObserver()
    const heartbeat = setInterval(() => void this.#beat(), HEARTBEAT)
    try {
      const workers = Array.from({ length: concurrency }, () => this.#loop(concurrency))
      const ends = await Promise.allSettled(workers)
      const broken = ends.find(({ status }) => status === 'rejected')
      await this.#handBack().catch(() => {})
      if (broken !== undefined) throw (broken as PromiseRejectedResult).reason
      return { steps: this.#steps, failures: this.#failures }
    } finally {
      clearInterval(heartbeat)
      await releaseLock(this.#observer, runnerLockName(this.#name)).catch(() => {})
      this.#observer.release()
    }
  }

  get #isStopping(): boolean {
    return this.#stopping || this.#options.signal?.aborted === true
  }

  async #loop(concurrency: number): Promise<void> {
    try {
      for (;;) {
        const prepared = await this.#next(concurrency)
        if (prepared === undefined) return
        await this.#surviving(() =>
          withClient(this.#admin, (client) => this.#workOn(client, prepared)).finally(() =>
            this.#held.delete(prepared.item.id),
          ),
        )
        this.#itemEnded()
      }
    } catch (error) {
      this.#stopping = true
      throw error
    }
  }

  /** The next schema to work on, or undefined when there is none for this runner any more. */
  async #next(concurrency: number): Promise<PreparedItem | undefined> {
    for (;;) {
      if (this.#isStopping) return undefined
      const ready = this.#ready.shift()
      if (ready !== undefined) return ready
      this.#refilling ??= this.#surviving(() => this.#refill(concurrency)).finally(() => {
        this.#refilling = undefined
      })
      if ((await this.#refilling) === false) return undefined
    }
  }

  /** Claims more; waits while others work on what has to be done first. Resolves to false when nothing will come. */
  async #refill(concurrency: number): Promise<boolean> {
    while (!this.#isStopping) {
      if (this.#mayHaveLost) {
        // An outage in between sets it again.
        this.#mayHaveLost = false
        await releaseItems(this.#observer, this.#run.id, this.#name, this.#held)
      }
      const items = await claimItems(this.#observer, this.#run.id, this.#name, concurrency)
      if (items.length > 0) {
        this.#tellWave(items[0]!.wave)
        const prepared = await prepareItems(this.#observer, this.#catalogue, this.#run, items)
        for (const { item } of prepared) this.#held.add(item.id)
        this.#ready.push(...prepared)
        return true
      }
      const { status, counts } = await findRun(this.#observer, this.#run.id)
      if (status !== 'running') break
      if (counts.pending + counts.running === 0) {
        if ((await addLateTenants(this.#admin, this.#catalogue, await this.#current())) === 0) return false
      } else if ((await reclaimItems(this.#observer, this.#run.id, this.#name)) === 0) {
        await Promise.race([sleep(POLL), new Promise<void>((resolve) => (this.#itemEnded = resolve))])
      }
    }
    this.#stopping = true
    return false
  }

  #current(): Promise<FleetRun> {
    return findRun(this.#observer, this.#run.id)
  }

  #tellWave(wave: number): void {
    if (wave === this.#wave) return
    this.#wave = wave
    this.#options.onProgress?.({ type: 'wave', wave, waves: Math.max(this.#run.waves, wave + 1) })
  }

  async #workOn(client: pg.PoolClient, prepared: PreparedItem): Promise<void> {
    if (prepared.gone !== undefined) return skipItem(this.#observer, prepared.item, prepared.gone)
    const result = await workOnItem(
      client,
      {
        observer: this.#observer,
        catalogue: this.#catalogue,
        run: this.#run,
        runner: this.#name,
        onProgress: this.#options.onProgress,
      },
      prepared,
    )
    this.#steps += result.steps
    if (result.failure !== undefined) await this.#fail(prepared, result.steps, result.failure)
    this.#finished += 1
    this.#options.onProgress?.({
      type: 'tenant',
      tenant: prepared.target.tenant!,
      succeeded: result.failure === undefined,
      finished: this.#finished,
    })
  }

  async #fail(
    prepared: PreparedItem,
    steps: number,
    failure: NonNullable<ItemResult['failure']>,
  ): Promise<void> {
    const { name, error } = failure
    const isLost = isDatabaseDown(error) || (error instanceof Error && isDatabaseDown(error.cause))
    // Not the tenant's failure: it comes back, and its ledger tells how far it came.
    if (isLost && prepared.item.attempts < MOST_LOST) throw (error as Error).cause ?? error
    const reason = reasonOf(error)
    this.#failures.push({ ...name, reason, heldBy: holderOf(error) })
    this.#options.onProgress?.({ type: 'failed', ...name, reason })
    await withClient(this.#admin, async (client) => {
      await noteFailure(client, prepared, failure)
      const step = `${name.module} ${name.migration}`
      const stopped = await failItem(client, this.#run.id, prepared.item, { step, reason, steps })
      if (stopped === undefined) return
      this.#stopping = true
      this.#options.onProgress?.({ type: 'stopped', reason: stopped })
    })
  }

  /** Does something and, when the database went away meanwhile, waits until it is back; nothing is done again here. */
  async #surviving<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseDown(error)) throw error
      this.#mayHaveLost = true
      this.#reconnecting ??= this.#reconnect(error).finally(() => (this.#reconnecting = undefined))
      await this.#reconnecting
      return undefined
    }
  }

  async #reconnect(cause: unknown): Promise<void> {
    const deadline = performance.now() + OUTAGE_PATIENCE
    this.#observer.release(true)
    for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
      try {
        return await this.#openObserver()
      } catch (error) {
        if (!isDatabaseDown(error) || performance.now() + pause > deadline) throw cause
        await sleep(pause * (0.5 + Math.random()))
      }
    }
  }

  /** The lock tells other runners that this one lives. After a lost connection the old session may still hold it. */
  async #openObserver(): Promise<void> {
    const client = await this.#admin.connect()
    try {
      await acquireLock(client, runnerLockName(this.#name), LOCK_PATIENCE).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error
      })
      this.#observer = client
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async #beat(): Promise<void> {
    const goesOn = await renewLeases(this.#observer, this.#run.id, this.#name).catch(() => true)
    if (!goesOn) this.#stopping = true
  }

  /** Leaves nothing claimed, and the run as it is now. */
  async #handBack(): Promise<void> {
    await releaseItems(this.#observer, this.#run.id, this.#name)
    await settleRun(this.#observer, this.#run.id, this.#options.signal?.aborted === true)
  }
}
