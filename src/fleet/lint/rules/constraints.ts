import type { LintRule } from '../rule.js'
import { tableKey } from '../schema-model.js'
import { addedConstraints, allOf, alterCommands, contentsOf, type RangeVar } from '../syntax-tree.js'
import { shownConstraint, shownTable } from '../shown.js'

const NAMED = new Set([
  'CONSTR_PRIMARY',
  'CONSTR_UNIQUE',
  'CONSTR_CHECK',
  'CONSTR_FOREIGN',
  'CONSTR_EXCLUSION',
])
const ALONE: Readonly<Record<string, string>> = {
  AT_AddConstraint: 'ADD CONSTRAINT',
  AT_AttachPartition: 'ATTACH PARTITION',
  AT_DetachPartition: 'DETACH PARTITION',
}

/** How constraints and partitions are written. */
export const constraintRules: readonly LintRule[] = [
  {
    name: 'named-at-creation',
    files: 'all',
    what: 'Every key, check and index is given a name when it is made.',
    why: 'Errors are translated by these names, and a later file has to be able to name them.',
    statement: ({ node }) => [
      ...addedConstraints(node)
        .filter(({ constraint }) => NAMED.has(constraint.contype ?? '') && constraint.conname === undefined)
        .map(({ constraint, table }) => ({
          message: `${shownConstraint(constraint, table)} has no name`,
          instead: 'constraint <table>_<columns>_<pkey, key, fkey or check> in front of it',
          position: constraint.location,
        })),
      ...unnamedIndex(contentsOf(node, 'IndexStmt')),
    ],
  },
  {
    name: 'no-rename-constraint',
    files: 'all',
    what: 'Constraints keep the name they were made with.',
    why: 'A distributed schema refuses RENAME CONSTRAINT.',
    statement: ({ node }) => {
      const renamed = contentsOf(node, 'RenameStmt')
      if (renamed?.renameType !== 'OBJECT_TABCONSTRAINT') return []
      return [
        {
          message: `constraint ${renamed.subname} is renamed`,
          instead: 'drop it and add it under the other name, or keep the name',
        },
      ]
    },
  },
  {
    name: 'one-constraint-per-alter',
    files: 'all',
    what: 'An ALTER TABLE with ADD CONSTRAINT, ATTACH or DETACH does nothing else.',
    why: 'A distributed schema refuses several at once.',
    statement: ({ node }) => {
      const commands = alterCommands(node)
      if (commands.length < 2) return []
      const subtype = commands.map(({ command }) => command?.subtype ?? '').find((name) => name in ALONE)
      if (subtype === undefined) return []
      return [
        {
          message: `${ALONE[subtype]} is one of ${commands.length} commands of an ALTER TABLE`,
          instead: 'an ALTER TABLE for each',
        },
      ]
    },
  },
  {
    name: 'one-level-of-partitions',
    files: 'all',
    what: 'A partition is not partitioned itself.',
    why: 'A distributed schema carries one level.',
    statement: ({ node }, { model, scope }) => {
      const made = contentsOf(node, 'CreateStmt')
      const isMade = made?.partbound !== undefined && made.partspec !== undefined
      const attached = attachedPartitions(node).some(
        (partition) => model.tables.get(tableKey(partition, scope))?.isPartitioned === true,
      )
      if (!isMade && !attached) return []
      return [{ message: 'a partition has partitions of its own', instead: 'one level of partitions' }]
    },
  },
  {
    name: 'partition-in-same-schema',
    files: 'all',
    what: 'A partition is in the schema of its parent.',
    why: 'A tenant’s schema is moved, exported and dropped as a whole.',
    statement: ({ node }, { scope }) => {
      const made = contentsOf(node, 'CreateStmt')
      const parents = made?.partbound === undefined ? [] : allOf(made.inhRelations, 'RangeVar')
      const pairs: [RangeVar, RangeVar][] = parents.map((parent) => [parent, made!.relation!])
      const altered = contentsOf(node, 'AlterTableStmt')?.relation
      if (altered !== undefined) {
        for (const partition of attachedPartitions(node)) pairs.push([altered, partition])
      }
      const schemaOf = (table: RangeVar): string => table.schemaname ?? scope
      return pairs
        .filter(([parent, partition]) => schemaOf(parent) !== schemaOf(partition))
        .map(([parent, partition]) => ({
          message: `${shownTable(partition)} is a partition of ${shownTable(parent)}`,
          instead: 'both in one schema',
          position: partition.location,
        }))
    },
  },
]

function unnamedIndex(index: { idxname?: string; relation?: RangeVar } | undefined) {
  if (index === undefined || index.idxname !== undefined) return []
  const table = shownTable(index.relation!)
  return [
    {
      message: `an index on ${table} has no name`,
      instead: `create index ${index.relation!.relname}_<columns>_idx on ${table}`,
    },
  ]
}

function attachedPartitions(node: Parameters<typeof alterCommands>[0]): RangeVar[] {
  return alterCommands(node).flatMap(({ command }) => {
    const attached =
      command?.subtype === 'AT_AttachPartition' ? contentsOf(command.def, 'PartitionCmd') : undefined
    return attached?.name ?? []
  })
}
