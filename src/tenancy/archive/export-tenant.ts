import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type pg from 'pg'
import { copyOut, copySettings, withCopyClient } from '../../database/copy.js'
import { ownerRole, ownerTransaction } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import { coreModule } from '../../fleet/migration-files.js'
import { packageRoot } from '../../package-root.js'
import { writePlatformAudit, type PlatformActor } from '../platform-audit.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { showTenant, type TenantRecord } from '../tenant-record.js'
import { writeRows } from './archive-files.js'
import { FORMAT_VERSION, writeManifest, type ArchiveFile, type ArchiveManifest } from './archive-manifest.js'
import { exportedTables, type ExportedTable } from './exported-tables.js'
import { excludedTenantTables, sharedTableRules } from './table-rules.js'

/** Told what is being worked on and how many of the tables are done; awaited. */
export type OnTransfer = (table: string, done: number, total: number) => void | Promise<void>

export interface ExportOptions {
  readonly by?: PlatformActor | undefined
  readonly onProgress?: OnTransfer | undefined
  /** Waits for writers that have begun and holds off others until the snapshot is written. */
  readonly lockTables?: boolean | undefined
}

export interface ExportOutcome {
  readonly tenant: TenantId
  /** The finished archive. */
  readonly folder: string
  readonly digest: string
  readonly tables: number
  readonly rows: number
  /** Of the lines, before they were compressed. */
  readonly bytes: number
}

/** States in which a tenant's schema is complete. */
const EXPORTABLE = new Set(['active', 'suspended'])

/**
 * Writes one tenant into a folder: all of it as of one moment, while others go on writing. Memory does not grow with
 * the data. The folder gets its name when it is complete, so that a killed export leaves nothing that looks like an
 * archive. Throws CONFLICT when the folder exists or the tenant has no complete schema.
 */
export async function exportTenant(
  admin: pg.Pool,
  tenant: TenantId,
  to: string,
  options: ExportOptions = {},
): Promise<ExportOutcome> {
  const folder = resolve(to)
  const record = await showTenant(admin, tenant)
  requireExportable(record)
  await requireFree(folder)
  await removeAbandoned(folder)
  const partial = join(
    dirname(folder),
    `.${basename(folder)}.${process.pid}.${randomBytes(4).toString('hex')}.partial`,
  )
  await mkdir(partial, { recursive: true, mode: 0o700 })
  try {
    const manifest = await withCopyClient(admin, (client) => writeSnapshot(client, record, partial, options))
    const digest = await writeManifest(partial, manifest)
    await publish(partial, folder)
    const outcome = summary(tenant, folder, digest, manifest)
    await audit(admin, record, outcome, options.by)
    return outcome
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

function requireExportable({ tenant, state }: TenantRecord): void {
  if (EXPORTABLE.has(state)) return
  throw new AppError(
    'CONFLICT',
    `Tenant ${tenant} is ${state}; only an active or suspended one can be exported.`,
    {
      tenant,
      state,
    },
  )
}

async function requireFree(folder: string): Promise<void> {
  const exists = await stat(folder).then(
    () => true,
    () => false,
  )
  if (exists)
    throw new AppError('CONFLICT', `${folder} exists already. Name a folder that does not.`, { folder })
}

/** What killed exports to the same folder have left behind. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(dirname(folder)).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(`.${basename(folder)}.`)) continue
    const pid = /\.(\d+)\.[0-9a-f]{8}\.partial$/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) {
      await rm(join(dirname(folder), name), { recursive: true, force: true })
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function writeSnapshot(
  client: pg.PoolClient,
  record: TenantRecord,
  folder: string,
  { onProgress, lockTables = false }: ExportOptions,
): Promise<ArchiveManifest> {
  const names = await tableNames(client, schemaOf(record.tenant))
  await client.query(`begin isolation level repeatable read; set local role ${ownerRole}; ${copySettings}`)
  // Before the snapshot is taken: a table that was rewritten meanwhile would look empty in it.
  const mode = lockTables ? 'share' : 'access share'
  await client.query(`/* archive.lock */ lock table ${names.join(', ')} in ${mode} mode`)
  await client.query('set transaction read only')
  const tables = await exportedTables(client, schemaOf(record.tenant), record.organizationId)
  const facts = await describe(client, record)
  const files: ArchiveFile[] = []
  for (const [index, table] of tables.entries()) {
    await onProgress?.(table.table, index, tables.length)
    files.push(await writeTable(client, folder, table))
  }
  await onProgress?.('manifest', tables.length, tables.length)
  await client.query('commit')
  return { ...facts, files, excluded: exclusions() }
}

async function tableNames(client: pg.PoolClient, schemaName: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `/* archive.names */ select format('%I.%I', $1::text, relname) as name from pg_class
     where relnamespace = to_regnamespace($1) and relkind in ('r', 'p') and not relispartition order by relname`,
    [schemaName],
  )
  return rows.map(({ name }) => name)
}

async function writeTable(client: pg.PoolClient, folder: string, table: ExportedTable): Promise<ArchiveFile> {
  const file = `${table.schema}/${table.table}.copy.gz`
  const facts = await copyOut(client, `/* archive.export */ ${table.query}`, (lines) =>
    writeRows(join(folder, file), lines),
  )
  return { file, schema: table.schema, table: table.table, columns: [...table.columns], ...facts }
}

type Described = Omit<ArchiveManifest, 'files' | 'excluded'>

async function describe(client: pg.PoolClient, record: TenantRecord): Promise<Described> {
  const { rows } = await client.query<Described>(
    `/* archive.manifest */
     select to_jsonb(o) - 'created_by' - 'deleted_at' as organization, current_setting('server_version') as server,
       (select coalesce(max(version), 0) from public.schema_migrations
        where schema_name = 'public' and status in ('applied', 'baseline')) as "sharedVersion",
       (select coalesce(jsonb_agg(jsonb_build_object('module', m.name, 'accessLevel', a.access_level,
          'expiresAt', a.expires_at) order by m.name), '[]')
        from public.module_access a join public.modules m on m.id = a.module_id where a.organization_id = o.id)
         as entitlements,
       (select coalesce(jsonb_agg(jsonb_build_object('module', s.module, 'version', s.version,
          'name', s.migration_name, 'checksum', s.checksum) order by s.module, s.version), '[]')
        from public.schema_migrations s where s.schema_name = $2 and s.status in ('applied', 'baseline'))
         as migrations
     from public.organizations o where o.id = $1`,
    [record.organizationId, schemaOf(record.tenant)],
  )
  const [facts] = rows as [Described]
  const installed = [...new Set(facts.migrations.map(({ module }) => module))]
  return {
    format: 'orgscope-tenant',
    formatVersion: FORMAT_VERSION,
    createdAt: new Date().toISOString(),
    program: await programVersion(),
    server: facts.server,
    tenant: record.tenant,
    organization: facts.organization,
    modules: installed.filter((module) => module !== coreModule).sort(),
    entitlements: facts.entitlements,
    migrations: facts.migrations,
    sharedVersion: facts.sharedVersion,
  }
}

async function programVersion(): Promise<string> {
  const text = await readFile(join(packageRoot, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version?: string }).version ?? 'unknown'
}

function exclusions(): ArchiveManifest['excluded'] {
  return [
    ...Object.entries(excludedTenantTables).map(([table, reason]) => ({ table, reason })),
    ...Object.entries(sharedTableRules).flatMap(([table, rule]) =>
      'excluded' in rule ? [{ table: `public.${table}`, reason: rule.excluded }] : [],
    ),
  ]
}

/** Gives the finished folder its name; both directories are flushed, so that the name survives a power cut. */
async function publish(partial: string, folder: string): Promise<void> {
  await flush(partial)
  try {
    await rename(partial, folder)
  } catch (error) {
    if (/^(ENOTEMPTY|EEXIST|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      await requireFree(folder)
    throw error
  }
  await flush(dirname(folder))
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function summary(
  tenant: TenantId,
  folder: string,
  digest: string,
  { files }: ArchiveManifest,
): ExportOutcome {
  const sum = (field: 'rows' | 'bytes'): number => files.reduce((total, file) => total + file[field], 0)
  return { tenant, folder, digest, tables: files.length, rows: sum('rows'), bytes: sum('bytes') }
}

async function audit(
  admin: pg.Pool,
  { organizationId, tenant }: TenantRecord,
  { folder, digest, rows }: ExportOutcome,
  by: PlatformActor | undefined,
): Promise<void> {
  await ownerTransaction(admin, (db) =>
    writePlatformAudit(
      db,
      {
        eventType: 'tenant.exported',
        category: 'provisioning',
        organizationId,
        target: tenant,
        details: { folder, digest, rows },
      },
      by,
    ),
  )
}
