import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { all } from './condition.js'
import type { OperationContext } from './operation-context.js'
import { readable } from './read-access.js'
import type { ToOneRelation } from './relation.js'
import { planRows, readRows, shapeOf } from './row-plan.js'
import { keyIn, withField } from './rows.js'
import { selectionOf } from './selection.js'

/** The object that a key leads to, with what was selected of it; null when there is none that may be read. */
export function oneOf(
  context: OperationContext,
  relation: ToOneRelation,
  key: unknown,
  info: GraphQLResolveInfo,
): unknown {
  if (key === null || key === undefined) return null
  let loader = context.loaders.get(info.fieldNodes)
  if (loader === undefined) {
    loader = oneLoader(context, relation, info)
    context.loaders.set(info.fieldNodes, loader)
  }
  return loader.load(String(key))
}

/** The loader of objects of which the same is read; all keys of a tick go into one statement. */
function oneLoader(
  context: OperationContext,
  { target, targetKey }: ToOneRelation,
  info: GraphQLResolveInfo,
): DataLoader<string, unknown> {
  const planned = planRows(context, target, selectionOf(info))
  const plan = { ...planned, fields: withField(planned.fields, targetKey) }
  const name = `${target.name}.${targetKey} ${shapeOf(plan)}`
  const known = context.loaders.get(name)
  if (known !== undefined) return known
  const made = new DataLoader<string, unknown>(async (keys) => {
    const where = all([readable(context, target), keyIn(target, targetKey, keys)])
    const rows = await readRows(context, target, plan, where)
    const byKey = new Map(rows.map((row) => [String(row[targetKey]), row]))
    return keys.map((key) => byKey.get(key) ?? null)
  })
  context.loaders.set(name, made)
  return made
}
