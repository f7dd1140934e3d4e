import { isPostgresError } from '../database/postgres-error.js'
import type { MigrationMessage } from './migration-message.js'

/**
 * What went wrong in a message, with file and line where Postgres names a position: positions count characters of
 * the whole message from 1.
 */
export function describeStepError(error: unknown, { text, scripts }: MigrationMessage): string {
  if (!isPostgresError(error)) return error instanceof Error ? error.message : String(error)
  const detail = [error.message, error.detail].filter((part) => part !== undefined && part !== '').join('. ')
  const position = Number((error as { position?: string }).position) - 1
  const place = scripts.findLast(({ offset }) => offset <= position)
  if (place === undefined) return `${detail} (SQLSTATE ${error.code})`
  const line = text.slice(place.offset, position).split('\n').length
  return `${place.script.file}:${line}: ${detail} (SQLSTATE ${error.code})`
}
