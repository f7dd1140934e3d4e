import type { TenantId } from '../tenancy/tenant-id.js'

/** A step of a run, as it is shown. */
export interface StepName {
  /** `public` or the tenant's schema. */
  readonly schemaName: string
  /** Undefined for schema `public`. */
  readonly tenant: TenantId | undefined
  readonly module: string
  /** For example `0002_teams`. */
  readonly migration: string
}

/** What a run tells while it goes on, in the order in which things happen. */
export type FleetProgress =
  | {
      /** Told once schema `public` is done, because only then it is known what the tenants lack. */
      readonly type: 'planned'
      /** Steps of schema `public`; going down, still to be taken back. */
      readonly shared: number
      /** Tenants with something to do. */
      readonly tenants: number
      /** Steps over all tenants. */
      readonly steps: number
      /** Tenants worked on at once. */
      readonly concurrency: number
      /** The run that keeps account of the tenants; undefined when there is nothing to do in any. */
      readonly run?: string | undefined
      /** True when that run was going on already and is only helped. */
      readonly joined?: boolean | undefined
    }
  | {
      readonly type: 'wave'
      /** Counted from 0, which is the canary or everybody. */
      readonly wave: number
      readonly waves: number
    }
  | {
      /** The run passed its limits and begins no further tenant. */
      readonly type: 'stopped'
      readonly reason: string
    }
  | ({ readonly type: 'done'; readonly milliseconds: number } & StepName)
  | ({
      readonly type: 'retrying'
      /** The attempt that failed, counted from 1. */
      readonly attempt: number
      readonly reason: string
      readonly waitMilliseconds: number
    } & StepName)
  | ({ readonly type: 'failed'; readonly reason: string } & StepName)
  | {
      readonly type: 'tenant'
      readonly tenant: TenantId
      readonly succeeded: boolean
      readonly finished: number
    }

export type OnFleetProgress = (event: FleetProgress) => void
