import { join } from 'node:path'
import type pg from 'pg'
import { copyIn } from '../../database/copy.js'
import { isPostgresError } from '../../database/postgres-error.js'
import { AppError } from '../../errors.js'
import { readRows } from './archive-files.js'
import { badArchive, type ArchiveFile } from './archive-manifest.js'
import type { CheckedArchive } from './check-archive.js'
import { quoted, readTableColumns } from './exported-tables.js'
import type { OnTransfer } from './export-tenant.js'
import { excludedTenantTables } from './table-rules.js'

interface ForeignKey {
  readonly place: string
  readonly name: string
  readonly definition: string
}

/**
 * Fills the tables of a schema from an archive, in the caller's transaction. `adjust` runs when all rows are there and
 * no foreign key is yet: people refer to teams and teams to people, so no order of tables would satisfy the keys.
 * They are made again afterwards, which checks every row. Throws BAD_USER_INPUT when tables and files do not match.
 */
export async function loadRows(
  client: pg.PoolClient,
  schemaName: string,
  archive: CheckedArchive,
  onProgress: OnTransfer | undefined,
  adjust: () => Promise<void>,
): Promise<void> {
  const files = await matchFiles(client, schemaName, archive)
  const keys = await readForeignKeys(client, schemaName)
  for (const { place, name } of keys) {
    await client.query(`/* archive.drop_key */ alter table ${place} drop constraint ${quoted(name)}`)
  }
  // A migration may have made rows of its own.
  const places = files.map(({ table }) => `${quoted(schemaName)}.${quoted(table)}`)
  await client.query(`/* archive.empty */ truncate ${places.join(', ')}`)
  for (const [index, file] of files.entries()) {
    await onProgress?.(file.table, index, files.length)
    await loadFile(client, archive.folder, file, `${quoted(schemaName)}.${quoted(file.table)}`)
  }
  await adjust()
  await onProgress?.('foreign keys', files.length, files.length)
  for (const { place, name, definition } of keys) {
    const add = `/* archive.add_key */ alter table ${place} add constraint ${quoted(name)} ${definition}`
    await client.query(add).catch((error: unknown) => {
      throw refusalOf(archive.folder, place, error)
    })
  }
}

/** Copies a file into a table that has its columns. Throws when other than the promised number of rows arrive. */
export async function loadFile(
  client: pg.PoolClient,
  folder: string,
  { file, columns, rows }: ArchiveFile,
  place: string,
): Promise<void> {
  const target = `${place} (${columns.map(quoted).join(', ')})`
  const arrived = await copyIn(client, target, readRows(join(folder, file))).catch((error: unknown) => {
    throw refusalOf(folder, file, error)
  })
  if (arrived === rows) return
  throw new AppError('CONFLICT', `${file}: ${arrived} of ${rows} rows arrived.`, { file })
}

/** What the server says of rows: that they are wrong, or that it has no room for them. */
function refusalOf(folder: string, place: string, error: unknown): unknown {
  if (!isPostgresError(error)) return error
  const { code, message, detail, where } = error
  const words = [`${place}: ${message}`, detail, where?.split('\n')[0]]
    .filter((part) => part !== undefined)
    .join('; ')
  if (/^2[23]/.test(code)) return badArchive(folder, words)
  if (!code.startsWith('53')) return error
  return new AppError(
    'SERVICE_UNAVAILABLE',
    `The server has no room: ${words}. Nothing of the import is left.`,
  )
}

/** Every table has its file and every file its table, with columns that exist: names in SQL are those of the catalogue. */
async function matchFiles(
  client: pg.PoolClient,
  schemaName: string,
  { folder, manifest }: CheckedArchive,
): Promise<readonly ArchiveFile[]> {
  const tables = await readTableColumns(client, schemaName)
  const files = manifest.files.filter(({ schema }) => schema === 'tenant')
  for (const { file, table, columns } of files) {
    const known = tables.find((each) => each.table === table)
    if (known === undefined) throw badArchive(folder, `${file} is for a table that its versions do not have`)
    const unknown = columns.filter((column) => !known.columns.includes(column))
    if (unknown.length > 0) throw badArchive(folder, `${file} has the unknown columns ${unknown.join(', ')}`)
  }
  const missing = tables.filter(
    ({ table }) => excludedTenantTables[table] === undefined && !files.some((file) => file.table === table),
  )
  if (missing.length > 0) {
    throw badArchive(folder, `it lacks the tables ${missing.map(({ table }) => table).join(', ')}`)
  }
  return files
}

async function readForeignKeys(client: pg.PoolClient, schemaName: string): Promise<readonly ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `/* archive.keys */
     select format('%I.%I', n.nspname, c.relname) as place, k.conname::text as name,
       pg_get_constraintdef(k.oid) as definition
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and k.contype = 'f' and k.conparentid = 0
     order by place, name`,
    [schemaName],
  )
  return rows
}
