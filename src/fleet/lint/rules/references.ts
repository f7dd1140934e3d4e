import type { LintContext, LintRule, Offence } from '../rule.js'
import { tableKey } from '../schema-model.js'
import {
  addedConstraints,
  allOf,
  contentsOf,
  keyColumns,
  relationsIn,
  words,
  type AddedConstraint,
  type Constraint,
} from '../syntax-tree.js'
import { shownTable, shownConstraint } from '../shown.js'

/** Which tables may point at which. */
export const referenceRules: readonly LintRule[] = [
  {
    name: 'no-key-into-public',
    files: 'tenant',
    what: 'Foreign keys of a tenant’s table point at tables of its own schema.',
    why: 'Each one into `public` adds two triggers to the shared table for every tenant, and making it locks that table.',
    statement: ({ node }) =>
      addedConstraints(node).flatMap(({ constraint, table }) =>
        constraint.pktable?.schemaname === undefined
          ? []
          : [
              {
                message: `${shownConstraint(constraint, table)} points at ${shownTable(constraint.pktable)}`,
                instead: 'a plain uuid column, checked when it is written',
                position: constraint.location,
              },
            ],
      ),
  },
  {
    name: 'no-tenant-table-in-public',
    files: 'public',
    what: 'Nothing in `public` names a table of a tenant.',
    why: 'There is one shared schema and a table of that name in every tenant’s.',
    statement: ({ node }, { tenantTables }) =>
      relationsIn(node)
        .filter(({ schemaname, relname = '' }) => schemaname === undefined && tenantTables.has(relname))
        .map((table) => ({
          message: `${shownTable(table)} is a table of tenants`,
          instead: 'a table of the shared schema, or a migration of the module that owns the table',
          position: table.location,
        })),
  },
  {
    name: 'no-key-to-partitioned-table',
    files: 'all',
    what: 'No foreign key points at a partitioned table.',
    why: 'Detaching a partition would have to check every row that points at it.',
    statement: ({ node }, { model, scope }) =>
      addedConstraints(node).flatMap(({ constraint, table }) => {
        const target = constraint.pktable
        if (target === undefined || model.tables.get(tableKey(target, scope))?.isPartitioned !== true)
          return []
        return [
          {
            message: `${shownConstraint(constraint, table)} points at the partitioned ${shownTable(target)}`,
            instead: 'a plain uuid column, checked when it is written',
            position: constraint.location,
          },
        ]
      }),
  },
  {
    name: 'no-set-default',
    files: 'all',
    what: 'No foreign key has the action SET DEFAULT.',
    why: 'A distributed schema cannot carry it.',
    statement: ({ node }) =>
      addedConstraints(node)
        .filter(({ constraint }) => constraint.fk_del_action === 'd' || constraint.fk_upd_action === 'd')
        .map(({ constraint, table }) => ({
          message: `${shownConstraint(constraint, table)} sets a default when its target goes`,
          instead: 'on delete set null, cascade or restrict',
          position: constraint.location,
        })),
  },
  {
    name: 'no-update-action',
    files: 'all',
    what: 'No foreign key has an ON UPDATE action.',
    why: 'Keys never change, so it would only hide a mistake.',
    statement: ({ node }) =>
      addedConstraints(node)
        .filter(({ constraint }) => isForeign(constraint) && 'cn'.includes(constraint.fk_upd_action ?? 'a'))
        .map(({ constraint, table }) => ({
          message: `${shownConstraint(constraint, table)} follows changes of the key it points at`,
          instead: 'the same without on update',
          position: constraint.location,
        })),
  },
  {
    name: 'foreign-key-index',
    files: 'all',
    what: 'Every foreign key has an index that leads with its columns.',
    why: 'Deleting a row that is pointed at would read the whole table, and so would following the relation backwards.',
    allowable: true,
    file: (context) =>
      context.kind !== 'up'
        ? []
        : context.script.statements.flatMap((statement) =>
            addedConstraints(statement.node)
              .filter((added) => lacksIndex(added, context))
              .map((added) => ({ ...indexMissing(added), statement })),
          ),
  },
  {
    name: 'disjoint-names',
    files: 'tenant',
    what: 'Tables of tenants have other names than those of `public`.',
    why: 'A wrong search path could otherwise read a shared table without an error.',
    statement: ({ node }, { sharedTables }) => {
      const table = contentsOf(node, 'CreateStmt')?.relation
      if (table === undefined || !sharedTables.has(`public.${table.relname}`)) return []
      return [
        {
          message: `public.${table.relname} is a table of the shared schema`,
          instead: 'another name',
          position: table.location,
        },
      ]
    },
  },
  {
    name: 'own-schema-only',
    files: 'tenant',
    what: 'A tenant’s file makes, changes and drops things of its own schema only.',
    why: 'It runs once for every tenant; what is shared is made once, by a file of `public`.',
    statement: ({ node }) =>
      changedRelations(node)
        .filter((name) => name.startsWith('public.'))
        .map((name) => ({
          message: `${name} is shared by all tenants`,
          instead: 'the same in a file below migrations/public',
        })),
  },
]

function isForeign({ contype }: Constraint): boolean {
  return contype === 'CONSTR_FOREIGN'
}

/** True for a foreign key that is still there at the end of the file, without an index for its columns. */
function lacksIndex(added: AddedConstraint, { model, scope }: LintContext): boolean {
  const held = model.tables.get(tableKey(added.table, scope))
  const columns = keyColumns(added)
  if (!isForeign(added.constraint) || held === undefined) return false
  if (columns.some((name) => !held.columns.has(name))) return false
  return ![...held.indexes.values()].some(
    (index) =>
      columns.every((name) => index.columns.slice(0, columns.length).includes(name)) &&
      (index.notNullColumn === undefined || index.notNullColumn === columns[0]),
  )
}

function indexMissing(added: AddedConstraint): Offence {
  const { constraint, table } = added
  const columns = keyColumns(added)
  const list = columns.join(', ')
  return {
    message: `${shownConstraint(constraint, table)} has no index that leads with ${list}`,
    instead: `create index ${table.relname}_${columns.join('_')}_idx on ${shownTable(table)} (${list})`,
    position: constraint.location,
  }
}

/** Names of what a statement of DDL makes, alters, grants on or drops. */
function changedRelations(node: Parameters<typeof addedConstraints>[0]): string[] {
  const relation =
    contentsOf(node, 'CreateStmt')?.relation ??
    contentsOf(node, 'AlterTableStmt')?.relation ??
    contentsOf(node, 'IndexStmt')?.relation ??
    contentsOf(node, 'RenameStmt')?.relation ??
    contentsOf(node, 'ViewStmt')?.view
  const granted = allOf(contentsOf(node, 'GrantStmt')?.objects, 'RangeVar')
  const truncated = allOf(contentsOf(node, 'TruncateStmt')?.relations, 'RangeVar')
  const tables = [...(relation === undefined ? [] : [relation]), ...granted, ...truncated]
  const dropped = contentsOf(node, 'DropStmt')
  const functions = allOf(dropped?.objects, 'ObjectWithArgs').map(({ objname }) => words(objname).join('.'))
  const made = words(contentsOf(node, 'CreateFunctionStmt')?.funcname)
  return [
    ...tables.map(shownTable),
    ...allOf(dropped?.objects, 'List').map(({ items }) => words(items).join('.')),
    ...functions,
    ...(made.length > 0 ? [made.join('.')] : []),
  ]
}
