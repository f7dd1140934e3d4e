import { sql } from 'kysely'
import { statements, type Session } from '../tenancy/session.js'
import { recordChange } from './audit-trail.js'
import { all, columnRef, type Condition } from './condition.js'
import type { EntityDefinition, NaturalKey } from './entity.js'
import { requireLive, storedValues, type Values } from './given-values.js'
import type { OperationContext } from './operation-context.js'
import { label, tableOf, type EntityRow } from './rows.js'
import { createRow, creation, everything, insertRow, updateRow } from './store.js'
import { requireAllowed } from './write-rule.js'

/** What an upsert left, and whether it was there before. */
export interface Upserted {
  readonly row: EntityRow
  readonly created: boolean
}

/** How often a row may come and go between looking for it and adding it. */
const MOST_TRIES = 3

/**
 * Changes the row that has the values' natural key, or adds one. Of several callers at once with a new key, one adds
 * the row and the others change it.
 */
export async function upsertRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  values: Values,
): Promise<Upserted> {
  const where = hasNaturalKey(entity, values)
  const changes = Object.fromEntries(
    Object.entries(values).filter(([field]) => entity.update.includes(field)),
  )
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = await lockFound(session, entity, where)
    if (found !== undefined) {
      const key = entity.key.map((field) => String(found[field]))
      return { row: await updateRow(session, context, entity, key, changes), created: false }
    }
    const row = await createUnlessTaken(session, context, entity, values)
    if (row !== undefined) return { row, created: true }
  }
  // What is in the way is not the natural key: adding says what it is.
  return { row: await createRow(session, context, entity, values), created: true }
}

/** Waits for whoever is adding the same key just now; without a row when that one did. */
async function createUnlessTaken(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  values: Values,
): Promise<EntityRow | undefined> {
  const given = storedValues(entity, values)
  await requireLive(session, given)
  await requireAllowed(session, entity, values)
  const row = await insertRow(session, entity, given, sql`on conflict do nothing`)
  if (row !== undefined) await recordChange(session, context, creation(entity, row, given))
  return row
}

async function lockFound(
  session: Session,
  entity: EntityDefinition,
  where: Condition,
): Promise<EntityRow | undefined> {
  const query = sql<EntityRow>`${label(entity, 'find_by_natural_key')} select ${everything(entity)} from ${tableOf(entity)} e where ${where} for update`
  const [row] = await session.run(query.compile(statements))
  return row
}

/** In the words of the unique index, so that it is used. */
function hasNaturalKey(entity: EntityDefinition, values: Values): Condition {
  const { fields, ignoringCase = [] } = entity.naturalKey as NaturalKey
  const parts = fields.map((field) => {
    const column = columnRef(entity.columns.get(field)!)
    const value = values[field] ?? null
    if (value === null) return sql`${column} is null`
    return ignoringCase.includes(field) ? sql`lower(${column}) = lower(${value})` : sql`${column} = ${value}`
  })
  return all(entity.softDelete ? [...parts, sql`e.deleted_at is null`] : parts)
}

/** What `Create…Input` may set, `upsert…` must be able to change. Throws TypeError. */
export function checkNaturalKey({ name, naturalKey, create, update, columns }: EntityDefinition): void {
  const fields = naturalKey?.fields ?? []
  const stuck = create.filter((field) => !update.includes(field) && !fields.includes(field))
  if (stuck.length > 0) throw new TypeError(`upsert${name} could not change ${stuck.join(', ')}`)
  const unknown = fields.filter((field) => !create.includes(field) || !columns.has(field))
  if (unknown.length > 0) throw new TypeError(`upsert${name} is not given ${unknown.join(', ')}`)
}
