import type { AppError } from '../errors.js'
import type { Session } from '../tenancy/session.js'
import type { EntityDefinition } from './entity.js'
import type { Values } from './given-values.js'

/**
 * What no constraint of a table can forbid, because it depends on other tables: for each row that is to be stored, why
 * it may not be. A row that is changed comes with what changes. A statement for all rows, not one for each.
 */
export type WriteRule = (
  session: Session,
  rows: readonly Values[],
) => Promise<readonly (AppError | undefined)[]>

/** Throws what an entity's rule says against a row. */
export async function requireAllowed(
  session: Session,
  { writeRule }: EntityDefinition,
  values: Values,
): Promise<void> {
  const [refusal] = (await writeRule?.(session, [values])) ?? []
  if (refusal !== undefined) throw refusal
}
