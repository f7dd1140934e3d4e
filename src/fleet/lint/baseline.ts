import type { LintFinding } from './rule.js'

/** A released file that breaks a rule: it can never change, so the reason stands here. */
export interface BaselineEntry {
  /** Path below the package. */
  readonly file: string
  readonly rule: string
  readonly reason: string
}

/** Released with the first version, which no installation with rows in these tables can have been without. */
const FIRST_RELEASE = 'part of the first release: the table has no rows yet when the file runs'

/** Released files and what they may break. */
export const baseline: readonly BaselineEntry[] = [
  {
    file: 'migrations/public/0001_identifiers_and_ledger.up.sql',
    rule: 'no-hidden-statements',
    reason: 'the body of uuid_v7 depends on the version of the server, and only a block can choose',
  },
  ...[
    'public/0003_identities',
    'public/0007_fleet_runs',
    'public/0017_catalogue_search',
    'public/0018_wakeup_positions',
    'tenant/core/0002_access',
    'tenant/core/0006_directory_search',
  ].map((name) => ({
    file: `migrations/${name}.up.sql`,
    rule: 'index-concurrently',
    reason: FIRST_RELEASE,
  })),
]

/** Findings that the list does not cover, and entries of the list that cover nothing. */
export function withoutBaseline(
  findings: readonly LintFinding[],
  entries: readonly BaselineEntry[] = baseline,
): { readonly findings: LintFinding[]; readonly unused: BaselineEntry[] } {
  const covers = ({ file, rule }: BaselineEntry, finding: LintFinding): boolean =>
    file === finding.file && rule === finding.rule
  return {
    findings: findings.filter((finding) => !entries.some((entry) => covers(entry, finding))),
    unused: entries.filter((entry) => !findings.some((finding) => covers(entry, finding))),
  }
}
