import type { Constraint, RangeVar } from './syntax-tree.js'

/** A table as a message names it. */
export function shownTable({ schemaname, relname = '' }: RangeVar): string {
  return schemaname === undefined ? relname : `${schemaname}.${relname}`
}

const KINDS: Readonly<Record<string, string>> = {
  CONSTR_PRIMARY: 'primary key',
  CONSTR_UNIQUE: 'unique key',
  CONSTR_CHECK: 'check',
  CONSTR_FOREIGN: 'foreign key',
  CONSTR_EXCLUSION: 'exclusion constraint',
}

/** A constraint as a message names it, for example `foreign key teams_lead_id_fkey of teams`. */
export function shownConstraint({ contype = 'CONSTR_CHECK', conname }: Constraint, table: RangeVar): string {
  const kind = KINDS[contype] ?? 'constraint'
  return conname === undefined
    ? `a ${kind} of ${shownTable(table)}`
    : `${kind} ${conname} of ${shownTable(table)}`
}
