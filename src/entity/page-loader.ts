import type { GraphQLResolveInfo } from 'graphql'
import { sql } from 'kysely'
import { statements } from '../tenancy/session.js'
import { MAIN_ROW, type Condition } from './condition.js'
import { columnNameOf, type EntityDefinition } from './entity.js'
import type { OperationContext } from './operation-context.js'
import { loaderAt } from './loader.js'
import { orderBy } from './ordering.js'
import { connectionOf, planPage, type Connection, type ListArguments, type PagePlan } from './page.js'
import { label, type EntityRow } from './rows.js'
import { selectionOf } from './selection.js'
import { readAhead } from './to-one.js'

export interface ToManyOptions {
  readonly target: EntityDefinition
  /** Field of the target that holds this entity's id. */
  readonly foreignKey?: string
  /** For many-to-many: the table between, its column for this entity, its column for the target. */
  readonly through?: {
    readonly table: string
    readonly from: string
    readonly to: string
    /** Constant SQL on the table between, called `j`. */
    readonly where?: string
  }
  readonly description: string
}

/** The page of a to-many relation, called by a path, that belongs to one row. */
export function pageOf(
  context: OperationContext,
  path: string,
  options: ToManyOptions,
  row: EntityRow,
  list: ListArguments,
  info: GraphQLResolveInfo,
): Promise<unknown> {
  // Within an operation, the arguments of a place in the document are the same for all rows.
  const what = (): string => `${path} ${JSON.stringify(list)}`
  const makeLoad = () => {
    const plan = planPage(context, options.target, list, selectionOf(info))
    return (parents: readonly string[]) => connectionsOf(context, plan, options, parents)
  }
  return loaderAt(context, info, what, makeLoad).load(String(row.id))
}

/** One page for each of many parents: one statement, whatever the number of parents. */
async function connectionsOf(
  context: OperationContext,
  plan: PagePlan,
  options: ToManyOptions,
  parents: readonly string[],
): Promise<Connection[]> {
  const [pages, counts, behind] = await Promise.all([
    readPages(context, plan, options, parents),
    'totalCount' in plan.selection ? countPages(context, plan, options, parents) : new Map<string, number>(),
    plan.behind === undefined
      ? new Set<string>()
      : parentsBehind(context, plan, options, parents, plan.behind),
  ])
  return parents.map((parent) =>
    connectionOf(plan, pages.get(parent) ?? [], counts.get(parent) ?? 0, behind.has(parent)),
  )
}

async function readPages(
  context: OperationContext,
  plan: PagePlan,
  options: ToManyOptions,
  parents: readonly string[],
): Promise<Map<string, EntityRow[]>> {
  const { entity, columns, order, where, limit, rowSelection } = plan
  const { source, parent } = relationSource(options)
  const query = sql<EntityRow>`${label(entity, 'pages')}
    select p.id as "$parent", e.* from unnest(${parents}::uuid[]) p (id) cross join lateral (
      select ${columns}, row_number() over (order by ${orderBy(order)}) as "$place"
      from ${source} where ${parent} = p.id and ${where} order by ${orderBy(order)} limit ${limit}
    ) e`
  const rows = await context.read().run(query.compile(statements))
  await readAhead(context, entity, rows, rowSelection)
  const pages = new Map<string, EntityRow[]>()
  for (const row of rows) {
    const page = pages.get(row.$parent as string)
    if (page === undefined) pages.set(row.$parent as string, [row])
    else page.push(row)
  }
  for (const page of pages.values()) page.sort((a, b) => Number(a.$place) - Number(b.$place))
  return pages
}

async function countPages(
  context: OperationContext,
  plan: PagePlan,
  options: ToManyOptions,
  parents: readonly string[],
): Promise<Map<string, number>> {
  const { source, parent } = relationSource(options)
  const query = sql<{ id: string; count: number }>`${label(plan.entity, 'counts')}
    select ${parent} as id, count(*) as count from ${source}
    where ${parent} = any(${parents}::uuid[]) and ${plan.members} group by 1`
  const rows = await context.read().run(query.compile(statements))
  return new Map(rows.map(({ id, count }) => [id, count]))
}

/** Parents whose list goes on in the direction the page comes from. */
async function parentsBehind(
  context: OperationContext,
  plan: PagePlan,
  options: ToManyOptions,
  parents: readonly string[],
  behind: Condition,
): Promise<Set<string>> {
  const { source, parent } = relationSource(options)
  const query = sql<{ id: string }>`${label(plan.entity, 'behind')}
    select p.id from unnest(${parents}::uuid[]) p (id)
    where exists (select from ${source} where ${parent} = p.id and ${behind})`
  const rows = await context.read().run(query.compile(statements))
  return new Set(rows.map(({ id }) => id))
}

/** Where the rows of a to-many relation come from, and which column names the parent. */
export function relationSource(
  { target, foreignKey, through }: ToManyOptions,
  row = MAIN_ROW,
): { source: Condition; parent: Condition } {
  if (through === undefined) {
    const column = columnNameOf(target, foreignKey ?? '')
    return { source: sql.raw(`${target.source} ${row}`), parent: sql.raw(`${row}.${column}`) }
  }
  const { table, from, to, where } = through
  const join = `${table} j join ${target.source} ${row} on ${row}.id = j.${to}${where === undefined ? '' : ` and ${where}`}`
  return { source: sql.raw(join), parent: sql.raw(`j.${from}`) }
}
