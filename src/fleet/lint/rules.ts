import type { LintRule } from './rule.js'
import { constraintRules } from './rules/constraints.js'
import { directiveRules } from './rules/directives.js'
import { fileRules } from './rules/files.js'
import { nameRules } from './rules/names.js'
import { objectRules } from './rules/objects.js'
import { onlineRules } from './rules/online.js'
import { referenceRules } from './rules/references.js'
import { streamRules } from './rules/streams.js'

/** Every rule of migration files, by family. */
export const lintRules: readonly LintRule[] = [
  ...referenceRules,
  ...objectRules,
  ...constraintRules,
  ...nameRules,
  ...onlineRules,
  ...fileRules,
  ...streamRules,
  ...directiveRules,
]
