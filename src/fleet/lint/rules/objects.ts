import type { LintRule, Offence } from '../rule.js'
import { columnModel } from '../schema-model.js'
import {
  addedColumns,
  addedConstraints,
  allOf,
  alterCommands,
  contentsOf,
  keyColumns,
  words,
  type ColumnDef,
  type NodeKind,
  type SyntaxNode,
} from '../syntax-tree.js'
import { shownConstraint, shownTable } from '../shown.js'

const SERIAL = /^(small|big)?serial[248]?$/
const INTEGER = /^(int[248]|smallint|integer|bigint)$/

/** Objects that a distributed or a moved schema could not carry, or that tenants would share by accident. */
export const objectRules: readonly LintRule[] = [
  forbidden({
    name: 'no-trigger',
    kinds: ['CreateTrigStmt', 'CreateEventTrigStmt'],
    what: 'No triggers.',
    why: 'A distributed schema refuses them, and what they do is not to be seen where the row is written.',
    message: 'a trigger is made',
    instead: 'the same in the service that writes the row, or a column default',
  }),
  forbidden({
    name: 'no-rule',
    kinds: ['RuleStmt'],
    what: 'No rewrite rules.',
    why: 'A distributed schema refuses them.',
    message: 'a rewrite rule is made',
    instead: 'the same in the service that writes the row',
  }),
  forbidden({
    name: 'no-enum-type',
    kinds: ['CreateEnumStmt', 'AlterEnumStmt', 'CreateDomainStmt'],
    what: 'No enum types and no domains.',
    why: 'They would exist once per tenant, and a value cannot be taken away again.',
    message: 'an enum type or a domain is made or changed',
    instead: 'text with a named check (… in (…))',
  }),
  forbidden({
    name: 'no-extension',
    files: 'tenant',
    kinds: ['CreateExtensionStmt', 'AlterExtensionStmt'],
    what: 'No extension is installed into a tenant’s schema.',
    why: 'A database has an extension once, so it would belong to one tenant.',
    message: 'an extension is installed',
    instead: 'what Postgres has, or a file of `public` where every node has the extension',
  }),
  {
    name: 'no-materialized-view',
    files: 'all',
    what: 'No materialized views.',
    why: 'A distributed schema cannot carry them, and somebody would have to refresh one per tenant.',
    statement: ({ node }) =>
      contentsOf(node, 'CreateTableAsStmt')?.objtype === 'OBJECT_MATVIEW'
        ? [
            {
              message: 'a materialized view is made',
              instead: 'a table that the writing transaction maintains',
            },
          ]
        : [],
  },
  {
    name: 'no-inherits',
    files: 'all',
    what: 'No table inheritance but partitions.',
    why: 'A distributed schema refuses it, and keys do not reach over it.',
    statement: ({ node }) => {
      const made = contentsOf(node, 'CreateStmt')
      const inherits = (made?.inhRelations?.length ?? 0) > 0 && made?.partbound === undefined
      const altered = alterCommands(node).some(({ command }) => command?.subtype === 'AT_AddInherit')
      if (!inherits && !altered) return []
      return [{ message: 'a table inherits from another one', instead: 'a table of its own, or a partition' }]
    },
  },
  {
    name: 'no-serial',
    files: 'all',
    what: 'No serial columns and no identity columns.',
    why: 'Their numbers meet when tenants are moved or merged, and tell how many rows there are.',
    statement: ({ node }) => [
      ...addedColumns(node)
        .filter(({ column }) => SERIAL.test(typeOf(column)) || isIdentity(column))
        .map(({ column, table }) => ({
          message: `${shownTable(table)}.${column.colname} numbers its rows`,
          instead: 'uuid not null default public.uuid_v7()',
          position: column.location,
        })),
      ...alterCommands(node)
        .filter(({ command }) => command?.subtype === 'AT_AddIdentity')
        .map(({ command, table }) => ({
          message: `${shownTable(table)}.${command?.name} numbers its rows`,
          instead: 'uuid not null default public.uuid_v7()',
        })),
    ],
  },
  {
    name: 'bigint-sequence',
    files: 'all',
    what: 'Sequences are of type bigint.',
    why: 'A smaller one runs out, and a distributed schema needs the upper bits for the node.',
    statement: ({ node }) => {
      const options = (contentsOf(node, 'CreateSeqStmt') ?? contentsOf(node, 'AlterSeqStmt'))?.options
      return allOf(options, 'DefElem')
        .filter(({ defname, arg }) => defname === 'as' && typeNameOf(arg) !== 'int8')
        .map(({ location }) => ({
          message: 'a sequence is of a smaller type than bigint',
          instead: 'the same without `as`, which is bigint',
          position: location,
        }))
    },
  },
  {
    name: 'uuid-key',
    files: 'all',
    what: 'A column `id` is a uuid, and no primary key consists of integers alone.',
    why: 'Rows keep their ids when a tenant is exported, cloned or moved.',
    statement: ({ node }) => [...idsOfOtherTypes(node), ...integerKeys(node)],
  },
  {
    name: 'no-exclusion-constraint',
    files: 'all',
    what: 'No exclusion constraints and no deferrable ones.',
    why: 'A distributed schema refuses them.',
    statement: ({ node }) =>
      addedConstraints(node)
        .filter(({ constraint }) => constraint.contype === 'CONSTR_EXCLUSION' || isDeferrable(constraint))
        .map(({ constraint, table }) => ({
          message: `${shownConstraint(constraint, table)} ${isDeferrable(constraint) ? 'is deferrable' : 'is an exclusion constraint'}`,
          instead: 'a key or check that holds after every statement',
          position: constraint.location,
        })),
  },
]

function forbidden({
  kinds,
  message,
  instead,
  files = 'all',
  ...rule
}: Omit<LintRule, 'files'> & {
  readonly kinds: readonly NodeKind[]
  readonly files?: LintRule['files']
  readonly message: string
  readonly instead: string
}): LintRule {
  return {
    ...rule,
    files,
    statement: ({ node }) =>
      kinds.some((kind) => contentsOf(node, kind) !== undefined) ? [{ message, instead }] : [],
  }
}

function typeOf({ typeName }: ColumnDef): string {
  return columnModel(typeName).type
}

function typeNameOf(node: SyntaxNode | undefined): string {
  return words(contentsOf(node, 'TypeName')?.names).at(-1) ?? ''
}

function isIdentity({ constraints }: ColumnDef): boolean {
  return allOf(constraints, 'Constraint').some(({ contype }) => contype === 'CONSTR_IDENTITY')
}

/** Behind a column, DEFERRABLE is a mark of its own in the tree. */
function isDeferrable({ deferrable, contype }: { deferrable?: boolean; contype?: string }): boolean {
  return deferrable === true || contype === 'CONSTR_ATTR_DEFERRABLE'
}

function idsOfOtherTypes(node: SyntaxNode): Offence[] {
  return addedColumns(node)
    .filter(
      ({ column }) => column.colname === 'id' && typeOf(column) !== 'uuid' && !SERIAL.test(typeOf(column)),
    )
    .map(({ column, table }) => ({
      message: `${shownTable(table)}.id is of type ${typeOf(column)}`,
      instead: 'id uuid not null default public.uuid_v7()',
      position: column.location,
    }))
}

function integerKeys(node: SyntaxNode): Offence[] {
  const types = new Map(addedColumns(node).map(({ column }) => [column.colname, typeOf(column)]))
  return addedConstraints(node).flatMap((added) => {
    const { constraint, table } = added
    const columns = constraint.contype === 'CONSTR_PRIMARY' ? keyColumns(added) : []
    const isNumbers = columns.length > 0 && columns.every((name) => INTEGER.test(types.get(name) ?? ''))
    if (!isNumbers || columns.includes('id')) return []
    return [
      {
        message: `${shownConstraint(constraint, table)} is made of integers`,
        instead: 'a uuid, or the natural key',
        position: constraint.location,
      },
    ]
  })
}
