import { sql } from 'kysely'
import { uuidV7 } from '../database/uuid-v7.js'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import { attempt } from './attempt.js'
import type { ColumnMeta } from './column.js'
import type { EntityDefinition } from './entity.js'
import { deadReferences, storedValues, valuesOf, type GivenValue, type Values } from './given-values.js'
import type { OperationContext } from './operation-context.js'
import { label, tableOf, type EntityRow } from './rows.js'
import { creation, everything, insertRow } from './store.js'

/** How many objects one call may add. */
export const MOST_ITEMS = 1_000

/** What is wrong with one item of a batch. */
export interface ItemError {
  readonly code: string
  readonly message: string
  readonly field: string | null
}

/** What became of one item: its row, or why there is none. */
export type ItemResult = { readonly row: EntityRow } | { readonly error: ItemError }

/** An item that looks sound, with the id it will have. */
interface Candidate {
  readonly index: number
  readonly id: string
  readonly given: readonly GivenValue[]
}

/**
 * Adds rows, each for itself: a bad one does not stop the others, and results stand in the order of the inputs. All
 * that fits goes in with one statement; a batch that is refused is halved until the bad ones stand alone. Throws
 * LIMIT_EXCEEDED beyond {@link MOST_ITEMS}, BAD_USER_INPUT without items.
 */
export async function createRows(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  inputs: readonly Values[],
): Promise<readonly ItemResult[]> {
  const results = new Array<ItemResult>(inputs.length)
  const sound = await soundItems(session, entity, inputs, results)
  await insertSound(session, entity, sound, results)
  const created = sound.flatMap(({ index, given }) => {
    const result = results[index] as ItemResult
    return 'row' in result ? [creation(entity, result.row, given)] : []
  })
  await context.record(session, created)
  return results
}

/** Refuses what is no batch, before anything is opened for it. */
export function requireItems(inputs: readonly unknown[]): void {
  if (inputs.length === 0) {
    throw new AppError('BAD_USER_INPUT', 'inputs is empty; there is nothing to add.', { field: 'inputs' })
  }
  if (inputs.length <= MOST_ITEMS) return
  throw new AppError(
    'LIMIT_EXCEEDED',
    `There are ${inputs.length} inputs; one call takes at most ${MOST_ITEMS}.`,
    { limit: 'inputs', allowed: MOST_ITEMS, asked: inputs.length },
  )
}

/** Checks every item as far as it can be without trying; those that fail get their result. */
async function soundItems(
  session: Session,
  entity: EntityDefinition,
  inputs: readonly Values[],
  results: ItemResult[],
): Promise<readonly Candidate[]> {
  const checked = inputs.flatMap((input, index) => {
    try {
      const values = valuesOf(entity, input)
      return [{ index, id: uuidV7(), values, given: storedValues(entity, values) }]
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      results[index] = { error: itemError(error) }
      return []
    }
  })
  const dead = await deadReferences(
    session,
    checked.map(({ given }) => given),
  )
  const refused =
    (await entity.writeRule?.(
      session,
      checked.map(({ values }) => values),
    )) ?? []
  return checked.filter(({ index }, position) => {
    const [column, refusal] = [dead[position], refused[position]]
    if (refusal !== undefined) results[index] = { error: itemError(refusal) }
    if (column !== undefined) results[index] = { error: missing(column) }
    return column === undefined && refusal === undefined
  })
}

/** In order, so that of two items that exclude each other the first is the one that stays. */
async function insertSound(
  session: Session,
  entity: EntityDefinition,
  items: readonly Candidate[],
  results: ItemResult[],
): Promise<void> {
  if (items.length === 0) return
  const outcome = await attempt(session, () => insertAll(session, entity, items))
  if (outcome instanceof AppError) {
    const half = Math.ceil(items.length / 2)
    if (items.length === 1) return insertAlone(session, entity, items[0] as Candidate, results)
    await insertSound(session, entity, items.slice(0, half), results)
    await insertSound(session, entity, items.slice(half), results)
    return
  }
  for (const item of items) {
    const row = outcome.get(item.id)
    if (row === undefined) await insertAlone(session, entity, item, results)
    else results[item.index] = { row }
  }
}

/** Adds an item by itself, or learns why that cannot be. */
async function insertAlone(
  session: Session,
  entity: EntityDefinition,
  { index, id, given }: Candidate,
  results: ItemResult[],
): Promise<void> {
  const column = entity.columns.get('id')!
  const outcome = await attempt(session, () =>
    insertRow(session, entity, [{ column, value: sql`${id}`, key: null }, ...given]),
  )
  results[index] = outcome instanceof AppError ? { error: itemError(outcome) } : { row: outcome as EntityRow }
}

/**
 * One insert for all; what an item leaves out gets its default. The rows come back by id, those whose like is there
 * already do not.
 */
async function insertAll(
  session: Session,
  entity: EntityDefinition,
  items: readonly Candidate[],
): Promise<ReadonlyMap<string, EntityRow>> {
  const columns = [...new Set(items.flatMap(({ given }) => given.map(({ column }) => column)))]
  const names = ['id', ...columns.map(({ column }) => column)]
  const rows = items.map(({ id, given }) => {
    const values = new Map(given.map(({ column, value }) => [column, value]))
    return sql`(${sql.join([id, ...columns.map((column) => values.get(column) ?? sql`default`)])})`
  })
  const query = sql<EntityRow>`${label(entity, 'insert_many')} insert into ${tableOf(entity)} as e
    (${sql.raw(names.join(', '))}) values ${sql.join(rows)}
    on conflict do nothing returning ${everything(entity)}`
  const inserted = await session.run(query.compile(statements))
  return new Map(inserted.map((row) => [String(row['id']), row]))
}

function itemError({ code, message, details }: AppError): ItemError {
  const field = details['field']
  return { code, message, field: typeof field === 'string' ? field : null }
}

function missing({ field }: ColumnMeta): ItemError {
  return { code: 'BAD_USER_INPUT', message: `${field} names an object that does not exist.`, field }
}
