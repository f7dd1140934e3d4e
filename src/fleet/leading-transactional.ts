import type { Migration } from './migration-files.js'

/** The steps that can go together in one transaction: those in front of the first that refuses one. */
export function leadingTransactional(steps: readonly Migration[]): readonly Migration[] {
  const end = steps.findIndex(({ up }) => !up.transactional)
  return end < 0 ? steps : steps.slice(0, end)
}
