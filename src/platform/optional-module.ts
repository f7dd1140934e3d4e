import { defineEnum } from '../entity/enums.js'
import { optionalModules, type OptionalModule as ModuleName } from '../tenancy/optional-modules.js'

/** The optional modules as an enum, so that a misspelt one is refused with the name that was meant. */
export const OptionalModule = Object.fromEntries(
  optionalModules.map((module) => [module.toUpperCase(), module]),
) as Record<Uppercase<ModuleName>, ModuleName>
export type OptionalModule = ModuleName

defineEnum('OptionalModule', OptionalModule, 'A part of Orgscope that an organization may have.', {
  USAGE: 'Which tools and models are used, and at what cost.',
  COMPLIANCE: 'Frameworks, classification, masking and retention.',
  LLM: 'Conversations, documents and prompt templates.',
  WORKSPACE: 'Projects, notifications and data sources.',
  PORTFOLIO: 'Assets, migration planning and waves.',
  RECORDS: 'Regulated record stores.',
})
