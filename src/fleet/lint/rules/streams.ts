import type { LintRule } from '../rule.js'

/** Rules on names and numbers of files; `readMigrations` judges them, because the runner keeps them too. */
export const streamRules: readonly LintRule[] = [
  {
    name: 'file-name',
    files: 'all',
    what: 'Files are called `NNNN_name.up.sql`, `NNNN_name.down.sql` or `default-data.sql`; folders like modules.',
    why: 'The ledger keeps module, number and name.',
  },
  {
    name: 'contiguous-numbers',
    files: 'all',
    what: 'A stream is numbered from 0001, each number once, without gaps.',
    why: 'A number that comes later would be run in some tenants before and in some after its neighbours.',
  },
]
