import type { parseSync } from 'pgsql-parser'

/**
 * Ways around in the syntax tree of libpg_query: a node is an object with one member, named after its kind; what a
 * grammar rule fixes the kind of stands without that wrapping.
 */

/** A wrapped node of any kind. */
export type SyntaxNode = NonNullable<NonNullable<ReturnType<typeof parseSync>['stmts']>[number]['stmt']>

type KindOf<Union> = Union extends unknown ? keyof Union : never
/** Names of all kinds of nodes. */
export type NodeKind = KindOf<SyntaxNode>
/** The contents of a node of one kind. */
export type Contents<Kind extends NodeKind> =
  Extract<SyntaxNode, Record<Kind, unknown>> extends Record<Kind, infer Value> ? NonNullable<Value> : never

export type RangeVar = Contents<'RangeVar'>
export type ColumnDef = Contents<'ColumnDef'>
export type Constraint = Contents<'Constraint'>
export type AlterTableCmd = Contents<'AlterTableCmd'>
export type TypeName = Contents<'TypeName'>
export type FuncCall = Contents<'FuncCall'>

/** The contents of a node when it is of a kind. */
export function contentsOf<Kind extends NodeKind>(
  node: SyntaxNode | undefined,
  kind: Kind,
): Contents<Kind> | undefined {
  return (node as Record<string, unknown> | undefined)?.[kind] as Contents<Kind> | undefined
}

/** The contents of those nodes of a list that are of a kind. */
export function allOf<Kind extends NodeKind>(
  nodes: readonly SyntaxNode[] | undefined,
  kind: Kind,
): Contents<Kind>[] {
  return (nodes ?? []).flatMap((node) => contentsOf(node, kind) ?? [])
}

/** Texts of a list of names, for example of `public.uuid_v7`. */
export function words(nodes: readonly SyntaxNode[] | undefined): string[] {
  return allOf(nodes, 'String').map(({ sval }) => sval ?? '')
}

/** Calls `visit` with every object of a tree, outermost first, and the name of the member that holds it. */
export function walk(
  tree: unknown,
  visit: (node: Readonly<Record<string, unknown>>, member: string) => void,
): void {
  const descend = (value: unknown, member: string): void => {
    if (Array.isArray(value)) for (const item of value) descend(item, member)
    else if (typeof value === 'object' && value !== null) {
      visit(value as Record<string, unknown>, member)
      for (const [name, inner] of Object.entries(value)) descend(inner, name)
    }
  }
  descend(tree, '')
}

/** Every table, view or index that a tree names as a relation; names of its own `with` queries are left out. */
export function relationsIn(tree: unknown): RangeVar[] {
  const relations: RangeVar[] = []
  const queries = new Set<unknown>()
  walk(tree, (node, member) => {
    if (member === 'CommonTableExpr') queries.add(node['ctename'])
    if (typeof node['relname'] === 'string') relations.push(node as RangeVar)
  })
  return relations.filter(({ schemaname, relname }) => schemaname !== undefined || !queries.has(relname))
}

/** Every function call of a tree. */
export function callsIn(tree: unknown): FuncCall[] {
  const calls: FuncCall[] = []
  walk(tree, (node) => {
    if (Array.isArray(node['funcname'])) calls.push(node as FuncCall)
  })
  return calls
}

/** Every type a tree names. */
export function typesIn(tree: unknown): TypeName[] {
  const types: TypeName[] = []
  walk(tree, (node) => {
    if (Array.isArray(node['names']) && 'typemod' in node) types.push(node as TypeName)
  })
  return types
}

/** A table being made or altered, and what is said of it. */
export interface TableChange {
  readonly table: RangeVar
  readonly isNew: boolean
  /** Undefined for a table that is being made. */
  readonly command: AlterTableCmd | undefined
}

/** A constraint that a statement adds. */
export interface AddedConstraint extends TableChange {
  readonly constraint: Constraint
  /** For one written behind a column. */
  readonly column: ColumnDef | undefined
}

/** A column that a statement adds. */
export interface AddedColumn extends TableChange {
  readonly column: ColumnDef
}

/** The commands of an ALTER TABLE; none for other statements. */
export function alterCommands(node: SyntaxNode): TableChange[] {
  const statement = contentsOf(node, 'AlterTableStmt')
  if (statement?.objtype !== 'OBJECT_TABLE' || statement.relation === undefined) return []
  const table = statement.relation
  return allOf(statement.cmds, 'AlterTableCmd').map((command) => ({ table, isNew: false, command }))
}

/** Columns added by CREATE TABLE or ALTER TABLE. */
export function addedColumns(node: SyntaxNode): AddedColumn[] {
  const made = contentsOf(node, 'CreateStmt')
  if (made !== undefined) {
    const change = { table: made.relation!, isNew: true, command: undefined }
    return allOf(made.tableElts, 'ColumnDef').map((column) => ({ ...change, column }))
  }
  return alterCommands(node).flatMap((change) => {
    if (change.command?.subtype !== 'AT_AddColumn') return []
    const column = contentsOf(change.command.def, 'ColumnDef')
    return column === undefined ? [] : [{ ...change, column }]
  })
}

/** Constraints added by CREATE TABLE or ALTER TABLE, those written behind a column included. */
export function addedConstraints(node: SyntaxNode): AddedConstraint[] {
  const behindColumns = addedColumns(node).flatMap(({ column, ...change }) =>
    allOf(column.constraints, 'Constraint').map((constraint) => ({ ...change, column, constraint })),
  )
  const made = contentsOf(node, 'CreateStmt')
  const ofTable =
    made === undefined
      ? alterCommands(node)
          .filter(({ command }) => command?.subtype === 'AT_AddConstraint')
          .flatMap((change) => {
            const constraint = contentsOf(change.command?.def, 'Constraint')
            return constraint === undefined ? [] : [{ ...change, constraint }]
          })
      : allOf(made.tableElts, 'Constraint').map((constraint) => ({
          table: made.relation!,
          isNew: true,
          command: undefined,
          constraint,
        }))
  return [...behindColumns, ...ofTable.map((added) => ({ ...added, column: undefined }))]
}

/** Columns a key consists of. */
export function keyColumns({ constraint, column }: AddedConstraint): string[] {
  if (column !== undefined) return [column.colname ?? '']
  return words(constraint.contype === 'CONSTR_FOREIGN' ? constraint.fk_attrs : constraint.keys)
}
