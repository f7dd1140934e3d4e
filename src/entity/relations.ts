import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { sql } from 'kysely'
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql'
import { statements } from '../tenancy/session.js'
import type { EntityClass } from './column.js'
import { connectionType } from './connection-types.js'
import { all, MAIN_ROW, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { declareListArguments } from './list-arguments.js'
import type { OperationContext } from './operation-context.js'
import { orderBy } from './ordering.js'
import { connectionOf, planPage, type Connection, type ListArguments, type PagePlan } from './page.js'
import { readable } from './read-access.js'
import { declareRelationFilter, rowsByColumn, type RelationFilter } from './relation-filters.js'
import { fieldsFor, keyIn, label, selectList, selectRows, type EntityRow } from './rows.js'
import { selectionOf } from './selection.js'

/** A resolver class made by the kernel, ready for `buildSchema`. */
export type ResolverClass = EntityClass

export interface ToOneOptions {
  /** Field of this entity that holds the other's key. */
  readonly key: string
  readonly target: EntityDefinition
  /** Field of the target that `key` equals; its id when left out. */
  readonly targetKey?: string
  readonly description: string
}

/**
 * A field that leads to one other object. It is nullable also where the key is not: the other object may have
 * been deleted since, or be none the reader may see.
 */
export function toOne(entity: EntityDefinition, name: string, options: ToOneOptions): ResolverClass[] {
  const { key, target, targetKey = 'id', description } = options
  entity.relations.set(name, [key])
  const rowsOf = rowsByColumn(target, columnOf(target, targetKey), columnOf(entity, key))
  declareRelationFilter(entity, name, { target, many: false, rowsOf }, description)
  const resolve = (row: EntityRow, context: OperationContext, info: GraphQLResolveInfo): unknown => {
    const value = row[key]
    if (value === null || value === undefined) return null
    return oneLoader(context, target, targetKey, fieldsFor(target, selectionOf(info))).load(String(value))
  }
  const { aggregate } = entity
  const grouped = aggregate?.groupBy.some(({ field }) => field === key) === true ? [aggregate.groupType] : []
  return [entity.type, ...grouped].map((type) =>
    relationResolver(type, name, () => target.type, description, resolve),
  )
}

/** The loader of single objects of one entity with the same fields; all keys of a tick go into one statement. */
export function oneLoader(
  context: OperationContext,
  target: EntityDefinition,
  targetKey: string,
  fields: readonly string[],
): DataLoader<string, unknown> {
  const wanted = fields.includes(targetKey) ? fields : [...fields, targetKey]
  return loader(context, `${target.name}.${targetKey} ${wanted.join()}`, async (keys) => {
    const where = all([readable(context, target), keyIn(target, targetKey, keys)])
    const rows = await selectRows(context.read(), target, { fields: wanted, where })
    const byKey = new Map(rows.map((row) => [String(row[targetKey]), row]))
    return keys.map((key) => byKey.get(key) ?? null)
  })
}

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

/** A field that leads to a list of other objects, with the filter, order and pages of any list. */
export function toMany(entity: EntityDefinition, name: string, options: ToManyOptions): ResolverClass[] {
  const { target, description } = options
  entity.relations.set(name, entity.key)
  declareRelationFilter(entity, name, { target, many: true, rowsOf: rowsOfMany(options) }, description)
  const resolve = (
    row: EntityRow,
    context: OperationContext,
    info: GraphQLResolveInfo,
    ...list: unknown[]
  ): Promise<unknown> => {
    const plan = planPage(context, target, listArguments(list), selectionOf(info))
    return pageLoader(context, `${entity.name}.${name}`, plan, options, JSON.stringify(list)).load(
      String(row.id),
    )
  }
  const connection = connectionType(target)
  return [relationResolver(entity.type, name, () => connection, description, resolve, target)]
}

/** The positional arguments of a list method, by name. */
export function listArguments(values: readonly unknown[]): ListArguments {
  const [filter, order, first, after, last, before, search] = values
  return { filter, orderBy: order, first, after, last, before, search } as ListArguments
}

/** The loader of one page for each of many parents: one statement, whatever the number of parents. */
function pageLoader(
  context: OperationContext,
  path: string,
  plan: PagePlan,
  options: ToManyOptions,
  list: string,
): DataLoader<string, unknown> {
  const shape = `${path} ${list} ${plan.fields.join()} ${Object.keys(plan.selection).join()} ${plan.behind !== undefined}`
  return loader(context, shape, async (parents) => {
    const [pages, counts, behind] = await Promise.all([
      readPages(context, plan, options, parents),
      'totalCount' in plan.selection
        ? countPages(context, plan, options, parents)
        : new Map<string, number>(),
      plan.behind === undefined
        ? new Set<string>()
        : parentsBehind(context, plan, options, parents, plan.behind),
    ])
    return parents.map((parent): Connection =>
      connectionOf(plan, pages.get(parent) ?? [], counts.get(parent) ?? 0, behind.has(parent)),
    )
  })
}

async function readPages(
  context: OperationContext,
  plan: PagePlan,
  options: ToManyOptions,
  parents: readonly string[],
): Promise<Map<string, EntityRow[]>> {
  const { entity, fields, order, where, size } = plan
  const { source, parent } = sourceOf(options)
  const query = sql<EntityRow>`${label(entity, 'pages')}
    select p.id as "$parent", e.* from unnest(${parents}::uuid[]) p (id) cross join lateral (
      select ${selectList(entity, fields, order)}, row_number() over (order by ${orderBy(order)}) as "$place"
      from ${source} where ${parent} = p.id and ${where} order by ${orderBy(order)} limit ${size + 1}
    ) e`
  const pages = new Map<string, EntityRow[]>()
  const rows = await context.read().run(query.compile(statements))
  for (const row of rows) {
    const page = pages.get(String(row.$parent))
    if (page === undefined) pages.set(String(row.$parent), [row])
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
  const { source, parent } = sourceOf(options)
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
  const { source, parent } = sourceOf(options)
  const query = sql<{ id: string }>`${label(plan.entity, 'behind')}
    select p.id from unnest(${parents}::uuid[]) p (id)
    where exists (select from ${source} where ${parent} = p.id and ${behind})`
  const rows = await context.read().run(query.compile(statements))
  return new Set(rows.map(({ id }) => id))
}

/** Where the rows of a to-many relation come from, and which column names the parent. */
function sourceOf(
  { target, foreignKey, through }: ToManyOptions,
  row = MAIN_ROW,
): { source: Condition; parent: Condition } {
  if (through === undefined) {
    const column = columnOf(target, foreignKey ?? '')
    return { source: sql.raw(`${target.source} ${row}`), parent: sql.raw(`${row}.${column}`) }
  }
  const { table, from, to, where } = through
  const join = `${table} j join ${target.source} ${row} on ${row}.id = j.${to}${where === undefined ? '' : ` and ${where}`}`
  return { source: sql.raw(join), parent: sql.raw(`j.${from}`) }
}

/** The rows of a to-many relation of one row. */
function rowsOfMany(options: ToManyOptions): RelationFilter['rowsOf'] {
  return (outer, inner) => {
    const { source, parent } = sourceOf(options, inner)
    return sql`from ${source} where ${parent} = ${sql.raw(`${outer}.id`)}`
  }
}

function columnOf(entity: EntityDefinition, field: string): string {
  const column = entity.columns.get(field)
  if (column === undefined) throw new TypeError(`${entity.name} has no column ${field}`)
  return column.column
}

function loader(
  context: OperationContext,
  name: string,
  load: (keys: readonly string[]) => Promise<readonly unknown[]>,
): DataLoader<string, unknown> {
  const known = context.loaders.get(name)
  if (known !== undefined) return known
  const made = new DataLoader<string, unknown>(async (keys) => load(keys))
  context.loaders.set(name, made)
  return made
}

type RelationResolve = (
  row: EntityRow,
  context: OperationContext,
  info: GraphQLResolveInfo,
  ...list: unknown[]
) => unknown

/** Makes the class that type-graphql wants around one field resolver. */
function relationResolver(
  of: EntityClass,
  name: string,
  type: () => object,
  description: string,
  resolve: RelationResolve,
  list?: EntityDefinition,
): ResolverClass {
  const resolverClass = class {}
  const prototype = resolverClass.prototype as Record<string, RelationResolve>
  prototype[name] = resolve
  Root()(prototype, name, 0)
  Ctx()(prototype, name, 1)
  Info()(prototype, name, 2)
  if (list !== undefined) declareListArguments(list, prototype, name, 3)
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>
  FieldResolver(type, { description, nullable: true })(prototype, name, descriptor)
  Resolver(() => of as never)(resolverClass)
  return resolverClass
}
