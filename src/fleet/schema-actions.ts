import type { AppliedVersions } from './ledger.js'
import type { Migration, MigrationCatalogue, MigrationStream } from './migration-files.js'

/** What a fleet run does to every schema it goes through. */
export type FleetRunKind = 'migrate' | 'rollback' | 'redo' | 'mark_applied'

/** What a run is about, as it is kept in `public.fleet_runs`. */
export interface RunWork {
  readonly kind: FleetRunKind
  /** The one stream of a rollback, redo or mark_applied; null for a migrate run, which may be about several. */
  readonly module: string | null
  /** rollback: the version to arrive at; mark_applied: the last one recorded; redo: how many steps. */
  readonly targetVersion: number | null
  /** migrate: the version each module is brought to; modules not named are left alone. */
  readonly targetVersions: Readonly<Record<string, number>>
}

/** One thing to do in one schema. */
export interface SchemaAction {
  /** `record` writes it down without running it. */
  readonly verb: 'apply' | 'undo' | 'record'
  readonly step: Migration
}

/** Steps of a redo that this run has taken back or applied already: it may have been interrupted. */
export interface RedoProgress {
  /** Highest version of the module before the run came. */
  readonly from: number
  /** Versions this run applied again. */
  readonly redone: ReadonlySet<number>
}

/** What is left to do in a schema, in order, judging by its ledger: done twice, the second time is nothing. */
export function actionsFor(
  work: RunWork,
  catalogue: MigrationCatalogue,
  modules: readonly string[],
  applied: AppliedVersions,
  redo?: RedoProgress,
): SchemaAction[] {
  const streams = [...catalogue.modules.values()].filter(({ module }) => modules.includes(module))
  if (work.kind === 'migrate') {
    return streams.flatMap((stream) => {
      const target = work.targetVersions[stream.module] ?? 0
      return pending(stream, applied, target).map((step): SchemaAction => ({ verb: 'apply', step }))
    })
  }
  const stream = streams.find(({ module }) => module === work.module)
  const version = work.targetVersion
  if (stream === undefined || version === null) return []
  switch (work.kind) {
    case 'rollback':
      return undone(stream, applied, version)
    case 'mark_applied':
      return pending(stream, applied, version).map((step): SchemaAction => ({ verb: 'record', step }))
    case 'redo':
      return redoActions(stream, applied, version, redo)
  }
}

/** The migrations of a stream up to a version that a schema does not have. */
function pending(stream: MigrationStream, applied: AppliedVersions, upTo: number): Migration[] {
  const there = applied.get(stream.module)
  return stream.migrations.filter(({ version }) => version <= upTo && there?.has(version) !== true)
}

/** Taking back what a schema has above a version, latest first. */
function undone(stream: MigrationStream, applied: AppliedVersions, above: number): SchemaAction[] {
  const there = applied.get(stream.module)
  return stream.migrations
    .filter(({ version }) => version > above && there?.has(version) === true)
    .reverse()
    .map((step) => ({ verb: 'undo', step }))
}

/** Taking the last steps back and making them again; what this run made again already is left as it is. */
function redoActions(
  stream: MigrationStream,
  applied: AppliedVersions,
  steps: number,
  progress: RedoProgress | undefined,
): SchemaAction[] {
  const there = applied.get(stream.module) ?? new Set<number>()
  const from = progress?.from ?? Math.max(0, ...there)
  const redone = progress?.redone ?? new Set<number>()
  const concerned = stream.migrations.filter(
    ({ version }) =>
      version > from - steps && version <= from && !(redone.has(version) && there.has(version)),
  )
  return [
    ...concerned
      .filter(({ version }) => there.has(version))
      .reverse()
      .map((step): SchemaAction => ({ verb: 'undo', step })),
    ...concerned.map((step): SchemaAction => ({ verb: 'apply', step })),
  ]
}
