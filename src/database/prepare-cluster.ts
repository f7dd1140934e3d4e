import pg from 'pg'
import { AppError } from '../errors.js'
import { lockKey } from './advisory-lock.js'
import { retryCatalogueConflicts } from './catalogue-retry.js'
import { detectEngine, type Engine } from './engine.js'
import { ownerRole, withClient } from './owner-transaction.js'
import { scramVerifier, verifierMatches } from './scram-verifier.js'

export interface PrepareClusterOptions {
  /** Connections of ADMIN_DATABASE_URL: a superuser, or a CREATEROLE login that owns the database. */
  readonly admin: pg.Pool
  /** DATABASE_URL; when it carries a password, `orgscope_gateway` gets it. */
  readonly gatewayUrl?: string | undefined
}

export interface PreparedCluster {
  /** What this server does not let us close, each with what remains open. Empty where all is closed. */
  readonly warnings: readonly string[]
}

const gatewayRole = 'orgscope_gateway'
const setConfig = 'pg_catalog.set_config(text, text, boolean)'

/** The roles every installation has, with their attributes. Roles of tenants come and go with the tenants. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  [ownerRole]: ['nologin', 'inherit', 'createrole'],
  [gatewayRole]: ['login', 'noinherit', 'nocreaterole'],
  orgscope_account: ['nologin', 'inherit', 'nocreaterole'],
  orgscope_platform: ['nologin', 'inherit', 'nocreaterole'],
  orgscope_tenant: ['nologin', 'inherit', 'nocreaterole'],
}

/**
 * Brings roles, grants and the two closed holes of this database into shape: PUBLIC may neither call `set_config` nor
 * make temporary tables. Only what is missing is changed, so it may run at every start and in several processes at
 * once. Throws when the admin may not do what cannot be done without.
 */
export async function prepareCluster({ admin, gatewayUrl }: PrepareClusterOptions): Promise<PreparedCluster> {
  const password = gatewayPassword(gatewayUrl)
  return retryCatalogueConflicts(() =>
    withClient(admin, async (client) => {
      const engine = await detectEngine(client)
      await client.query(`begin; /* cluster.lock */ select pg_advisory_xact_lock(${lockKey('cluster')})`)
      try {
        await ensureRoles(client)
        await ensureClock(client)
        await ensurePassword(client, password)
        await ensureMemberships(client, engine)
        await ensurePrivileges(client)
        const warnings = await openHoles(client)
        await client.query('commit')
        return { warnings }
      } catch (error) {
        await client.query('rollback').catch(() => {})
        throw error
      }
    }),
  )
}

/** Throws BAD_USER_INPUT when the URL logs in as somebody else: tenants' roles are granted to the gateway only. */
function gatewayPassword(gatewayUrl: string | undefined): string | undefined {
  if (gatewayUrl === undefined) return undefined
  const { username, password } = new URL(gatewayUrl)
  if (decodeURIComponent(username) !== gatewayRole) {
    throw new AppError(
      'BAD_USER_INPUT',
      `DATABASE_URL has to log in as ${gatewayRole}, the one role that tenants' roles are granted to; ` +
        `it names ${username === '' ? 'nobody' : JSON.stringify(decodeURIComponent(username))}.`,
    )
  }
  return password === '' ? undefined : decodeURIComponent(password)
}

interface RoleRow {
  readonly name: string
  readonly attributes: readonly string[]
  readonly unsafe: boolean
}

async function ensureRoles(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<RoleRow>(
    `/* cluster.roles */
     select rolname::text as name, rolsuper or rolbypassrls or rolreplication as unsafe, array[
       case when rolcanlogin then 'login' else 'nologin' end,
       case when rolinherit then 'inherit' else 'noinherit' end,
       case when rolcreaterole then 'createrole' else 'nocreaterole' end] as attributes
     from pg_roles where rolname = any($1)`,
    [Object.keys(ROLES)],
  )
  for (const [name, wanted] of Object.entries(ROLES)) {
    const role = rows.find((row) => row.name === name)
    if (role === undefined)
      await client.query(`/* cluster.create_role */ create role ${name} ${wanted.join(' ')}`)
    else if (role.unsafe) throw unsafeRole(name)
    else if (!wanted.every((attribute) => role.attributes.includes(attribute))) {
      await client.query(`/* cluster.alter_role */ alter role ${name} ${wanted.join(' ')}`)
    }
  }
}

/** Times leave the database in UTC and in ISO's form, whatever the server's own settings are. */
async function ensureClock(client: pg.PoolClient): Promise<void> {
  const settings = ['TimeZone=UTC', 'DateStyle=ISO, MDY']
  const { rows } = await client.query<{ set: boolean }>(
    `/* cluster.clock */ select coalesce(rolconfig @> $2, false) as set from pg_roles where rolname = $1`,
    [gatewayRole, settings],
  )
  if (rows[0]?.set === true) return
  await client.query(
    `/* cluster.set_clock */ alter role ${gatewayRole} set timezone = 'UTC';
     alter role ${gatewayRole} set datestyle = 'ISO, MDY'`,
  )
}

function unsafeRole(name: string): AppError {
  return new AppError(
    'CONFLICT',
    `The database role ${name} is a superuser, bypasses row-level security or may replicate: no tenant would be ` +
      `isolated. Run: alter role ${name} nosuperuser nobypassrls noreplication`,
  )
}

/** Writes the verifier only when the stored one was made from another password (readable to superusers only). */
async function ensurePassword(client: pg.PoolClient, password: string | undefined): Promise<void> {
  if (password === undefined) return
  const { rows } = await client.query<{ readable: boolean }>(
    `/* cluster.may_read_verifiers */ select has_table_privilege('pg_catalog.pg_authid', 'select') as readable`,
  )
  if (rows[0]!.readable) {
    const stored = await client.query<{ verifier: string | null }>(
      '/* cluster.verifier */ select rolpassword as verifier from pg_catalog.pg_authid where rolname = $1',
      [gatewayRole],
    )
    if (verifierMatches(stored.rows[0]?.verifier ?? null, password)) return
  }
  const verifier = pg.escapeLiteral(scramVerifier(password))
  await client.query(`/* cluster.password */ alter role ${gatewayRole} password ${verifier}`)
}

async function ensureMemberships(client: pg.PoolClient, { membershipOptions }: Engine): Promise<void> {
  const { rows } = await client.query<Record<'account' | 'platform' | 'tenant' | 'self', boolean>>(
    `/* cluster.memberships */
     select pg_has_role('${gatewayRole}', 'orgscope_account', 'member') as account,
       pg_has_role('${gatewayRole}', 'orgscope_platform', 'member') as platform,
       pg_has_role('${ownerRole}', 'orgscope_tenant', 'member with admin option') as tenant,
       pg_has_role('${ownerRole}', '${membershipOptions ? 'set' : 'member'}') as self`,
  )
  const has = rows[0]!
  if (!has.account) await client.query(`/* cluster.grant */ grant orgscope_account to ${gatewayRole}`)
  if (!has.platform) await client.query(`/* cluster.grant */ grant orgscope_platform to ${gatewayRole}`)
  if (!has.tenant) {
    // The owner hands this group to every tenant's role; where the server can tell, it gets nothing more from it.
    const options = membershipOptions ? 'admin true, inherit false, set false' : 'admin option'
    await client.query(`/* cluster.grant */ grant orgscope_tenant to ${ownerRole} with ${options}`)
  }
  if (!has.self) await client.query(`/* cluster.grant */ grant ${ownerRole} to current_user`)
}

interface Privileges {
  readonly database: string
  readonly owner_creates_schemas: boolean
  readonly owner_creates_in_public: boolean
  readonly public_creates_schemas: boolean
  readonly public_makes_temporary: boolean
  readonly public_creates_in_public: boolean
  readonly public_sets_config: boolean
  readonly gateway_sets_config: boolean
  readonly owner_sets_config: boolean
}

async function readPrivileges(client: pg.PoolClient): Promise<Privileges> {
  const { rows } = await client.query<Privileges>(
    `/* cluster.privileges */
     select quote_ident(current_database()) as database,
       has_database_privilege('${ownerRole}', current_database(), 'create') as owner_creates_schemas,
       has_schema_privilege('${ownerRole}', 'public', 'create') as owner_creates_in_public,
       has_database_privilege('public', current_database(), 'create') as public_creates_schemas,
       has_database_privilege('public', current_database(), 'temporary') as public_makes_temporary,
       has_schema_privilege('public', 'public', 'create') as public_creates_in_public,
       has_function_privilege('public', '${setConfig}', 'execute') as public_sets_config,
       has_function_privilege('${gatewayRole}', '${setConfig}', 'execute') as gateway_sets_config,
       has_function_privilege('${ownerRole}', '${setConfig}', 'execute') as owner_sets_config`,
  )
  return rows[0]!
}

/** Revokes from PUBLIC first: what a role only had through PUBLIC shows as missing afterwards and is granted. */
async function ensurePrivileges(client: pg.PoolClient): Promise<void> {
  const before = await readPrivileges(client)
  const { database } = before
  if (before.public_creates_schemas || before.public_makes_temporary) {
    await client.query(`/* cluster.revoke */ revoke create, temporary on database ${database} from public`)
  }
  if (before.public_creates_in_public) {
    await client.query('/* cluster.revoke */ revoke create on schema public from public')
  }
  if (before.public_sets_config) {
    await client.query(`/* cluster.revoke */ revoke execute on function ${setConfig} from public`)
  }
  const after = await readPrivileges(client)
  if (!after.owner_creates_schemas) {
    await client.query(`/* cluster.grant */ grant create on database ${database} to ${ownerRole}`)
  }
  if (!after.owner_creates_in_public) {
    await client.query(`/* cluster.grant */ grant usage, create on schema public to ${ownerRole}`)
  }
  if (!after.gateway_sets_config || !after.owner_sets_config) {
    await client.query(
      `/* cluster.grant */ grant execute on function ${setConfig} to ${gatewayRole}, ${ownerRole}`,
    )
  }
}

/**
 * What is still open after trying. A REVOKE by somebody who did not grant is a mere warning of the server, so the
 * outcome is read rather than assumed. Throws CONFLICT when the owner cannot do its work.
 */
async function openHoles(client: pg.PoolClient): Promise<string[]> {
  const now = await readPrivileges(client)
  if (!now.owner_creates_schemas || !now.owner_creates_in_public) {
    throw new AppError(
      'CONFLICT',
      `${ownerRole} may not create schemas in database ${now.database}, and the admin may not grant it. ` +
        'ADMIN_DATABASE_URL has to log in as a superuser or as the owner of the database.',
    )
  }
  const warnings: string[] = []
  if (now.public_sets_config) {
    warnings.push(
      'Every role may call set_config, and this server does not let the admin revoke it. What remains: SQL injected ' +
        "into a tenant's statement could switch to another tenant's role within that statement. Memberships, the " +
        'search path and parameters still stand between.',
    )
  }
  if (now.public_makes_temporary) {
    warnings.push(
      'Every role may create temporary tables in this database, and the admin may not revoke it. What remains: SQL ' +
        "injected into a tenant's statement could leave a table that hides a real one for the connection's next user.",
    )
  }
  if (now.public_creates_schemas || now.public_creates_in_public) {
    warnings.push(
      'Every role may create objects in this database or its schema public; the admin may not revoke it.',
    )
  }
  return warnings
}
