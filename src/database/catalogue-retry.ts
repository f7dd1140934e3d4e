import { setTimeout as sleep } from 'node:timers/promises'
import { isPostgresError } from './postgres-error.js'

const UNIQUE_VIOLATION = '23505'
const DUPLICATE_OBJECT = '42710'
const DEADLOCK = '40P01'
const INTERNAL_ERROR = 'XX000'

/** Indexes of the role catalogues, which all databases of a cluster share. */
const SHARED_ROLE_INDEX = /^pg_(authid|auth_members)_/

/**
 * True when two sessions wrote the same catalogue row at once. Roles belong to the whole cluster while advisory locks
 * belong to one database, so preparing or provisioning in two databases can meet there; one of them has to try again.
 */
export function isCatalogueConflict(error: unknown): boolean {
  if (!isPostgresError(error)) return false
  if (error.code === DEADLOCK) return true
  if (error.code === DUPLICATE_OBJECT) return (error as { routine?: string }).routine === 'CreateRole'
  if (error.code === UNIQUE_VIOLATION) return SHARED_ROLE_INDEX.test(error.constraint ?? '')
  return error.code === INTERNAL_ERROR && /tuple concurrently (updated|deleted)/.test(error.message)
}

/** Runs `work` again, up to six times in all, when it met another session in the shared catalogues. */
export async function retryCatalogueConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 6 || !isCatalogueConflict(error)) throw error
      await sleep(attempt * 20 * (1 + Math.random()))
    }
  }
}
