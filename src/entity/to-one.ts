import type { GraphQLResolveInfo } from 'graphql'
import { all, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { loaderAt } from './loader.js'
import type { OperationContext } from './operation-context.js'
import { readable } from './read-access.js'
import type { ToOneRelation } from './relation.js'
import { fieldsFor, keyIn, selectRows, withField, type EntityRow, type RowsRequest } from './rows.js'
import { selectionOf, type Selection } from './selection.js'

/** Reads rows of one entity as a selection wants them, and along with them what their to-one relations lead to. */
export async function readRows(
  context: OperationContext,
  entity: EntityDefinition,
  selection: Selection,
  where: Condition,
  { fields = fieldsFor(entity, selection), order = [] }: Partial<RowsRequest> = {},
): Promise<readonly EntityRow[]> {
  const rows = await selectRows(context.read(), entity, { fields, where, order })
  await readAhead(context, entity, rows, selection)
  return rows
}

/**
 * Looks ahead: reads what is selected behind the to-one relations of rows, in one statement for each relation, and
 * hangs it below the rows as the relations' fields. A failure is hung there as well, for the field to tell.
 */
export async function readAhead(
  context: OperationContext,
  entity: EntityDefinition,
  rows: readonly EntityRow[],
  selection: Selection,
): Promise<void> {
  if (rows.length === 0) return
  const reading: Promise<void>[] = []
  for (const [name, selected] of Object.entries(selection)) {
    const relation = entity.relations.get(name)?.one
    if (relation !== undefined) reading.push(hang(context, name, relation, rows, selected))
  }
  await Promise.all(reading)
}

async function hang(
  context: OperationContext,
  name: string,
  relation: ToOneRelation,
  rows: readonly EntityRow[],
  selection: Selection,
): Promise<void> {
  const keys = new Set<string>()
  for (const row of rows) if (hasKey(row, relation)) keys.add(String(row[relation.key]))
  const found = await relatedRows(context, relation, selection, [...keys]).catch((error: unknown) => error)
  const below = (row: EntityRow): unknown => {
    if (!hasKey(row, relation)) return null
    return found instanceof Map ? (found.get(String(row[relation.key])) ?? null) : found
  }
  for (const row of rows) (row as Record<string, unknown>)[name] = below(row)
}

function hasKey(row: EntityRow, { key }: ToOneRelation): boolean {
  return row[key] !== null && row[key] !== undefined
}

/** The rows that keys lead to, by these keys: those that are there and may be read. */
async function relatedRows(
  context: OperationContext,
  { target, targetKey }: ToOneRelation,
  selection: Selection,
  keys: readonly string[],
): Promise<ReadonlyMap<string, EntityRow>> {
  if (keys.length === 0) return new Map()
  const where = all([readable(context, target), keyIn(target, targetKey, keys)])
  const fields = withField(fieldsFor(target, selection), targetKey)
  const rows = await readRows(context, target, selection, where, { fields })
  return new Map(rows.map((row) => [String(row[targetKey]), row]))
}

/**
 * What a to-one relation of one row leads to: what was read ahead, or else what the loader of this place in the
 * document finds, all keys of a tick in one statement.
 */
export function relatedTo(
  context: OperationContext,
  name: string,
  relation: ToOneRelation,
  row: EntityRow,
  info: GraphQLResolveInfo,
): unknown {
  const known = row[name]
  if (known instanceof Error) throw known
  if (known !== undefined) return known
  if (!hasKey(row, relation)) return null
  const { target, targetKey, key } = relation
  const makeLoad = () => async (keys: readonly string[]) => {
    const found = await relatedRows(context, relation, selectionOf(info), keys)
    return keys.map((one) => found.get(one) ?? null)
  }
  return loaderAt(context, info, () => `${target.name}.${targetKey}`, makeLoad).load(String(row[key]))
}
