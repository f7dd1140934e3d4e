import type { ParsedScript, ParsedStatement } from './parsed-script.js'
import type { SchemaModel, Scope } from './schema-model.js'

/** Which part of a stream a file is. */
export type ScriptKind = 'up' | 'down' | 'default-data'

/** The file that is judged, with what its stream has made before it. */
export interface LintContext {
  /** `public`, or the module. */
  readonly stream: string
  readonly scope: Scope
  readonly kind: ScriptKind
  readonly script: ParsedScript
  /** As of the statement that is judged; for a whole file, as of its end. */
  readonly model: SchemaModel
  /** Tables of the shared schema, as `public.name`, once all of its files ran. */
  readonly sharedTables: ReadonlySet<string>
  /** Tables of every tenant module, once all files ran. */
  readonly tenantTables: ReadonlySet<string>
}

/** One thing that breaks a rule. */
export interface Offence {
  /** What is wrong, naming the object. */
  readonly message: string
  /** What would be right. */
  readonly instead: string
  /** Bytes from the beginning of the script; the statement's own beginning by default. */
  readonly position?: number | undefined
  /** For rules that judge a file as a whole. */
  readonly statement?: ParsedStatement | undefined
}

/** A rule that migration files keep. */
export interface LintRule {
  readonly name: string
  /** Which files it is for. */
  readonly files: 'all' | 'tenant' | 'public'
  /** What must not be, or must be, in a sentence. */
  readonly what: string
  readonly why: string
  /** True when a file may break it by `-- orgscope: allow <rule>: reason`. */
  readonly allowable?: true
  /** Judges one statement. */
  readonly statement?: (statement: ParsedStatement, context: LintContext) => readonly Offence[]
  /** Judges a whole file, after its last statement. */
  readonly file?: (context: LintContext) => readonly Offence[]
}

/** A rule broken at a place. */
export interface LintFinding {
  readonly rule: string
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly message: string
  readonly instead: string
  /** The statement as it stands in the file; null when the file as a whole is meant. */
  readonly statement: string | null
}
