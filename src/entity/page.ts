import { sql } from 'kysely'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import { all, type Condition } from './condition.js'
import { decodeCursor, encodeCursor, listFingerprint } from './cursor.js'
import type { EntityDefinition } from './entity.js'
import { filterCondition, type FilterInput } from './filter.js'
import type { OperationContext } from './operation-context.js'
import {
  afterPosition,
  completeOrder,
  orderBy,
  reversed,
  SortDirection,
  type OrderInput,
  type OrderTerm,
} from './ordering.js'
import { readable } from './read-access.js'
import { fieldsFor, label, selectList, sourceOf, type EntityRow } from './rows.js'
import { RELEVANCE, searchFor } from './search.js'
import { merged, type Selection } from './selection.js'
import { readAhead } from './to-one.js'

/** Arguments of every list, as GraphQL delivers them. */
export interface ListArguments {
  readonly filter?: FilterInput | null
  readonly orderBy?: readonly OrderInput[] | null
  readonly first?: number | null
  readonly after?: string | null
  readonly last?: number | null
  readonly before?: string | null
  /** Words to look for, where the entity is searched. */
  readonly search?: string | null
}

/** How the results of a search are sorted when the client does not say. */
const BEST_FIRST: readonly OrderInput[] = [{ field: RELEVANCE, direction: SortDirection.DESC }]

export const DEFAULT_PAGE = 50
export const LARGEST_PAGE = 500

/** A list request, checked and translated. */
export interface PagePlan {
  readonly entity: EntityDefinition
  /** What is read of each row. */
  readonly columns: Condition
  /** What the list holds, whatever the page. */
  readonly members: Condition
  /** What the page holds. */
  readonly where: Condition
  readonly order: readonly OrderTerm[]
  readonly size: number
  /** One row more than the page: the sign that the list goes on. */
  readonly limit: Condition
  readonly backward: boolean
  /** Names the list in its cursors; undefined when nobody asks for them. */
  readonly fingerprint: string | undefined
  /** Rows on the side the page comes from; undefined when nobody asks, or when there can be none. */
  readonly behind: Condition | undefined
  readonly selection: Selection
  /** What is selected of the rows, whether as nodes or in edges. */
  readonly rowSelection: Selection
}

/** A Relay connection, ready to be resolved. */
export interface Connection {
  readonly nodes: readonly EntityRow[]
  readonly edges: readonly { readonly node: EntityRow; readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly totalCount: number
}

/** Checks a list's arguments, and that the actor may read it. Throws BAD_USER_INPUT, LIMIT_EXCEEDED or FORBIDDEN. */
export function planPage(
  context: OperationContext,
  entity: EntityDefinition,
  list: ListArguments,
  selection: Selection,
): PagePlan {
  const backward = list.last !== null && list.last !== undefined
  if (backward && list.first !== null && list.first !== undefined) {
    throw new AppError('BAD_USER_INPUT', 'first and last cannot be given together: page in one direction.', {
      field: 'last',
    })
  }
  const size = backward ? pageSize('last', list.last) : pageSize('first', list.first)
  const search = searchFor(entity.search, list.search)
  const asked = list.orderBy?.length ? list.orderBy : search ? BEST_FIRST : entity.defaultOrder
  const order = completeOrder(asked, entity.columns, entity.key, search?.rank)
  const fingerprint = once(() =>
    listFingerprint(entity.name, asked, [list.filter ?? null, ...(search ? [list.search] : [])]),
  )
  const members = all([
    readable(context, entity),
    filterCondition(context, entity, list.filter),
    ...(search === undefined ? [] : [search.condition]),
  ])
  const position = (argument: 'after' | 'before'): readonly (string | null)[] | undefined => {
    const cursor = list[argument]
    if (cursor === null || cursor === undefined) return undefined
    return decodeCursor(cursor, fingerprint(), order.length, argument)
  }
  const [after, before] = [position('after'), position('before')]
  const where = all([
    members,
    ...(after === undefined ? [] : [afterPosition(order, after)]),
    ...(before === undefined ? [] : [afterPosition(reversed(order), before)]),
  ])
  const rowSelection = rowSelectionOf(selection)
  const positioned = wantsCursors(selection)
  return {
    entity,
    columns: selectList(entity, fieldsFor(entity, rowSelection), positioned ? order : []),
    members,
    where,
    order: backward ? reversed(order) : order,
    size,
    // Written out: the planner takes a parameter for any number of rows.
    limit: sql.lit(size + 1),
    backward,
    fingerprint: positioned ? fingerprint() : undefined,
    behind: backward
      ? behindPage(selection.pageInfo?.hasNextPage, members, order, before)
      : behindPage(selection.pageInfo?.hasPreviousPage, members, reversed(order), after),
    selection,
    rowSelection,
  }
}

const rowSelections = new WeakMap<Selection, Selection>()

/** What is selected of the rows of a page, whether as nodes or in edges. */
function rowSelectionOf(selection: Selection): Selection {
  let rows = rowSelections.get(selection)
  if (rows === undefined)
    rowSelections.set(selection, (rows = merged(selection.nodes, selection.edges?.node)))
  return rows
}

function wantsCursors({ edges, pageInfo }: Selection): boolean {
  return (edges?.cursor ?? pageInfo?.startCursor ?? pageInfo?.endCursor) !== undefined
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

/** The row at the cursor, and those on its other side than the page. */
function behindPage(
  asked: Selection | undefined,
  members: Condition,
  order: readonly OrderTerm[],
  cursor: readonly (string | null)[] | undefined,
): Condition | undefined {
  if (asked === undefined || cursor === undefined) return undefined
  return all([members, afterPosition(order, cursor, true)])
}

function pageSize(argument: 'first' | 'last', asked: number | null | undefined): number {
  const size = asked ?? DEFAULT_PAGE
  if (size < 0) {
    throw new AppError('BAD_USER_INPUT', `${argument} must not be negative; it is ${size}.`, {
      field: argument,
    })
  }
  if (size > LARGEST_PAGE) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `${argument} is ${size}; a page holds at most ${LARGEST_PAGE} objects.`,
      {
        limit: argument,
        allowed: LARGEST_PAGE,
        asked: size,
      },
    )
  }
  return size
}

/** Reads one page of one list. */
export async function readPage(context: OperationContext, plan: PagePlan): Promise<Connection> {
  const { entity, selection } = plan
  const session = context.read()
  const wantsRows = ['nodes', 'edges', 'pageInfo'].some((field) => field in selection)
  const countQuery = sql<{
    count: number
  }>`${label(entity, 'count')} select count(*) as count from ${sourceOf(entity)} e where ${plan.members}`
  const behindQuery = sql<{
    found: boolean
  }>`${label(entity, 'behind')} select exists (select from ${sourceOf(entity)} e where ${plan.behind}) as found`
  const [rows, [counted], [behind]] = await Promise.all([
    wantsRows ? readPageRows(context, plan) : [],
    'totalCount' in selection ? session.run(countQuery.compile(statements)) : [],
    plan.behind === undefined ? [] : session.run(behindQuery.compile(statements)),
  ])
  return connectionOf(plan, rows, counted?.count ?? 0, behind?.found ?? false)
}

async function readPageRows(context: OperationContext, plan: PagePlan): Promise<readonly EntityRow[]> {
  const { entity, columns, where, order, limit, rowSelection } = plan
  const query = sql<EntityRow>`${label(entity, 'list')} select ${columns} from ${sourceOf(entity)} e where ${where} order by ${orderBy(order)} limit ${limit}`
  const rows = await context.read().run(query.compile(statements))
  await readAhead(context, entity, rows, rowSelection)
  return rows
}

/** Puts a page together. `rows` may hold one row more than the page. */
export function connectionOf(
  plan: PagePlan,
  rows: readonly EntityRow[],
  totalCount: number,
  goesOnBehind: boolean,
): Connection {
  const { selection, size, backward, fingerprint } = plan
  const goesOn = rows.length > size
  const page = goesOn || backward ? rows.slice(0, size) : rows
  const nodes = backward ? (page as EntityRow[]).reverse() : page
  const cursor = (row: EntityRow | undefined): string | null =>
    row === undefined || fingerprint === undefined ? null : encodeCursor(fingerprint, positionOf(plan, row))
  return {
    nodes,
    edges: 'edges' in selection ? nodes.map((node) => ({ node, cursor: cursor(node) as string })) : [],
    pageInfo: {
      hasNextPage: backward ? goesOnBehind : goesOn,
      hasPreviousPage: backward ? goesOn : goesOnBehind,
      startCursor: cursor(nodes[0]),
      endCursor: cursor(nodes.at(-1)),
    },
    totalCount,
  }
}

function positionOf(plan: PagePlan, row: EntityRow): (string | null)[] {
  return plan.order.map((_, index) => row[`$${index}`] as string | null)
}
