import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MigrationCatalogue } from '../../src/fleet/migration-files.js'
import {
  actionsFor,
  type FleetRunKind,
  type RunWork,
  type SchemaAction,
} from '../../src/fleet/schema-actions.js'
import { withMigration } from '../support/catalogue.js'

const STEPS = 6
const files = Array.from({ length: STEPS }).reduce<MigrationCatalogue>(
  (catalogue) => withMigration(catalogue, { module: 'core', name: 'step', up: 'select 1;' }),
  { shared: { module: 'public', migrations: [], defaultData: undefined }, modules: new Map() },
)

/** A schema's ledger, and what a run wrote into it. */
class Schema {
  readonly applied: Set<number>
  readonly redone = new Set<number>()
  readonly done: string[] = []

  constructor(readonly from: number) {
    this.applied = new Set(Array.from({ length: from }, (_, index) => index + 1))
  }

  actions(work: RunWork): SchemaAction[] {
    const redo = { from: this.from, redone: this.redone }
    return actionsFor(work, files, ['core'], new Map([['core', this.applied]]), redo)
  }

  do({ verb, step: { version } }: SchemaAction): void {
    this.done.push(`${verb} ${version}`)
    if (verb === 'undo') {
      this.applied.delete(version)
      this.redone.delete(version)
    } else {
      this.applied.add(version)
      this.redone.add(version)
    }
  }
}

function workOf(kind: FleetRunKind, version: number): RunWork {
  const isMigrate = kind === 'migrate'
  return {
    kind,
    module: isMigrate ? null : 'core',
    targetVersion: isMigrate ? null : version,
    targetVersions: isMigrate ? { core: version } : {},
  }
}

test('however often a run is interrupted, every schema ends as it would have without, nothing done twice', () => {
  const kinds = fc.constantFrom<FleetRunKind>('migrate', 'rollback', 'redo', 'mark_applied')
  const interruptions = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 })
  fc.assert(
    fc.property(
      kinds,
      fc.nat(STEPS),
      fc.integer({ min: 1, max: STEPS }),
      interruptions,
      (kind, from, version, cuts) => {
        const work = workOf(kind, version)
        const undisturbed = new Schema(from)
        for (const action of undisturbed.actions(work)) undisturbed.do(action)
        const interrupted = new Schema(from)
        for (const cut of [...cuts, Infinity]) {
          for (const action of interrupted.actions(work).slice(0, cut)) interrupted.do(action)
        }
        expect(interrupted.done).toEqual(undisturbed.done)
        expect(interrupted.applied).toEqual(undisturbed.applied)
        expect(interrupted.actions(work)).toEqual([])
      },
    ),
  )
})

test('a migrate run leaves alone what it does not name', () => {
  const work: RunWork = { kind: 'migrate', module: null, targetVersion: null, targetVersions: { usage: 3 } }
  expect(new Schema(0).actions(work)).toEqual([])
})

test('a redo of more steps than there are redoes those there are', () => {
  expect(new Schema(2).actions(workOf('redo', 5)).map(({ verb, step }) => `${verb} ${step.version}`)).toEqual(
    ['undo 2', 'undo 1', 'apply 1', 'apply 2'],
  )
})
