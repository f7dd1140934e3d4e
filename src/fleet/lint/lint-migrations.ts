import {
  coreModule,
  sharedStream,
  type MigrationCatalogue,
  type MigrationFiles,
  type MigrationScript,
  type MigrationStream,
} from '../migration-files.js'
import { withoutBaseline } from './baseline.js'
import { loadParser, parseScript, type ParsedScript, type ParsedStatement } from './parsed-script.js'
import type { LintContext, LintFinding, LintRule, Offence, ScriptKind } from './rule.js'
import { lintRules } from './rules.js'
import { readDirectives, unusedAllowance } from './rules/directives.js'
import { applyStatement, type SchemaModel, type Scope } from './schema-model.js'

type Parser = Awaited<ReturnType<typeof loadParser>>

/** What all files of a run share. */
interface Judge {
  readonly parser: Parser
  readonly sharedTables: ReadonlySet<string>
  readonly tenantTables: ReadonlySet<string>
  readonly findings: LintFinding[]
}

/**
 * Judges every file of every stream, in the order in which a schema gets them: what a rule asks of a table may have
 * been said by an earlier file. What released files may break is left out.
 */
export async function lintMigrations({ catalogue, problems }: MigrationFiles): Promise<LintFinding[]> {
  const parser = await loadParser()
  const [shared, tenant] = namesAtTheEnd(parser, catalogue)
  const findings: LintFinding[] = problems.map((problem) => ({ ...problem, line: 1, statement: null }))
  const judge: Judge = { parser, sharedTables: shared, tenantTables: tenant, findings }
  lintStream(judge, catalogue.shared, { tables: new Map() })
  const core: SchemaModel = { tables: new Map() }
  for (const stream of catalogue.modules.values()) {
    lintStream(judge, stream, stream.module === coreModule ? core : structuredClone(core))
  }
  return withoutBaseline(findings).findings
}

/** Names of all tables of the shared schema and of tenants, once every file ran. */
function namesAtTheEnd(parser: Parser, { shared, modules }: MigrationCatalogue): [Set<string>, Set<string>] {
  const collect = (streams: Iterable<MigrationStream>): Set<string> => {
    const model: SchemaModel = { tables: new Map() }
    for (const stream of streams) {
      for (const { up } of stream.migrations) {
        for (const { node } of parseScript(parser, up).statements) {
          applyStatement(model, node, scopeOf(stream), up.file)
        }
      }
    }
    return new Set(model.tables.keys())
  }
  return [collect([shared]), collect(modules.values())]
}

function scopeOf({ module }: MigrationStream): Scope {
  return module === sharedStream ? 'public' : 'tenant'
}

function lintStream(judge: Judge, stream: MigrationStream, model: SchemaModel): void {
  const lint = (script: MigrationScript, kind: ScriptKind, before: SchemaModel): void => {
    const { sharedTables, tenantTables } = judge
    const scope = scopeOf(stream)
    const parsed = parseScript(judge.parser, script)
    lintScript(judge, {
      ...{ stream: stream.module, scope, kind, script: parsed, model: before },
      ...{ sharedTables, tenantTables },
    })
  }
  for (const { up, down } of stream.migrations) {
    lint(up, 'up', model)
    // What a down file makes is gone with the next up.
    lint(down, 'down', structuredClone(model))
  }
  if (stream.defaultData !== undefined) lint(stream.defaultData, 'default-data', structuredClone(model))
}

/** Judges one file, and changes the model as its statements do. */
function lintScript({ findings }: Judge, context: LintContext): void {
  const { script, scope, model } = context
  const { allowances, offences } = readDirectives(script, lintRules)
  const used = new Set<unknown>()
  const report = (rule: string, offence: Offence, statement: ParsedStatement | undefined): void => {
    const allowance = allowances.find((given) => given.rule === rule && given.statement === statement)
    if (allowance !== undefined) used.add(allowance)
    else findings.push(findingOf(rule, script, offence, statement))
  }
  const rules = lintRules.filter((rule) => rule.files === 'all' || rule.files === scope)
  for (const statement of script.statements) {
    for (const rule of rules) {
      for (const offence of rule.statement?.(statement, context) ?? []) report(rule.name, offence, statement)
    }
    applyStatement(model, statement.node, scope, script.file)
  }
  for (const rule of rules) {
    for (const offence of rule.file?.(context) ?? []) report(rule.name, offence, offence.statement)
  }
  const unused = allowances.filter((allowance) => !used.has(allowance)).map(unusedAllowance)
  for (const { rule, ...offence } of [...offences, ...unused]) report(rule, offence, undefined)
}

function findingOf(
  rule: LintRule['name'],
  script: ParsedScript,
  { message, instead, position }: Offence,
  statement: ParsedStatement | undefined,
): LintFinding {
  const at = position ?? statement?.start
  const line = rule === 'syntax' ? script.syntaxError!.line : at === undefined ? 1 : script.lineAt(at)
  return { rule, file: script.file, line, message, instead, statement: statement?.text ?? null }
}
