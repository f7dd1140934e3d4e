import { join, resolve } from 'node:path'
import {
  coreModule,
  sharedStream,
  type Migration,
  type MigrationCatalogue,
} from '../../fleet/migration-files.js'
import { findMigration } from '../../fleet/ledger.js'
import { inspectRows } from './archive-files.js'
import { badArchive, readManifest, type ArchiveManifest } from './archive-manifest.js'
import type { OnTransfer } from './export-tenant.js'

/** An archive that is whole, and that this program can bring in. */
export interface CheckedArchive {
  /** Absolute. */
  readonly folder: string
  readonly digest: string
  readonly manifest: ArchiveManifest
  /** The program's migrations as far as the archive has them, without default rows: the schema it was taken from. */
  readonly migrations: MigrationCatalogue
}

/**
 * Reads a whole archive before anything is written: form, versions, and every file's checksum and number of rows.
 * Throws BAD_USER_INPUT saying what is wrong.
 */
export async function checkArchive(
  path: string,
  migrations: MigrationCatalogue,
  onProgress?: OnTransfer,
): Promise<CheckedArchive> {
  const folder = resolve(path)
  const { manifest, digest } = await readManifest(folder)
  const matching = migrationsOf(folder, manifest, migrations)
  for (const [index, { file, sha256, rows }] of manifest.files.entries()) {
    await onProgress?.(file, index, manifest.files.length)
    const found = await inspectRows(join(folder, file)).catch((error: unknown) => {
      throw badArchive(
        folder,
        `${file} cannot be read (${error instanceof Error ? error.message : String(error)})`,
      )
    })
    if (found.sha256 !== sha256)
      throw badArchive(folder, `${file} does not have its checksum; it was changed or damaged`)
    if (found.rows !== rows) throw badArchive(folder, `${file} has ${found.rows} rows instead of ${rows}`)
  }
  return { folder, digest, manifest, migrations: matching }
}

/** Throws when the archive knows a module or a migration that this program does not, or another one of its name. */
function migrationsOf(
  folder: string,
  manifest: ArchiveManifest,
  catalogue: MigrationCatalogue,
): MigrationCatalogue {
  if (manifest.sharedVersion > catalogue.shared.migrations.length) {
    throw newer(folder, sharedStream, manifest.sharedVersion, catalogue.shared.migrations.length)
  }
  for (const { module, version, name, checksum } of manifest.migrations) {
    const stream = catalogue.modules.get(module)
    if (stream === undefined) {
      throw badArchive(folder, `it has tables of the module ${module}, which this program does not have`)
    }
    const ours = findMigration(catalogue, module, version)
    if (ours === undefined) throw newer(folder, module, version, stream.migrations.length)
    if (ours.name !== name || ours.checksum !== checksum) {
      throw badArchive(folder, `its migration ${module} ${name} is not the one of this program, ${ours.name}`)
    }
  }
  if (!manifest.migrations.some(({ module }) => module === coreModule)) {
    throw badArchive(folder, 'it has no tables of the module core')
  }
  return { shared: catalogue.shared, modules: cut(catalogue, manifest) }
}

function cut(catalogue: MigrationCatalogue, { migrations }: ArchiveManifest): MigrationCatalogue['modules'] {
  const has = ({ module, version }: Migration): boolean =>
    migrations.some((applied) => applied.module === module && applied.version === version)
  return new Map(
    [...catalogue.modules]
      .map(
        ([name, stream]) =>
          [name, { ...stream, migrations: stream.migrations.filter(has), defaultData: undefined }] as const,
      )
      .filter(([, stream]) => stream.migrations.length > 0),
  )
}

function newer(folder: string, module: string, version: number, known: number): Error {
  return badArchive(
    folder,
    `it has version ${version} of ${module}, and this program knows versions up to ${known}; use a newer program`,
  )
}
