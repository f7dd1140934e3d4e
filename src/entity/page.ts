import { sql } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
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
  readonly fields: readonly string[]
  /** What the list holds, whatever the page. */
  readonly members: Condition
  /** What the page holds. */
  readonly where: Condition
  readonly order: readonly OrderTerm[]
  readonly size: number
  readonly backward: boolean
  readonly fingerprint: string
  /** Rows on the side the page comes from; undefined when nobody asks, or when there can be none. */
  readonly behind: Condition | undefined
  readonly selection: Selection
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
  const fingerprint = listFingerprint(entity.name, asked, [
    list.filter ?? null,
    ...(search ? [list.search] : []),
  ])
  const members = all([
    readable(context, entity),
    filterCondition(context, entity, list.filter),
    ...(search === undefined ? [] : [search.condition]),
  ])
  const position = (argument: 'after' | 'before'): readonly (string | null)[] | undefined => {
    const cursor = list[argument]
    if (cursor === null || cursor === undefined) return undefined
    return decodeCursor(cursor, fingerprint, order.length, argument)
  }
  const [after, before] = [position('after'), position('before')]
  const where = all([
    members,
    ...(after === undefined ? [] : [afterPosition(order, after)]),
    ...(before === undefined ? [] : [afterPosition(reversed(order), before)]),
  ])
  return {
    entity,
    fields: fieldsFor(entity, merged(selection.nodes, selection.edges?.node)),
    members,
    where,
    order: backward ? reversed(order) : order,
    size,
    backward,
    fingerprint,
    behind: backward
      ? behindPage(selection.pageInfo?.hasNextPage, members, order, before)
      : behindPage(selection.pageInfo?.hasPreviousPage, members, reversed(order), after),
    selection,
  }
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
export async function readPage(session: Session, plan: PagePlan): Promise<Connection> {
  const { entity, fields, where, order, size, selection } = plan
  const wantsRows = ['nodes', 'edges', 'pageInfo'].some((field) => field in selection)
  const rowsQuery = sql<EntityRow>`${label(entity, 'list')} select ${selectList(entity, fields, order)} from ${sourceOf(entity)} e where ${where} order by ${orderBy(order)} limit ${size + 1}`
  const countQuery = sql<{
    count: number
  }>`${label(entity, 'count')} select count(*) as count from ${sourceOf(entity)} e where ${plan.members}`
  const behindQuery = sql<{
    found: boolean
  }>`${label(entity, 'behind')} select exists (select from ${sourceOf(entity)} e where ${plan.behind}) as found`
  const [rows, [counted], [behind]] = await Promise.all([
    wantsRows ? session.run(rowsQuery.compile(statements)) : [],
    'totalCount' in selection ? session.run(countQuery.compile(statements)) : [],
    plan.behind === undefined ? [] : session.run(behindQuery.compile(statements)),
  ])
  return connectionOf(plan, rows, counted?.count ?? 0, behind?.found ?? false)
}

/** Puts a page together. `rows` may hold one row more than the page: the sign that the list goes on. */
export function connectionOf(
  plan: PagePlan,
  rows: readonly EntityRow[],
  totalCount: number,
  goesOnBehind: boolean,
): Connection {
  const goesOn = rows.length > plan.size
  const page = rows.slice(0, plan.size)
  const nodes = plan.backward ? page.reverse() : page
  const cursor = (row: EntityRow | undefined): string | null =>
    row === undefined ? null : encodeCursor(plan.fingerprint, positionOf(plan, row))
  return {
    nodes,
    edges: 'edges' in plan.selection ? nodes.map((node) => ({ node, cursor: cursor(node) as string })) : [],
    pageInfo: {
      hasNextPage: plan.backward ? goesOnBehind : goesOn,
      hasPreviousPage: plan.backward ? goesOn : goesOnBehind,
      startCursor: cursor(nodes[0]),
      endCursor: cursor(nodes.at(-1)),
    },
    totalCount,
  }
}

function positionOf(plan: PagePlan, row: EntityRow): (string | null)[] {
  return plan.order.map((_, index) => row[`$${index}`] as string | null)
}
