import type { Config } from '../../config.js'
import type { RequestCounts } from '../../tenancy/request-counts.js'
import type { LimitedParty } from '../api.js'
import { Admissions, type Admission } from './admission.js'
import { generalLimits, limitsOf, type Limits, type LimitsConfig } from './limits.js'
import { takeFromQuotas } from './quotas.js'
import { ShapeOfText } from './shape-of-text.js'

/** The settings of a gate. */
export type GateConfig = LimitsConfig & Pick<Config, 'maxQueryTokens' | 'documentCacheSize'>

/** What is checked before anything is parsed for execution, validated or asked of the database. */
export class Gate {
  readonly #general: Limits
  readonly #plans: LimitsConfig['planLimits']
  readonly #shapes: ShapeOfText
  readonly #admissions = new Admissions()
  readonly #counts: RequestCounts | undefined

  constructor(config: GateConfig, counts?: RequestCounts) {
    this.#counts = counts
    this.#general = generalLimits(config)
    this.#plans = config.planLimits
    this.#shapes = new ShapeOfText(config.documentCacheSize, config.maxQueryTokens)
  }

  limitsOf(party: LimitedParty | undefined): Limits {
    return limitsOf(this.#general, this.#plans, party)
  }

  /** Lets a request of an organization in, or says why not. */
  admit(party: LimitedParty, limits: Limits): Admission {
    return this.#admissions.admit(party, limits)
  }

  /** Counts a request that is otherwise let in. Throws QUOTA_EXCEEDED. */
  async takeFromQuotas(party: LimitedParty, limits: Limits): Promise<void> {
    if (this.#counts !== undefined) await takeFromQuotas(this.#counts, party, limits)
  }

  /** Throws LIMIT_EXCEEDED when a document asks for too much by its form. */
  requireShape(text: string, limits: Limits): void {
    this.#shapes.require(text, limits)
  }
}
