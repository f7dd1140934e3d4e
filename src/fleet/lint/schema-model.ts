import {
  addedColumns,
  addedConstraints,
  allOf,
  alterCommands,
  contentsOf,
  keyColumns,
  words,
  type AddedConstraint,
  type ColumnDef,
  type Contents,
  type RangeVar,
  type SyntaxNode,
  type TypeName,
} from './syntax-tree.js'

/** What the statements of a stream have made so far, as far as rules ask for it. Plain data, so it can be cloned. */
export interface SchemaModel {
  /** By name; those of the shared schema as `public.name`. */
  readonly tables: Map<string, TableModel>
}

export interface TableModel {
  /** The file that makes it. */
  readonly madeIn: string
  readonly isPartitioned: boolean
  readonly columns: Map<string, ColumnModel>
  /** Indexes, and the keys that have one, by name. */
  readonly indexes: Map<string, IndexModel>
  /** Columns that a validated CHECK (column is not null) covers, by the constraint's name. */
  readonly notNullChecks: Map<string, { readonly column: string; isValidated: boolean }>
}

export interface ColumnModel {
  /** Last part of the type's name, for example `varchar`. */
  readonly type: string
  /** For example the length of a varchar. */
  readonly modifiers: readonly number[]
}

export interface IndexModel {
  /** Columns in order; an expression is the empty text. */
  readonly columns: readonly string[]
  /** The column of a `where column is not null`; null for another condition, undefined for none. */
  readonly notNullColumn: string | null | undefined
}

/** Which schema an unqualified name belongs to. */
export type Scope = 'public' | 'tenant'

/** The name under which the model keeps a table. */
export function tableKey({ schemaname, relname = '' }: RangeVar, scope: Scope): string {
  const schema = schemaname ?? (scope === 'public' ? 'public' : undefined)
  return schema === undefined ? relname : `${schema}.${relname}`
}

/** A column's type, without its schema. */
export function columnModel(type: TypeName | undefined): ColumnModel {
  const array = (type?.arrayBounds?.length ?? 0) > 0 ? '[]' : ''
  const modifiers = allOf(type?.typmods, 'A_Const').map(({ ival }) => ival?.ival ?? 0)
  return { type: `${words(type?.names).at(-1) ?? ''}${array}`, modifiers }
}

/** Changes the model as a statement changes the schema; what rules do not ask for is passed over. */
export function applyStatement(model: SchemaModel, node: SyntaxNode, scope: Scope, file: string): void {
  const made = contentsOf(node, 'CreateStmt')
  if (made !== undefined) makeTable(model, made, scope, file)
  for (const { table, column, isNew } of addedColumns(node)) {
    if (!isNew) tableOf(model, table, scope)?.columns.set(column.colname ?? '', columnOf(column))
  }
  for (const added of addedConstraints(node)) addConstraint(tableOf(model, added.table, scope), added)
  const index = contentsOf(node, 'IndexStmt')
  if (index !== undefined) addIndex(tableOf(model, index.relation!, scope), index)
  for (const { table, command } of alterCommands(node)) alter(tableOf(model, table, scope), command!)
  drop(model, node, scope)
  rename(model, node, scope)
}

function tableOf({ tables }: SchemaModel, table: RangeVar, scope: Scope): TableModel | undefined {
  return tables.get(tableKey(table, scope))
}

function columnOf({ typeName }: ColumnDef): ColumnModel {
  return columnModel(typeName)
}

function makeTable({ tables }: SchemaModel, made: Contents<'CreateStmt'>, scope: Scope, file: string): void {
  const columns = allOf(made.tableElts, 'ColumnDef')
  tables.set(tableKey(made.relation!, scope), {
    madeIn: file,
    isPartitioned: made.partspec !== undefined,
    columns: new Map(columns.map((column) => [column.colname ?? '', columnOf(column)])),
    indexes: new Map(),
    notNullChecks: new Map(),
  })
}

function addConstraint(table: TableModel | undefined, added: AddedConstraint): void {
  const { constraint } = added
  const name = constraint.conname ?? `unnamed ${table?.indexes.size}`
  if (constraint.contype === 'CONSTR_PRIMARY' || constraint.contype === 'CONSTR_UNIQUE') {
    table?.indexes.set(name, { columns: keyColumns(added), notNullColumn: undefined })
  } else if (constraint.contype === 'CONSTR_CHECK') {
    const column = notNullColumn(constraint.raw_expr)
    const isValidated = constraint.skip_validation !== true
    if (typeof column === 'string') table?.notNullChecks.set(name, { column, isValidated })
  }
}

function addIndex(table: TableModel | undefined, index: Contents<'IndexStmt'>): void {
  const columns = allOf(index.indexParams, 'IndexElem').map(({ name }) => name ?? '')
  table?.indexes.set(index.idxname ?? `unnamed ${table.indexes.size}`, {
    columns,
    notNullColumn: notNullColumn(index.whereClause),
  })
}

/** The column of `column is not null`; null for another expression, undefined for none. */
function notNullColumn(expression: SyntaxNode | undefined): string | null | undefined {
  if (expression === undefined) return undefined
  const test = contentsOf(expression, 'NullTest')
  const column = words(contentsOf(test?.arg, 'ColumnRef')?.fields).at(-1)
  return test?.nulltesttype === 'IS_NOT_NULL' && column !== undefined ? column : null
}

function alter(
  table: TableModel | undefined,
  { subtype, name = '', def }: NonNullable<ReturnType<typeof alterCommands>[number]['command']>,
): void {
  if (subtype === 'AT_DropColumn') table?.columns.delete(name)
  if (subtype === 'AT_DropConstraint') {
    table?.indexes.delete(name)
    table?.notNullChecks.delete(name)
  }
  const check = table?.notNullChecks.get(name)
  if (subtype === 'AT_ValidateConstraint' && check !== undefined) check.isValidated = true
  if (subtype === 'AT_AlterColumnType') {
    table?.columns.set(name, columnModel(contentsOf(def, 'ColumnDef')?.typeName))
  }
}

function drop({ tables }: SchemaModel, node: SyntaxNode, scope: Scope): void {
  const statement = contentsOf(node, 'DropStmt')
  for (const names of allOf(statement?.objects, 'List')) {
    const [relname, schemaname] = words(names.items).reverse()
    if (statement?.removeType === 'OBJECT_TABLE') {
      tables.delete(tableKey({ relname, schemaname } as RangeVar, scope))
    } else if (statement?.removeType === 'OBJECT_INDEX') {
      for (const { indexes } of tables.values()) indexes.delete(relname ?? '')
    }
  }
}

function rename({ tables }: SchemaModel, node: SyntaxNode, scope: Scope): void {
  const statement = contentsOf(node, 'RenameStmt')
  if (statement?.relation === undefined) return
  const { relation, newname = '', subname = '', renameType } = statement
  const key = tableKey(relation, scope)
  const table = tables.get(key)
  if (renameType === 'OBJECT_TABLE' && table !== undefined) {
    tables.delete(key)
    tables.set(tableKey({ ...relation, relname: newname }, scope), table)
  } else if (renameType === 'OBJECT_COLUMN') {
    const column = table?.columns.get(subname)
    if (column !== undefined) table!.columns.set(newname, column)
    table?.columns.delete(subname)
  } else if (renameType === 'OBJECT_INDEX') {
    for (const { indexes } of tables.values()) {
      const index = indexes.get(relation.relname ?? '')
      if (index !== undefined) indexes.delete(relation.relname ?? '')
      if (index !== undefined) indexes.set(newname, index)
    }
  }
}
