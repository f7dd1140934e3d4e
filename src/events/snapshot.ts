/** Which transactions a moment sees, as `pg_current_snapshot()` tells it. */
export interface Snapshot {
  /** Everything below had ended: committed and visible, or rolled back. */
  readonly xmin: bigint
  /** Everything from here on had not begun. */
  readonly xmax: bigint
  /** What was running in between. */
  readonly running: ReadonlySet<bigint>
}

/** Reads `xmin:xmax:xip,xip,…`: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS */
export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, running] = text.split(':')
  if (xmin === undefined || xmax === undefined || running === undefined) {
    throw new TypeError(`not a snapshot: ${text}`)
  }
  const ids = running === '' ? [] : running.split(',')
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: new Set(ids.map(BigInt)) }
}

/** Whether a transaction that committed had done so before the snapshot was taken. */
export function isVisible({ xmin, xmax, running }: Snapshot, transactionId: bigint): boolean {
  return transactionId < xmin || (transactionId < xmax && !running.has(transactionId))
}
