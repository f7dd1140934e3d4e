/** How far an organization may use a module; stored in `public.module_access.access_level`. */
export const accessLevels = ['full', 'trial', 'read_only', 'none'] as const
export type AccessLevel = (typeof accessLevels)[number]

/** Access to an optional module that an organization was given and whose tables it has. */
export interface ModuleAccess {
  readonly level: Exclude<AccessLevel, 'none'>
  /** Milliseconds since the epoch, or null when it does not end. */
  readonly expiresAt: number | null
}

/** What may be done with a module at one moment. */
export interface ModuleUse {
  readonly allows: 'everything' | 'reading' | 'nothing'
  /** When access ended, in milliseconds since the epoch; null when it did not, or never was given. */
  readonly endedAt: number | null
}

const everything: ModuleUse = { allows: 'everything', endedAt: null }
const reading: ModuleUse = { allows: 'reading', endedAt: null }
const nothing: ModuleUse = { allows: 'nothing', endedAt: null }

/** The use of what is never refused, as core is. */
export const unlimitedUse = everything

/**
 * What access amounts to at a moment. Access that ends by the clock is asked for whenever it is used, so that no job
 * has to end it and no gateway can be late.
 *
 * @param now - milliseconds since the epoch
 */
export function moduleUse(access: ModuleAccess | undefined, now: number): ModuleUse {
  if (access === undefined) return nothing
  const { level, expiresAt } = access
  if (expiresAt !== null && expiresAt <= now) return { allows: 'nothing', endedAt: expiresAt }
  return level === 'read_only' ? reading : everything
}
