import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { AppError } from '../../errors.js'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import { anonymizeTenant } from '../personal-data/anonymize-tenant.js'
import type { PlatformActor } from '../platform-audit.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { ensureMember } from '../tenant-people.js'
import type { TenantRecord } from '../tenant-record.js'
import { checkArchive } from './check-archive.js'
import { exportTenant, type OnTransfer } from './export-tenant.js'
import type { FillOptions } from './fill-tenant.js'
import { importTenant, type ImportOutcome } from './import-tenant.js'

export interface CloneOptions {
  readonly name?: string | undefined
  readonly slug?: string | undefined
  /** Takes every person out of the copy; then it belongs to the admin alone. */
  readonly anonymize: boolean
  /** First owner of an anonymous copy. */
  readonly adminEmail?: string | undefined
  /** Folder for the archive in between, which is removed again. */
  readonly directory: string
  readonly migrations: MigrationCatalogue
  readonly by?: PlatformActor | undefined
  readonly onStep?: FillOptions['onStep']
  readonly onProgress?: OnTransfer | undefined
}

/**
 * Copies a tenant under another id, as of one moment. The copy has no API keys, no tokens, no webhooks and no sign-in
 * providers that work; its people are those of the original, or nobody when it is anonymous. Interrupted, the same
 * call starts over. Throws like an export and an import.
 */
export async function cloneTenant(
  admin: pg.Pool,
  source: TenantId,
  as: TenantId,
  options: CloneOptions,
): Promise<ImportOutcome> {
  if (options.anonymize && options.adminEmail === undefined) {
    throw new AppError(
      'BAD_USER_INPUT',
      'Nobody could sign in to an anonymous copy. Name its owner with --admin-email.',
      {
        field: 'adminEmail',
      },
    )
  }
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(options.directory, `.clone-${as}-`))
  try {
    const { migrations, by, onStep, onProgress, name, slug } = options
    const { folder: copy } = await exportTenant(admin, source, join(folder, 'archive'), { by, onProgress })
    const archive = await checkArchive(copy, migrations, onProgress)
    const adjust = (client: pg.PoolClient, record: TenantRecord): Promise<void> =>
      adapt(client, record, options)
    const clone = { of: source, people: !options.anonymize, adjust }
    return await importTenant(admin, archive, { as, name, slug, by, migrations, onStep, onProgress, clone })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function adapt(
  client: pg.PoolClient,
  record: TenantRecord,
  { anonymize, adminEmail }: CloneOptions,
): Promise<void> {
  const schema = schemaOf(record.tenant)
  await client.query(
    `/* clone.silence */ delete from ${schema}.webhook_deliveries; delete from ${schema}.webhook_endpoints;
     update ${schema}.outbox_events set status = 'published', published_at = now() where status = 'pending'`,
  )
  if (!anonymize || adminEmail === undefined) return
  await anonymizeTenant(client, schema)
  await client.query(
    `/* clone.anonymous_organization */
     update public.organizations set admin_email = $2, contact_email = null, contact_number = null,
       primary_contact_name = null, primary_contact_email = null, primary_contact_phone = null,
       billing_contact_email = null, address = null, zip_code = null, domain = null
     where id = $1`,
    [record.organizationId, adminEmail],
  )
  await ensureMember(client, record, { email: adminEmail, role: 'owner' })
}
