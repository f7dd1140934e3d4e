import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { formatTimestamp, type Microseconds } from '../../../database/timestamp.js'
import type { SessionScope } from '../../../tenancy/session-scope.js'
import { inReadSession, inWriteSession } from '../../../tenancy/session.js'
import { previewUsage, recordCheckedUsage, type UsageResult } from '../record-usage.js'
import type { SoundUsageEvent } from '../usage-event-input.js'
import type { ChosenModel } from './choose-model.js'
import { ImportTally, type ImportReport } from './import-report.js'
import { isRejected, readTrace } from './read-trace.js'
import { RepeatIndex } from './repeat-index.js'
import { RowSpool, type SpooledRow } from './row-spool.js'
import type { RejectedRow, TraceFormat } from './trace-row.js'

export type ImportProgress =
  | { readonly phase: 'reading'; readonly rows: number }
  | { readonly phase: 'recording'; readonly rows: number; readonly of: number }

export interface ImportOptions {
  /** Read once, from its beginning. */
  readonly source: AsyncIterable<Buffer | string>
  readonly format: TraceFormat
  readonly model: ChosenModel
  /** The gateway's pool: an import is work of a tenant like any other. */
  readonly pool: pg.Pool
  readonly scope: SessionScope
  /** Events in one transaction. */
  readonly batchSize?: number | undefined
  /** Writes nothing, and says what an import would do. */
  readonly dryRun?: boolean | undefined
  /** Told of each row that is rejected, in the order in which they are found. */
  readonly onRejected: (row: RejectedRow) => void
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Ends the import between two batches; what is recorded by then stays, and importing again goes on from there. */
  readonly signal?: AbortSignal | undefined
  readonly now?: Microseconds | undefined
}

export const DEFAULT_BATCH_SIZE = 2_000
/** While Postgres writes one batch the next is made ready. */
const BATCHES_IN_FLIGHT = 2
/** A dry run has no commits to save, and small batches live and die in the young generation of the heap. */
const DRY_BATCH_SIZE = 500
/** Milliseconds a statement of a batch may take; a large batch on a busy server takes long, but not for ever. */
const STATEMENT_TIMEOUT = 300_000

/**
 * Imports a file of any size in constant memory, in two passes over its rows: the first reads and checks all of
 * them and finds the repeats, the second records them in order. Nothing is written while the file can still turn
 * out to be wrong as a whole.
 *
 * An event's id is the digest of its row and, for the second and later of equal rows, their ordinal. So importing
 * a file again adds nothing, in whatever order its rows stand, while true repeats in a file are all kept; and an
 * import that was interrupted is finished by running it again. Throws BAD_USER_INPUT for an empty file and for a
 * header of another format.
 */
export async function importUsage(options: ImportOptions): Promise<ImportReport> {
  const directory = await mkdtemp(join(tmpdir(), 'orgscope-import-'))
  const tally = new ImportTally()
  let spool: RowSpool | undefined
  try {
    spool = new RowSpool(join(directory, 'rows'))
    await readAll(options, directory, spool, tally)
    await recordAll(options, spool, tally)
    return tally.report(options.dryRun === true)
  } finally {
    spool?.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function readAll(
  { source, format, now, signal, onRejected, onProgress }: ImportOptions,
  directory: string,
  spool: RowSpool,
  tally: ImportTally,
): Promise<void> {
  const repeats = new RepeatIndex(join(directory, 'digests'))
  try {
    for await (const rows of readTrace(source, format, now ?? Date.now() * 1000)) {
      signal?.throwIfAborted()
      for (const row of rows) {
        tally.rows++
        if (isRejected(row)) {
          tally.rejected++
          onRejected(row)
        } else {
          repeats.add(row.digest, spool.rows)
          spool.append(row)
        }
      }
      onProgress?.({ phase: 'reading', rows: tally.rows })
    }
    spool.flush()
    repeats.forEachRepeat((row, ordinal) => spool.setOrdinal(row, ordinal))
  } finally {
    repeats.close()
  }
}

async function recordAll(options: ImportOptions, spool: RowSpool, tally: ImportTally): Promise<void> {
  const { onProgress, dryRun, batchSize = DEFAULT_BATCH_SIZE } = options
  const inFlight = dryRun === true ? 1 : BATCHES_IN_FLIGHT
  const size = dryRun === true ? Math.min(batchSize, DRY_BATCH_SIZE) : batchSize
  const running: Promise<void>[] = []
  let recorded = 0
  const record = async (batch: readonly SpooledRow[]): Promise<void> => {
    const results = await recordBatch(options, batch)
    batch.forEach((row, index) => settle(options, tally, row, results[index] as UsageResult))
    recorded += batch.length
    onProgress?.({ phase: 'recording', rows: recorded, of: spool.rows })
  }
  try {
    for (const batch of spool.batches(size)) {
      options.signal?.throwIfAborted()
      if (running.length === inFlight) await running.shift()
      const started = record(batch)
      started.catch(() => {}) // awaited below, or after another batch failed
      running.push(started)
    }
    await Promise.all(running)
  } finally {
    // A batch still under way when another failed: its connection is given back before the pool is ended.
    await Promise.allSettled(running)
  }
}

async function recordBatch(
  { pool, scope, format, model, dryRun }: ImportOptions,
  batch: readonly SpooledRow[],
): Promise<readonly UsageResult[]> {
  const events = batch.map((row) => eventOf(row, format, model))
  const options = { source: 'import' } as const
  const settings = { statementTimeout: STATEMENT_TIMEOUT }
  const { results } =
    dryRun === true
      ? await inReadSession(pool, scope, settings, (session) => previewUsage(session, events, options))
      : await inWriteSession(pool, scope, settings, (session) => recordCheckedUsage(session, events, options))
  return results
}

function eventOf(
  row: SpooledRow,
  { name }: TraceFormat,
  { modelName, provider }: ChosenModel,
): SoundUsageEvent {
  const id = `${name}:${Buffer.from(row.digest, 'latin1').toString('base64url')}`
  return {
    eventId: row.ordinal === 0 ? id : `${id}:${row.ordinal}`,
    at: row.at,
    provider,
    modelName,
    service: 'completion',
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cachedInputTokens: 0,
  }
}

function settle(
  { onRejected }: ImportOptions,
  tally: ImportTally,
  row: SpooledRow,
  result: UsageResult,
): void {
  tally.count(result, row)
  if (result.status !== 'rejected') return
  onRejected({
    line: row.line,
    reason: `${result.field} ${result.reason}`,
    row: `${formatTimestamp(row.at)},${row.inputTokens},${row.outputTokens}`,
  })
}
