import type { LintContext, LintRule, Offence } from '../rule.js'
import type { ParsedStatement } from '../parsed-script.js'
import { contentsOf, type SyntaxNode } from '../syntax-tree.js'

const ROWS = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'SelectStmt'] as const

/** How a file is written as a whole. */
export const fileRules: readonly LintRule[] = [
  {
    name: 'syntax',
    files: 'all',
    what: 'A file is SQL that Postgres’ own grammar reads.',
    why: 'It is refused here instead of in the first tenant.',
    file: ({ script }) =>
      script.syntaxError === undefined
        ? []
        : [{ message: script.syntaxError.message, instead: 'SQL of Postgres 15 to 18' }],
  },
  {
    name: 'no-transaction-control',
    files: 'all',
    what: 'No BEGIN, COMMIT, ROLLBACK or SAVEPOINT.',
    why: 'A step and its ledger row commit together; a commit inside would part them.',
    statement: ({ node }) =>
      contentsOf(node, 'TransactionStmt') === undefined
        ? []
        : [{ message: 'a transaction is begun or ended', instead: 'nothing: the runner does it' }],
  },
  {
    name: 'no-hidden-statements',
    files: 'all',
    what: 'No DO blocks.',
    why: 'Their statements are text to the grammar, so no rule can judge them.',
    allowable: true,
    statement: ({ node }) =>
      contentsOf(node, 'DoStmt') === undefined
        ? []
        : [
            {
              message: 'a DO block hides its statements',
              instead: 'the statements themselves, with if (not) exists',
            },
          ],
  },
  {
    name: 'concurrently-outside-transaction',
    files: 'all',
    what: 'CONCURRENTLY stands in a file that says `-- orgscope: no-transaction`.',
    why: 'Postgres refuses it inside a transaction.',
    statement: ({ node }, { script }) =>
      script.transactional && isConcurrent(node)
        ? [
            {
              message: 'CONCURRENTLY is refused inside a transaction',
              instead: '`-- orgscope: no-transaction` at the top, and nothing else in the file',
            },
          ]
        : [],
  },
  {
    name: 'repeatable-outside-transaction',
    files: 'all',
    what: 'A file without a transaction says IF NOT EXISTS or IF EXISTS wherever it makes or drops something.',
    why: 'It may be interrupted between two statements, and is then run again from its beginning.',
    statement: (statement, { script }) => (script.transactional ? [] : unrepeatable(statement)),
  },
  {
    name: 'default-data-rows-only',
    files: 'all',
    what: 'default-data.sql writes rows and makes nothing.',
    why: 'It runs again and again, and has no file that takes it back.',
    statement: ({ node }, { kind }) =>
      kind !== 'default-data' || ROWS.some((name) => contentsOf(node, name) !== undefined)
        ? []
        : [
            {
              message: 'the default rows come with something that is no row',
              instead: 'a migration of its own',
            },
          ],
  },
  {
    name: 'down-takes-back',
    files: 'all',
    what: 'Every up has a down that restores the catalogue as it was.',
    why: 'A release can be taken back; a test goes up, down and up again and compares fingerprints.',
    file: (context) => emptyDown(context),
  },
]

function isConcurrent(node: SyntaxNode): boolean {
  const detached = contentsOf(node, 'AlterTableStmt')?.cmds ?? []
  return (
    contentsOf(node, 'IndexStmt')?.concurrent === true ||
    contentsOf(node, 'DropStmt')?.concurrent === true ||
    contentsOf(node, 'ReindexStmt')?.params?.some(
      (param) => contentsOf(param, 'DefElem')?.defname === 'concurrently',
    ) === true ||
    detached.some((command) => {
      const { def } = contentsOf(command, 'AlterTableCmd') ?? {}
      return contentsOf(def, 'PartitionCmd')?.concurrent === true
    })
  )
}

function unrepeatable({ node }: ParsedStatement): Offence[] {
  const dropped = contentsOf(node, 'DropStmt')
  const made = contentsOf(node, 'IndexStmt') ?? contentsOf(node, 'CreateStmt')
  if (dropped !== undefined && dropped.missing_ok !== true) {
    return [{ message: 'a second run would fail here', instead: 'drop … if exists' }]
  }
  if (made === undefined || made.if_not_exists === true) return []
  return [{ message: 'a second run would fail here', instead: 'create … if not exists' }]
}

function emptyDown({ kind, script }: LintContext): Offence[] {
  if (kind !== 'down' || script.statements.length > 0 || script.syntaxError !== undefined) return []
  return [{ message: 'the down file is empty', instead: 'the statements that take the up file back' }]
}
