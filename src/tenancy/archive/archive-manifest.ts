import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError } from '../../errors.js'

/** Version of the form described in docs/export-format.md. A program reads its own and all earlier ones. */
export const FORMAT_VERSION = 1
export const MANIFEST_FILE = 'manifest.json'
/** Checksums of everything, for `sha256sum --check`. Written last: a folder without it is not complete. */
export const CHECKSUMS_FILE = 'SHA256SUMS'

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)
const count = z.number().int().nonnegative()

const fileSchema = z.strictObject({
  /** `tenant/users.copy.gz`: never a path that leads anywhere else. */
  file: z.string().regex(/^(tenant|public)\/[a-z_][a-z0-9_]{0,62}\.copy\.gz$/),
  schema: z.enum(['tenant', 'public']),
  table: identifier,
  columns: z.array(identifier).min(1),
  rows: count,
  bytes: count,
  sha256: hex,
})

const manifestSchema = z.strictObject({
  format: z.literal('orgscope-tenant'),
  formatVersion: z.number().int().positive(),
  createdAt: z.iso.datetime(),
  program: z.string(),
  server: z.string(),
  tenant: z.string(),
  /** The row of `public.organizations`. */
  organization: z.looseObject({
    id: z.uuid(),
    name: z.string().min(1),
    slug: z.string().min(1),
    plan: z.string().min(1),
  }),
  /** Optional modules whose tables the archive has. */
  modules: z.array(identifier),
  entitlements: z.array(
    z.strictObject({ module: identifier, accessLevel: z.string(), expiresAt: z.string().nullable() }),
  ),
  /** What had been applied to the tenant's schema. */
  migrations: z.array(
    z.strictObject({
      module: identifier,
      version: z.number().int().positive(),
      name: z.string(),
      checksum: hex,
    }),
  ),
  /** Latest migration of the shared schema. */
  sharedVersion: count,
  files: z.array(fileSchema),
  /** Tables whose rows are not in the archive, and why. */
  excluded: z.array(z.strictObject({ table: z.string(), reason: z.string() })),
})

export type ArchiveManifest = z.infer<typeof manifestSchema>
export type ArchiveFile = z.infer<typeof fileSchema>

/** Writes manifest and checksums; returns the archive's digest, which is that of its manifest. */
export async function writeManifest(folder: string, manifest: ArchiveManifest): Promise<string> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const digest = sha256(text)
  await writeDurably(join(folder, MANIFEST_FILE), text)
  const sums = [
    ...manifest.files.map(({ file, sha256: sum }) => `${sum}  ${file}`),
    `${digest}  ${MANIFEST_FILE}`,
  ]
  await writeDurably(join(folder, CHECKSUMS_FILE), `${sums.join('\n')}\n`)
  return digest
}

/** Reads the manifest of an archive. Throws BAD_USER_INPUT saying what is wrong with it. */
export async function readManifest(
  folder: string,
): Promise<{ readonly manifest: ArchiveManifest; readonly digest: string }> {
  const text = await readPart(folder, MANIFEST_FILE)
  const sums = await readPart(folder, CHECKSUMS_FILE)
  const digest = sha256(text)
  if (!sums.includes(`${digest}  ${MANIFEST_FILE}\n`)) {
    throw badArchive(folder, `${MANIFEST_FILE} does not have the checksum that ${CHECKSUMS_FILE} says`)
  }
  return { manifest: parseManifest(folder, text), digest }
}

function parseManifest(folder: string, text: string): ArchiveManifest {
  const json = parseJson(folder, text)
  const { format, formatVersion } = json
  if (format === 'orgscope-tenant' && Number(formatVersion) > FORMAT_VERSION) {
    throw badArchive(
      folder,
      `it has the format version ${String(formatVersion)}, and this program reads up to ${FORMAT_VERSION}; use a newer one`,
    )
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badArchive(
    folder,
    `${MANIFEST_FILE}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a manifest'}`,
  )
}

function parseJson(folder: string, text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    throw badArchive(folder, `${MANIFEST_FILE} is not JSON`)
  }
}

async function readPart(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT' ? `there is no ${name} in it` : `${name} cannot be read (${code ?? String(error)})`
    throw badArchive(folder, reason)
  }
}

/** The refusal of an archive, in words. */
export function badArchive(folder: string, reason: string): AppError {
  return new AppError('BAD_USER_INPUT', `${folder} is not an archive that can be read: ${reason}.`, {
    archive: folder,
  })
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
