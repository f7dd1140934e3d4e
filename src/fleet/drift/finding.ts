import type { TenantId } from '../../tenancy/tenant-id.js'
import type { Difference } from './compare-catalogues.js'
import type { Fingerprint } from './fingerprint.js'

/** One way in which a tenant's schema, role or ledger is not as its migrations make it. */
export interface DriftFinding {
  readonly about: 'catalogue' | 'role' | 'ledger' | 'references'
  /** In words, without the tenant. */
  readonly message: string
  /** What puts it right, in order; none when nothing does without a decision. */
  readonly repair: readonly RepairStep[]
  /** Why it is left as it is, when it is. */
  readonly left: string | null
  /** For the catalogue. */
  readonly difference?: Difference | undefined
}

/** Statements that are done together or not at all. */
export interface RepairStep {
  /** Steps of a schema are done in this order: what others need comes first. */
  readonly phase: RepairPhase
  readonly statements: readonly string[]
  /** As whom; by default as the owner of all schemas. */
  readonly as?: 'admin' | undefined
  /** Keeps the step from losing rows. */
  readonly guard?: RepairGuard | undefined
}

/** A question asked right before a step, with the table locked. */
export interface RepairGuard {
  /** A table of the schema, quoted. */
  readonly table: string
  /** Answers with one boolean: true when the step would lose something; undefined when it always would. */
  readonly question: string | undefined
  readonly reason: string
  /** True when `--drop-extra` means to lose it. */
  readonly isExtra: boolean
}

/** In the order in which they are done. */
export const repairPhases = [
  'role',
  'owner',
  'drop',
  'drop-extra',
  'table',
  'partition',
  'column',
  'key',
  'check',
  'index',
  'foreign-key',
  'setting',
  'grant',
  'record',
] as const
export type RepairPhase = (typeof repairPhases)[number]

/** What the check found in one tenant. */
export interface TenantDrift {
  readonly tenant: TenantId
  /** Null when the schema is missing. */
  readonly fingerprint: Fingerprint | null
  readonly findings: readonly DriftFinding[]
}
