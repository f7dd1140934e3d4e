import { isPostgresError } from '../../database/postgres-error.js'
import type pg from 'pg'
import { writePlatformAudit } from '../platform-audit.js'
import { roleOf, schemaOf, type TenantId } from '../tenant-id.js'
import { openOperation } from '../tenant-operations.js'
import { announce, showTenant, type TenantRecord } from '../tenant-record.js'
import { nameTaken, refusalOf } from '../tenant-request.js'
import { AppError } from '../../errors.js'
import type { CheckedArchive } from './check-archive.js'
import { quoted } from './exported-tables.js'
import type { ImportOptions } from './import-tenant.js'

/** Of the organization's row: what is decided here and not by the archive. */
const OWN_COLUMNS = ['id', 'org_key', 'name', 'slug', 'status', 'created_by', 'deleted_at', 'updated_at']

/**
 * Writes down, in the caller's transaction, that a tenant is wanted from an archive: organization, tenant, entitlements
 * and the operation itself. Throws CONFLICT_DUPLICATE when another organization has the name or slug.
 */
export async function requestImport(
  db: pg.PoolClient,
  tenant: TenantId,
  archive: CheckedArchive,
  options: ImportOptions,
): Promise<TenantRecord> {
  const organizationId = await insertOrganization(db, tenant, archive, options)
  await db.query(
    `/* tenants.insert */
     insert into public.tenant_schemas (organization_id, schema_name, role_name) values ($1, $2, $3)`,
    [organizationId, schemaOf(tenant), roleOf(tenant)],
  )
  await grantModules(db, organizationId, archive)
  const kind = options.clone === undefined ? 'import' : 'clone'
  const source = options.clone?.of ?? archive.folder
  await openOperation(db, organizationId, { kind, source, digest: archive.digest })
  await writePlatformAudit(
    db,
    {
      eventType: `tenant.${kind}_requested`,
      category: 'provisioning',
      organizationId,
      target: tenant,
      details: { source, digest: archive.digest, of: archive.manifest.tenant },
    },
    options.by,
  )
  await announce(db, tenant)
  return showTenant(db, tenant)
}

async function insertOrganization(
  db: pg.PoolClient,
  tenant: TenantId,
  { manifest: { organization, tenant: original } }: CheckedArchive,
  options: ImportOptions,
): Promise<string> {
  const isCopy = tenant !== original
  const name = options.name ?? (isCopy ? `${organization.name} (${tenant})` : organization.name)
  const slug = options.slug ?? (isCopy ? tenant.replaceAll('_', '-') : organization.slug)
  const { rows: taken } = await db.query(
    `/* organizations.name_taken */ select from public.organizations where lower(name) = lower($1) and deleted_at is null`,
    [name],
  )
  if (taken.length > 0) throw nameTaken(name)
  const columns = await copiedColumns(db, organization)
  const list = columns.map(quoted).join(', ')
  try {
    const { rows } = await db.query<{ id: string }>(
      `/* archive.organization_insert */
       insert into public.organizations (id, org_key, name, slug${list === '' ? '' : `, ${list}`})
       select case when exists (select from public.organizations o where o.id = $1) then public.uuid_v7() else $1 end,
         $2, $3, $4${columns.map((column) => `, given.${quoted(column)}`).join('')}
       from jsonb_populate_record(null::public.organizations, $5) as given returning id`,
      [organization.id, tenant, name, slug, JSON.stringify(organization)],
    )
    return rows[0]!.id
  } catch (error) {
    throw refusalOf(error, name, slug) ?? badOrganization(error) ?? error
  }
}

/** The columns that both the archive and this installation have. */
async function copiedColumns(db: pg.PoolClient, organization: object): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `/* archive.organization_columns */ select attname::text as name from pg_attribute
     where attrelid = 'public.organizations'::regclass and attnum > 0 and not attisdropped
       and attname = any($1) and attname <> all($2) order by attnum`,
    [Object.keys(organization), OWN_COLUMNS],
  )
  return rows.map(({ name }) => name)
}

/** A value of the manifest that no column takes is the archive's fault. */
function badOrganization(error: unknown): AppError | undefined {
  if (!isPostgresError(error) || !/^2[23]/.test(error.code)) return undefined
  return new AppError('BAD_USER_INPUT', `The manifest's organization cannot be taken over: ${error.message}.`)
}

/** Modules that this installation does not offer are left out; the tables of those it has were checked before. */
async function grantModules(
  db: pg.PoolClient,
  organizationId: string,
  { manifest }: CheckedArchive,
): Promise<void> {
  await db.query(
    `/* archive.entitlements */
     insert into public.module_access (organization_id, module_id, access_level, expires_at)
     select $1, m.id, given."accessLevel", given."expiresAt"
     from jsonb_to_recordset($2) as given (module text, "accessLevel" text, "expiresAt" timestamptz)
     join public.modules m on m.name = given.module and m.is_active and not m.is_core`,
    [organizationId, JSON.stringify(manifest.entitlements)],
  )
}
