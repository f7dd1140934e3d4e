import { sql } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import type { ColumnMeta } from './column.js'
import type { EntityDefinition } from './entity.js'
import type { OrderTerm } from './ordering.js'
import { keyIs, label } from './rows.js'

/** Rows of `public` that every organization reads beside its own. */
export interface SharedRows {
  /** A table with the columns of the entity's own. */
  readonly table: string
  /** What these rows are called in a refusal to write them: `the shared catalogue`. */
  readonly name: string
}

interface Sources {
  readonly table: string
  readonly shared?: SharedRows
  readonly softDelete?: boolean
}

/** Name of the column that is true of shared rows. */
const IS_SHARED = '"$shared"'

/** Both kinds of rows as one: Postgres looks into each by its own indexes. */
export function sourceWith(
  { table, shared, softDelete = false }: Sources,
  columns: readonly ColumnMeta[],
): string {
  const names = columns.map(({ column }) => column).join(', ')
  const [deleted, live] = softDelete ? [', deleted_at', ', null::timestamptz as deleted_at'] : ['', '']
  return `(select ${names}${deleted}, false as ${IS_SHARED} from ${table}
    union all select ${names}${live}, true from ${shared?.table})`
}

/** The rows of an organization itself ahead of shared ones: of two that bear one name, its own is meant. */
export function ownFirst({ shared }: EntityDefinition): readonly OrderTerm[] {
  if (shared === undefined) return []
  const value = sql.raw(`e.${IS_SHARED}`)
  return [{ field: IS_SHARED, value, type: 'boolean', nullable: false, descending: false, nullsFirst: false }]
}

/** The entity in an API that serves no organization: its shared rows, to be read. */
export function sharedOnly<Row extends object>(entity: EntityDefinition<Row>): EntityDefinition<Row> {
  const { table } = entity.shared as SharedRows
  return {
    ...entity,
    table,
    source: table,
    shared: undefined,
    writeRule: undefined,
    create: [],
    update: [],
    createInput: undefined,
    updateInput: undefined,
    deletable: false,
    softDelete: false,
    restore: undefined,
    bulk: false,
    naturalKey: undefined,
    announced: false,
  }
}

/** FORBIDDEN for a row that is there and shared; undefined where it is not. */
export async function sharedRefusal(
  session: Session,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<AppError | undefined> {
  const { shared, singular } = entity
  if (shared === undefined) return undefined
  const query = sql`${label(entity, 'is_shared')} select from ${sql.raw(shared.table)} e where ${keyIs(entity, key)}`
  const rows = await session.run(query.compile(statements))
  if (rows.length === 0) return undefined
  return new AppError(
    'FORBIDDEN',
    `The ${singular} belongs to ${shared.name}, which no organization writes. Only its own can be changed.`,
    { field: 'id' },
  )
}
