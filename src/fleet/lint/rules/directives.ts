import { closest } from '../../../tenancy/closest-word.js'
import type { ParsedScript, ParsedStatement, ScriptComment } from '../parsed-script.js'
import type { LintRule, Offence } from '../rule.js'

/** `-- orgscope: allow <rule>: reason`, in front of a statement. */
export interface Allowance {
  readonly rule: string
  readonly comment: ScriptComment
  /** The statement it is for. */
  readonly statement: ParsedStatement
}

const DIRECTIVE = /^--\s*orgscope\s*:\s*(.*)$/
/** Remarks to the runner; the linter only knows that they are meant. */
const FOR_THE_RUNNER = ['no-transaction', 'breaking', 'optional']
const KNOWN = [...FOR_THE_RUNNER, 'allow']

/** What is wrong with remarks to the runner and the linter; `readDirectives` judges them. */
export const directiveRules: readonly LintRule[] = [
  {
    name: 'known-directive',
    files: 'all',
    what: '`-- orgscope:` is followed by a word the runner knows, or by `allow <rule>: reason` in front of a statement.',
    why: 'A mistyped one would be passed over in silence.',
  },
  {
    name: 'allow-with-reason',
    files: 'all',
    what: '`-- orgscope: allow` gives a reason.',
    why: 'Whoever reads the file later has to be able to judge it.',
  },
  {
    name: 'allow-known-rule',
    files: 'all',
    what: '`-- orgscope: allow` names a rule that can be allowed.',
    why: 'The others hold for every file, whatever the reason.',
  },
  {
    name: 'allow-used',
    files: 'all',
    what: '`-- orgscope: allow` stands where the rule is broken.',
    why: 'One left behind would cover the next mistake.',
  },
]

/** A directive that is wrong, under the rule it breaks. */
export interface DirectiveOffence extends Offence {
  readonly rule: string
}

/** The allowances of a script, and what is wrong with its directives. */
export function readDirectives(
  { comments, statements }: ParsedScript,
  rules: readonly LintRule[],
): { readonly allowances: Allowance[]; readonly offences: DirectiveOffence[] } {
  const allowances: Allowance[] = []
  const offences: DirectiveOffence[] = []
  for (const comment of comments) {
    const text = DIRECTIVE.exec(comment.text)?.[1]?.trim()
    if (text === undefined) continue
    const refuse = (rule: string, message: string, instead: string): void => {
      offences.push({ rule, message, instead, position: comment.position })
    }
    const word = /^[\w-]*/.exec(text)?.[0] ?? ''
    if (FOR_THE_RUNNER.includes(text)) continue
    if (word !== 'allow') {
      refuse('known-directive', `\`${text}\` is not known`, suggestion(word, KNOWN))
      continue
    }
    const [, rule = '', reason = ''] = /^allow\s+([\w-]+)\s*(?::\s*(.*))?$/.exec(text) ?? []
    const statement = statements.find(({ end }) => end > comment.position)
    const allowable = rules.filter((known) => known.allowable === true).map(({ name }) => name)
    if (!allowable.includes(rule)) {
      const isRule = rules.some(({ name }) => name === rule)
      refuse(
        'allow-known-rule',
        isRule ? `${rule} cannot be allowed` : `there is no rule ${rule === '' ? 'named here' : rule}`,
        isRule ? 'what the rule asks for' : suggestion(rule, allowable),
      )
    } else if (reason.trim() === '') {
      refuse(
        'allow-with-reason',
        `${rule} is allowed without a reason`,
        `-- orgscope: allow ${rule}: <reason>`,
      )
    } else if (statement === undefined) {
      refuse('allow-used', 'no statement follows', 'nothing, or the same in front of the statement')
    } else allowances.push({ rule, comment, statement })
  }
  return { allowances, offences }
}

function suggestion(word: string, known: readonly string[]): string {
  const meant = closest(word, known)
  return meant === undefined ? `one of ${known.join(', ')}` : `${meant}, if that is meant`
}

/** What is said of an allowance that nothing needs. */
export function unusedAllowance({ rule, comment }: Allowance): DirectiveOffence {
  return {
    rule: 'allow-used',
    message: `the statement below keeps ${rule}`,
    instead: 'nothing: leave the line out',
    position: comment.position,
  }
}
