import type pg from 'pg'
import { AppError } from '../errors.js'
import { runFleet, type FleetRunOptions, type RunOutcome } from './fleet-run.js'
import { latestVersion, sharedStream, type MigrationCatalogue } from './migration-files.js'
import { requireVersion, streamOf } from './migrate-down.js'

export interface RedoOptions extends Omit<FleetRunOptions, 'modules'> {
  readonly module: string
  /** How many of the last steps; 1 by default. */
  readonly steps?: number | undefined
}

/**
 * Takes the last steps of one module back in each selected tenant and makes them again: what was in the dropped
 * tables and columns is gone. Throws BAD_USER_INPUT for an unknown module, the shared schema, or no number of steps.
 */
export async function redoMigrations(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  { module, steps = 1, ...options }: RedoOptions,
): Promise<RunOutcome> {
  const stream = streamOf(catalogue, module)
  if (module === sharedStream) {
    throw new AppError(
      'BAD_USER_INPUT',
      'The shared schema is not redone in one go, because it holds the record of runs: take it back and migrate again.',
      { module },
    )
  }
  if (!Number.isInteger(steps) || steps < 1 || steps > latestVersion(stream)) {
    throw new AppError(
      'BAD_USER_INPUT',
      `${module} has ${latestVersion(stream)} steps; ${steps} cannot be redone.`,
      {
        steps,
      },
    )
  }
  const work = { kind: 'redo', module, targetVersion: steps, targetVersions: {} } as const
  return runFleet(admin, catalogue, work, options)
}

export interface MarkAppliedOptions extends Omit<FleetRunOptions, 'modules'> {
  readonly module: string
  /** The last version that is there already. */
  readonly to: number
}

/**
 * Writes down, without running anything, that the selected tenants have every step of a module up to a version: for
 * schemas that somebody mended or made by hand. Throws BAD_USER_INPUT for an unknown module or version.
 */
export async function markApplied(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  { module, to, ...options }: MarkAppliedOptions,
): Promise<RunOutcome> {
  const stream = streamOf(catalogue, module)
  if (module === sharedStream) {
    throw new AppError(
      'BAD_USER_INPUT',
      'The shared schema makes the ledger itself; nothing of it can be marked.',
      {
        module,
      },
    )
  }
  requireVersion(stream, to, 1)
  const work = { kind: 'mark_applied', module, targetVersion: to, targetVersions: {} } as const
  return runFleet(admin, catalogue, work, options)
}
