import type pg from 'pg'
import { repointPeople } from '../personal-data/repoint-people.js'
import { peopleTables } from '../personal-data/people-tables.js'
import { badArchive } from './archive-manifest.js'
import type { CheckedArchive } from './check-archive.js'
import { quoted } from './exported-tables.js'
import { loadFile } from './load-rows.js'
import { sharedTableRules } from './table-rules.js'

/** What became of an archive's people and credentials. */
export interface SharedRowsOutcome {
  /** People who had an account here, by their id or by the subject they sign in with. */
  readonly matchedPeople: number
  /** Accounts that were made, without any proof of identity. */
  readonly createdIdentities: readonly string[]
  /** E-mail addresses of people who stay in the directory but cannot sign in: the address is somebody else's account. */
  readonly withoutAccount: readonly string[]
  readonly apiKeys: number
}

export interface SharedRowsOptions {
  /** Memberships and invitations; the people's accounts come with them. */
  readonly people: boolean
  /** Keys of the API and of directory synchronization. */
  readonly credentials: boolean
}

/** Tables of staged rows; gone again before the transaction ends. */
const staged = (table: string): string => `"import_${table}"`

/**
 * Brings in the rows of schema `public` that came with a tenant, in the caller's transaction, whose search path is
 * the tenant's schema. They are staged first and then copied column by column: what grants anything is decided here,
 * never by the archive. An archive cannot take over an account, because nothing of an account that exists is changed,
 * and a new one comes without password, subject or verified address.
 */
export async function importSharedRows(
  client: pg.PoolClient,
  schemaName: string,
  organizationId: string,
  archive: CheckedArchive,
  { people, credentials }: SharedRowsOptions,
): Promise<SharedRowsOutcome> {
  const tables = await stage(client, archive)
  const resolved =
    people && tables.has('identities')
      ? await importPeople(client, schemaName, organizationId, tables)
      : nobody
  const apiKeys = credentials ? await importCredentials(client, organizationId, tables) : 0
  await importSettings(client, organizationId, tables)
  for (const table of [...tables.keys(), 'people']) {
    await client.query(`/* archive.unstage */ drop table if exists ${staged(table)}`)
  }
  return { ...resolved, apiKeys }
}

const nobody = { matchedPeople: 0, createdIdentities: [], withoutAccount: [] }

/** Staged tables by name, with the columns the archive has of them. */
type Staged = ReadonlyMap<string, readonly string[]>

async function stage(client: pg.PoolClient, { folder, manifest }: CheckedArchive): Promise<Staged> {
  const tables = new Map<string, readonly string[]>()
  for (const file of manifest.files.filter(({ schema }) => schema === 'public')) {
    const rule = sharedTableRules[file.table]
    if (rule === undefined || 'excluded' in rule) {
      throw badArchive(folder, `${file.file} is of a table whose rows no archive may bring`)
    }
    const types = await columnTypes(client, file.table, Object.keys(rule.extra ?? {}))
    const unknown = file.columns.filter(
      (column) => types.get(column) === undefined || rule.without?.includes(column),
    )
    if (unknown.length > 0)
      throw badArchive(folder, `${file.file} has the unknown columns ${unknown.join(', ')}`)
    const columns = file.columns.map((column) => `${quoted(column)} ${types.get(column)}`)
    await client.query(`/* archive.stage */ create table ${staged(file.table)} (${columns.join(', ')})`)
    await loadFile(client, folder, file, staged(file.table))
    tables.set(file.table, file.columns)
  }
  return tables
}

async function columnTypes(
  client: pg.PoolClient,
  table: string,
  extra: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `/* archive.types */ select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [`public.${table}`],
  )
  return new Map([
    ...rows.map(({ name, type }) => [name, type] as const),
    ...extra.map((name) => [name, 'jsonb'] as const),
  ])
}

/** A column of a staged row as it is taken over: a subject's old name, unless the archive lacks it. */
function taken(tables: Staged, table: string, columns: readonly string[]): string[] {
  return columns.filter((column) => tables.get(table)?.includes(column) === true)
}

async function importPeople(
  client: pg.PoolClient,
  schemaName: string,
  organizationId: string,
  tables: Staged,
): Promise<Omit<SharedRowsOutcome, 'apiKeys'>> {
  await resolvePeople(client)
  const created = await createIdentities(client)
  const { rows } = await client.query<{ old: string; new: string | null; email: string; matched: boolean }>(
    `/* archive.people */ select old_id as old, new_id as new, email, matched from ${staged('people')}`,
  )
  const moved = rows.flatMap(({ old, new: to }) => (to !== null && to !== old ? [{ from: old, to }] : []))
  await repointPeople(client, await tenantTables(client, schemaName), moved, { withUsers: true })
  if (tables.has('memberships')) await importMemberships(client, organizationId, tables)
  if (tables.has('invitations')) await importInvitations(client, organizationId)
  return {
    matchedPeople: rows.filter(({ matched }) => matched).length,
    createdIdentities: created,
    withoutAccount: rows.filter(({ new: to }) => to === null).map(({ email }) => email),
  }
}

/** The staging tables lie in the tenant's schema and are none of its tables. */
async function tenantTables(client: pg.PoolClient, schemaName: string): ReturnType<typeof peopleTables> {
  return peopleTables(client, schemaName, (table) => table.startsWith('import_'))
}

/**
 * An account is the same when it has the same id, or when it is the one to which this installation has linked a
 * subject of the same issuer. The e-mail address decides nothing: anybody can write one into an archive.
 */
async function resolvePeople(client: pg.PoolClient): Promise<void> {
  await client.query(
    `/* archive.resolve */
     create table ${staged('people')} as
     select s.id as old_id, s.email, s.kind, coalesce(same.id, linked.id) as new_id,
       coalesce(same.id, linked.id) is not null as matched
     from ${staged('identities')} s
     left join public.identities same on same.id = s.id and same.deleted_at is null
     left join lateral (
       select (array_agg(distinct a.identity_id))[1] as id
       from jsonb_array_elements(s.subjects) subject
       join public.sso_providers p on p.issuer = subject ->> 0 and p.is_active
       join public.sso_accounts a on a.provider_id = p.id and a.external_subject = subject ->> 1
       join public.identities i on i.id = a.identity_id and i.deleted_at is null
       having count(distinct a.identity_id) = 1
     ) linked on same.id is null`,
  )
  // Two people of the archive who are one account here: the second one stays without.
  await client.query(
    `/* archive.resolve_once */ update ${staged('people')} p set new_id = null, matched = false
     where exists (select from ${staged('people')} o where o.new_id = p.new_id and o.old_id < p.old_id)`,
  )
}

async function createIdentities(client: pg.PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `/* archive.identities */
     with made as (
       insert into public.identities (id, email, kind)
       select p.old_id, p.email, case when p.kind in ('enterprise', 'community', 'service') then p.kind else 'enterprise' end
       from ${staged('people')} p
       where p.new_id is null and not exists (select from public.identities i where i.id = p.old_id)
       on conflict do nothing returning id
     )
     update ${staged('people')} p set new_id = made.id from made where made.id = p.old_id returning made.id`,
  )
  return rows.map(({ id }) => id)
}

/** Who a column of the archive meant, as far as that person has an account here. */
function person(column: string): string {
  return `(select p.new_id from ${staged('people')} p where p.old_id = s.${column})`
}

async function importMemberships(
  client: pg.PoolClient,
  organizationId: string,
  tables: Staged,
): Promise<void> {
  const copied = taken(tables, 'memberships', [
    ...['role', 'permissions', 'access_level', 'restricted_environments', 'restricted_data_types', 'status'],
    ...[
      'joined_at',
      'granted_at',
      'expires_at',
      'last_accessed_at',
      'access_count',
      'created_at',
      'updated_at',
    ],
  ])
  await client.query(
    `/* archive.memberships */
     insert into public.memberships (organization_id, identity_id, invited_by, granted_by, ${copied.join(', ')})
     select $1, ${person('identity_id')}, ${person('invited_by')}, ${person('granted_by')},
       ${copied.map((column) => `s.${column}`).join(', ')}
     from ${staged('memberships')} s where ${person('identity_id')} is not null`,
    [organizationId],
  )
}

/** The link of an open invitation leads to the installation it came from; here it is history. */
async function importInvitations(client: pg.PoolClient, organizationId: string): Promise<void> {
  await client.query(
    `/* archive.invitations */
     insert into public.invitations (organization_id, email, role, role_names, team_ids, token_hash, status, message,
       invited_by, accepted_by, expires_at, responded_at, created_at, updated_at)
     select $1, s.email, s.role, s.role_names, s.team_ids,
       encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex'),
       case when s.status = 'pending' then 'expired' else s.status end, s.message,
       ${person('invited_by')}, ${person('accepted_by')}, s.expires_at, s.responded_at, s.created_at, s.updated_at
     from ${staged('invitations')} s`,
    [organizationId],
  )
}

/** A key that exists in this installation already belongs to whoever has it. */
async function importCredentials(
  client: pg.PoolClient,
  organizationId: string,
  tables: Staged,
): Promise<number> {
  if (tables.has('scim_tokens')) {
    await client.query(
      `/* archive.scim_tokens */
       insert into public.scim_tokens (id, organization_id, name, token_prefix, token_hash, status, last_used_at,
         expires_at, revoked_at, created_at, updated_at)
       select s.id, $1, s.name, s.token_prefix, s.token_hash, s.status, s.last_used_at, s.expires_at, s.revoked_at,
         s.created_at, s.updated_at
       from ${staged('scim_tokens')} s on conflict do nothing`,
      [organizationId],
    )
  }
  if (!tables.has('api_keys')) return 0
  const { rowCount } = await client.query(
    `/* archive.api_keys */
     insert into public.api_keys (id, organization_id, name, key_prefix, key_hash, permissions, role_name, rate_limit,
       monthly_quota, status, allowed_ips, last_used_at, expires_at, rotation_interval_days, overlap_until, revoked_at,
       created_at, updated_at)
     select s.id, $1, s.name, s.key_prefix, s.key_hash, s.permissions, s.role_name, s.rate_limit, s.monthly_quota,
       s.status, s.allowed_ips, s.last_used_at, s.expires_at, s.rotation_interval_days, s.overlap_until, s.revoked_at,
       s.created_at, s.updated_at
     from ${staged('api_keys')} s on conflict do nothing`,
    [organizationId],
  )
  if (tables.has('api_key_usage')) {
    await client.query(
      `/* archive.api_key_usage */
       insert into public.api_key_usage (api_key_id, period, request_count, token_count, updated_at)
       select s.api_key_id, s.period, s.request_count, s.token_count, s.updated_at
       from ${staged('api_key_usage')} s join public.api_keys k on k.id = s.api_key_id and k.organization_id = $1
       on conflict do nothing`,
      [organizationId],
    )
  }
  return rowCount ?? 0
}

/** Domains have to be proven again, and sign-in providers need their secret: both arrive switched off. */
async function importSettings(client: pg.PoolClient, organizationId: string, tables: Staged): Promise<void> {
  if (tables.has('organization_domains')) {
    await client.query(
      `/* archive.domains */
       insert into public.organization_domains (organization_id, domain, verification_method, is_primary, created_at)
       select $1, s.domain, s.verification_method, s.is_primary, s.created_at
       from ${staged('organization_domains')} s`,
      [organizationId],
    )
  }
  if (!tables.has('sso_providers')) return
  await client.query(
    `/* archive.sso_providers */
     insert into public.sso_providers (organization_id, name, provider_type, client_id, issuer, discovery_url,
       authorization_url, token_url, userinfo_url, jwks_url, saml_metadata_url, saml_certificate, scopes,
       attribute_mapping, is_active, created_at)
     select $1, s.name, s.provider_type, s.client_id, s.issuer, s.discovery_url, s.authorization_url, s.token_url,
       s.userinfo_url, s.jwks_url, s.saml_metadata_url, s.saml_certificate, s.scopes, s.attribute_mapping, false,
       s.created_at
     from ${staged('sso_providers')} s`,
    [organizationId],
  )
}
