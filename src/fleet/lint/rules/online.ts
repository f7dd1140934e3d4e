import type { LintRule, Offence, LintContext } from '../rule.js'
import { columnModel, tableKey, type ColumnModel, type TableModel } from '../schema-model.js'
import {
  addedColumns,
  addedConstraints,
  allOf,
  alterCommands,
  callsIn,
  contentsOf,
  walk,
  words,
  type ColumnDef,
  type RangeVar,
} from '../syntax-tree.js'
import { shownConstraint, shownTable } from '../shown.js'

/** Functions whose value is the same for all rows of a statement, so that a default is stored once. */
const STEADY_FUNCTIONS = new Set([
  ...[
    'now',
    'transaction_timestamp',
    'statement_timestamp',
    'current_setting',
    'to_timestamp',
    'lower',
    'upper',
  ],
  ...['pg_current_xact_id', 'current_database'],
  ...[
    'btrim',
    'length',
    'coalesce',
    'date_trunc',
    'make_interval',
    'jsonb_build_object',
    'jsonb_build_array',
  ],
])

/** What holds up those who use a table that has rows; each can be allowed with a reason. */
export const onlineRules: readonly LintRule[] = [
  {
    name: 'volatile-default',
    files: 'all',
    what: 'A column added to a table with rows has no volatile default.',
    why: 'Every row would be written again under a lock that keeps everybody out.',
    allowable: true,
    statement: ({ node }, context) =>
      columnsOfOldTables(node, context).flatMap(({ column, table }) => {
        const volatile = defaultCalls(column).find((name) => !STEADY_FUNCTIONS.has(name))
        if (volatile === undefined) return []
        return [
          {
            message: `${shownTable(table)}.${column.colname} is filled by ${volatile}()`,
            instead: 'add the column without a default, set the default, then fill the rows in batches',
            position: column.location,
          },
        ]
      }),
  },
  {
    name: 'table-rewrite',
    files: 'all',
    what: 'No change rewrites a table: another type, a stored generated column, LOGGED or UNLOGGED.',
    why: 'Nobody could read or write the table until its last row is written again.',
    allowable: true,
    statement: ({ node }, context) => [...typeRewrites(node, context), ...generatedColumns(node, context)],
  },
  {
    name: 'not-null-without-check',
    files: 'all',
    what: 'NOT NULL on a table with rows comes after a validated CHECK (column is not null).',
    why: 'Without it every row is read under a lock that keeps everybody out.',
    allowable: true,
    statement: ({ node }, context) => [...uncheckedNotNulls(node, context), ...newNotNulls(node, context)],
  },
  {
    name: 'index-concurrently',
    files: 'all',
    what: 'An index on a table with rows is made CONCURRENTLY, and so is one that is dropped.',
    why: 'Otherwise nobody can write to the table while it is built.',
    allowable: true,
    statement: ({ node }, context) => {
      const index = contentsOf(node, 'IndexStmt')
      const table = index?.relation === undefined ? undefined : oldTable(index.relation, context)
      if (index === undefined || table === undefined || table.isPartitioned || index.concurrent === true) {
        return keysOfOldTables(node, context)
      }
      return [
        {
          message: `index ${index.idxname} is built while nobody can write to ${shownTable(index.relation!)}`,
          instead:
            'create index concurrently if not exists, in a file that says `-- orgscope: no-transaction`',
        },
      ]
    },
  },
  {
    name: 'index-on-partitioned-table',
    files: 'all',
    what: 'An index on a partitioned table is made ON ONLY, then CONCURRENTLY per partition, then attached.',
    why: 'CONCURRENTLY is refused on the parent, and without it all partitions are locked.',
    allowable: true,
    statement: ({ node }, context) => {
      const index = contentsOf(node, 'IndexStmt')
      if (index?.relation === undefined || oldTable(index.relation, context)?.isPartitioned !== true)
        return []
      if (index.relation.inh !== true && index.concurrent !== true) return []
      return [
        {
          message: `index ${index.idxname} is built on all partitions of ${shownTable(index.relation)} at once`,
          instead: `create index ${index.idxname} on only ${shownTable(index.relation)}; one per partition; alter index … attach partition`,
        },
      ]
    },
  },
]

/** The model of a table that an earlier file made: it may have rows. */
function oldTable(table: RangeVar, { model, scope, script }: LintContext): TableModel | undefined {
  const held = model.tables.get(tableKey(table, scope))
  return held === undefined || held.madeIn === script.file ? undefined : held
}

type Node = Parameters<typeof addedColumns>[0]

function columnsOfOldTables(node: Node, context: LintContext) {
  return addedColumns(node).filter(({ table, isNew }) => !isNew && oldTable(table, context) !== undefined)
}

/** Names of the functions in a column's default. */
function defaultCalls({ constraints }: ColumnDef): string[] {
  const expressions = allOf(constraints, 'Constraint').filter(({ contype }) => contype === 'CONSTR_DEFAULT')
  return callsIn(expressions).map(({ funcname }) => words(funcname).at(-1) ?? '')
}

function typeRewrites(node: Node, context: LintContext): Offence[] {
  return alterCommands(node).flatMap(({ command, table }) => {
    const held = oldTable(table, context)
    if (held === undefined) return []
    if (['AT_SetLogged', 'AT_SetUnLogged', 'AT_SetAccessMethod'].includes(command?.subtype ?? '')) {
      return [{ message: `${shownTable(table)} is written again as a whole`, instead: 'a new table' }]
    }
    if (command?.subtype !== 'AT_AlterColumnType') return []
    const definition = contentsOf(command.def, 'ColumnDef')
    const [from, to] = [held.columns.get(command.name ?? ''), columnModel(definition?.typeName)]
    if (definition?.raw_default === undefined && from !== undefined && keepsRows(from, to)) return []
    return [
      {
        message: `${shownTable(table)}.${command.name} becomes ${to.type}, which writes every row again`,
        instead: 'a new column, filled in batches, that takes the old one’s place in a later release',
        position: definition?.location,
      },
    ]
  })
}

/** Changes of type for which Postgres leaves the rows as they are. */
function keepsRows(from: ColumnModel, to: ColumnModel): boolean {
  const [length, newLength] = [from.modifiers[0], to.modifiers[0]]
  if (to.type === 'text') return from.type === 'varchar' || from.type === 'text'
  if (from.type !== to.type) return false
  if (newLength === undefined) return true
  if (length === undefined || newLength < length) return false
  return to.type !== 'numeric' || (from.modifiers[1] ?? 0) === (to.modifiers[1] ?? 0)
}

function generatedColumns(node: Node, context: LintContext): Offence[] {
  return columnsOfOldTables(node, context)
    .filter(({ column }) =>
      allOf(column.constraints, 'Constraint').some(
        ({ contype, generated_kind }) => contype === 'CONSTR_GENERATED' && generated_kind !== 'v',
      ),
    )
    .map(({ column, table }) => ({
      message: `${shownTable(table)}.${column.colname} is computed and stored for every row`,
      instead: 'a plain column that the service fills',
      position: column.location,
    }))
}

function uncheckedNotNulls(node: Node, context: LintContext): Offence[] {
  return alterCommands(node).flatMap(({ command, table }) => {
    const held = command?.subtype === 'AT_SetNotNull' ? oldTable(table, context) : undefined
    const checks = [...(held?.notNullChecks.values() ?? [])]
    const isChecked = checks.some(({ column, isValidated }) => isValidated && column === command?.name)
    if (held === undefined || isChecked) return []
    const check = `${table.relname}_${command?.name}_check`
    return [
      {
        message: `${shownTable(table)}.${command?.name} becomes NOT NULL without a validated check`,
        instead: `add constraint ${check} check (${command?.name} is not null) not valid; validate constraint ${check}; then set not null`,
      },
    ]
  })
}

/** A column that must not be null needs something to put into the rows there are. */
function newNotNulls(node: Node, context: LintContext): Offence[] {
  return columnsOfOldTables(node, context)
    .filter(({ column }) => {
      const kinds = allOf(column.constraints, 'Constraint').map(({ contype }) => contype)
      const isFilled = kinds.some((kind) => kind === 'CONSTR_DEFAULT' || kind === 'CONSTR_GENERATED')
      return kinds.includes('CONSTR_NOTNULL') && !isFilled
    })
    .map(({ column, table }) => ({
      message: `${shownTable(table)}.${column.colname} is NOT NULL and has no default for the rows there are`,
      instead: 'a constant default, or a column that may be null until it is filled',
      position: column.location,
    }))
}

/** ADD PRIMARY KEY and ADD UNIQUE build an index too; DROP INDEX waits for everybody who reads the table. */
function keysOfOldTables(node: Node, context: LintContext): Offence[] {
  const keys = addedConstraints(node)
    .filter(({ constraint, table, isNew }) => {
      const isKey = constraint.contype === 'CONSTR_PRIMARY' || constraint.contype === 'CONSTR_UNIQUE'
      return !isNew && isKey && constraint.indexname === undefined && oldTable(table, context) !== undefined
    })
    .map(({ constraint, table }) => ({
      message: `${shownConstraint(constraint, table)} builds its index while nobody can write`,
      instead: 'create unique index concurrently, then add constraint … using index',
      position: constraint.location,
    }))
  return [...keys, ...droppedIndexes(node, context)]
}

function droppedIndexes(node: Node, { kind }: LintContext): Offence[] {
  const dropped = contentsOf(node, 'DropStmt')
  if (kind !== 'up' || dropped?.removeType !== 'OBJECT_INDEX' || dropped.concurrent === true) return []
  const names: string[] = []
  walk(dropped.objects, (list) => {
    if (Array.isArray(list['items'])) names.push(words(list['items'] as Node[]).join('.'))
  })
  return [
    {
      message: `dropping ${names.join(', ')} waits for everybody who reads its table, and they for it`,
      instead: 'drop index concurrently if exists, in a file that says `-- orgscope: no-transaction`',
    },
  ]
}
