import { AppError } from '../errors.js'
import { coreModule, latestVersion, type MigrationCatalogue } from '../fleet/migration-files.js'
import type { DirectoryEntry } from './tenant-directory.js'

/** Which versions of each module's schema a program can work with. */
export interface ServedVersions {
  /** The least one: its last migration that is not marked as optional. */
  readonly minimum: ReadonlyMap<string, number>
  /** The last one it knows of. A later schema is served as long as nothing in it is marked as breaking. */
  readonly known: ReadonlyMap<string, number>
}

/** What a gateway does with every organization that comes in. */
export interface TenantGate {
  readonly versions: ServedVersions
  /** Told of a request for an organization whose schema is older than this program needs. */
  readonly onBehind?: ((entry: DirectoryEntry) => void) | undefined
  /** Told of every request that is let in. */
  readonly onServed?: ((entry: DirectoryEntry) => void) | undefined
}

/** Seconds after which a client may ask again: a tenant is migrated in much less, a wave may take longer. */
const RETRY_AFTER = 5

/** The versions a program with these migrations serves. */
export function servedVersions({ modules }: MigrationCatalogue): ServedVersions {
  const streams = [...modules.values()]
  return {
    minimum: new Map(
      streams.map(({ module, migrations }) => [
        module,
        migrations.findLast(({ optional }) => !optional)?.version ?? 0,
      ]),
    ),
    known: new Map(streams.map((stream) => [stream.module, latestVersion(stream)])),
  }
}

/**
 * Lets an organization in when this program can work with its schema. Throws TENANT_MIGRATING, which is worth a retry,
 * while a module's schema is too old for it, or so new that it breaks with what this program knows.
 */
export function requireServableVersions(entry: DirectoryEntry, gate: TenantGate): void {
  for (const module of [coreModule, ...entry.modules.keys()]) {
    const known = gate.versions.known.get(module)
    // A module this program has no tables for is one it never touches.
    if (known === undefined) continue
    if ((entry.schemaVersions[module] ?? 0) < (gate.versions.minimum.get(module) ?? 0)) {
      gate.onBehind?.(entry)
      throw migrating(entry, module, 'is being brought to the version of this gateway')
    }
    if ((entry.requiredVersions[module] ?? 0) > known) {
      throw migrating(entry, module, 'has a version this gateway does not know yet; others do')
    }
  }
  gate.onServed?.(entry)
}

function migrating({ tenant }: DirectoryEntry, module: string, how: string): AppError {
  return new AppError(
    'TENANT_MIGRATING',
    `The organization ${tenant} is being migrated: its module ${module} ${how}. Try again in a moment.`,
    { tenant, module },
    { retryAfter: RETRY_AFTER },
  )
}
