import pg from 'pg'
import { lockKey, schemaLockName } from '../database/advisory-lock.js'
import { ownerRole } from '../database/owner-transaction.js'
import { SCHEMA_CHANNEL } from '../tenancy/directory-listener.js'
import { roleOf, schemaOf, type TenantId } from '../tenancy/tenant-id.js'
import { isSpareName, type SpareName } from '../tenancy/spares/spare-name.js'
import { sharedStream, type Migration, type MigrationScript } from './migration-files.js'

/**
 * The text of migrations as it is sent: one message of many statements per migration and schema. A simple query has
 * no parameters, so what stands in it comes from validated tenant ids, validated file names and our own digests.
 */

/** The schema a migration runs in: a tenant's, a spare one, or the shared one. */
export interface MigrationTarget {
  readonly schemaName: string
  /** Undefined for schema `public` and for a spare one. */
  readonly tenant: TenantId | undefined
}

/** The shared schema. */
export const sharedTarget: MigrationTarget = { schemaName: 'public', tenant: undefined }

/** The schema of a tenant. */
export function targetOf(tenant: TenantId): MigrationTarget {
  return { schemaName: schemaOf(tenant), tenant }
}

/** A schema that waits for a tenant. */
export function spareTarget(spare: SpareName): MigrationTarget {
  return { schemaName: spare, tenant: undefined }
}

/** The role that grants in a schema are made to: a tenant's or a spare's; the shared schema has none of its own. */
function roleIn({ schemaName, tenant }: MigrationTarget): string | undefined {
  if (tenant !== undefined) return roleOf(tenant)
  return isSpareName(schemaName) ? schemaName : undefined
}

/** SQLSTATE raised when the ledger says that another process did the same step meanwhile. */
export const STEP_DONE = 'OS001'
/** `lock_not_available`: raised by Postgres at a lock timeout, and by us when the schema's lock is taken. */
export const LOCK_NOT_AVAILABLE = '55P03'

export interface MessageOptions {
  /** Milliseconds to wait for a table lock before giving up. */
  readonly lockTimeout: number
  /** Milliseconds a statement may take; 0 or undefined means no limit. */
  readonly statementTimeout?: number | undefined
  /** The fleet run that sends it, by its uuid; the ledger remembers it. */
  readonly fleetRunId?: string | undefined
  /** Statements of the same transaction behind the ledger's. */
  readonly afterwards?: string | undefined
}

/** A message, and where the script stands in it, so that an error's position can be told as a line of the file. */
export interface MigrationMessage {
  readonly text: string
  readonly scripts: readonly { readonly script: MigrationScript; readonly offset: number }[]
}

/** The message that applies one migration: lock, script, default rows if it is the schema's last step, ledger row. */
export function upMessage(
  target: MigrationTarget,
  migration: Migration,
  defaultData: readonly MigrationScript[],
  options: MessageOptions,
): MigrationMessage {
  return compose(
    opening(target, options) + expectStep(target, migration, 'pending'),
    [migration.up, ...defaultData],
    target,
    ledgerInsert(target, [migration], 'applied', options) +
      versionUpdate(target, migration, 'up') +
      (options.afterwards ?? ''),
  )
}

/** The message that takes one migration back. */
export function downMessage(
  target: MigrationTarget,
  migration: Migration,
  options: MessageOptions,
): MigrationMessage {
  return compose(
    opening(target, options) + expectStep(target, migration, 'applied'),
    [migration.down],
    target,
    ledgerRolledBack(target, migration, options) +
      versionUpdate(target, migration, 'down') +
      (options.afterwards ?? ''),
  )
}

/** The message that only writes down that a migration is there already. */
export function recordMessage(
  target: MigrationTarget,
  migration: Migration,
  options: MessageOptions,
): MigrationMessage {
  return compose(
    opening(target, options) + expectStep(target, migration, 'pending'),
    [],
    target,
    ledgerInsert(target, [migration], 'baseline', options) +
      versionUpdate(target, migration, 'up') +
      (options.afterwards ?? ''),
  )
}

/** The message that brings default rows alone. */
export function defaultDataMessage(
  target: MigrationTarget,
  defaultData: readonly MigrationScript[],
  options: MessageOptions,
): MigrationMessage {
  return compose(opening(target, options), defaultData, target, '')
}

/** `begin`, the lock of the schema, the owner's role and the search path. */
export function opening(
  target: MigrationTarget,
  { lockTimeout, statementTimeout }: MessageOptions,
  schema: 'exists' | 'new' = 'exists',
): string {
  return (
    `begin;\nset local lock_timeout = ${Math.trunc(lockTimeout)};\n${statementLimit('set local', statementTimeout)}` +
    `set local role ${ownerRole};\n` +
    `${lockSchema(target, schema)}${searchPath(target)}`
  )
}

/** Without a limit of our own the server's stays. */
export function statementLimit(set: 'set' | 'set local', milliseconds: number | undefined): string {
  return milliseconds === undefined || milliseconds === 0
    ? ''
    : `${set} statement_timeout = ${Math.trunc(milliseconds)};\n`
}

/** For tenants `public` comes second: functions such as uuid_v7 and the catalogues are found, never shadowed. */
export function searchPath(target: MigrationTarget): string {
  const { schemaName } = target
  return `set local search_path = ${roleIn(target) === undefined ? schemaName : `${schemaName}, public`};\n`
}

/**
 * Takes the schema's lock for the transaction, or fails at once: a session that waits inside Postgres would hold a
 * snapshot, for which a CREATE INDEX CONCURRENTLY of the lock's holder waits. A schema that is gone is an error too:
 * Postgres would silently fall through to the next one of the path.
 */
function lockSchema({ schemaName }: MigrationTarget, schema: 'exists' | 'new'): string {
  const key = lockKey(schemaLockName(schemaName))
  return raiseUnless(
    `pg_try_advisory_xact_lock(${key})`,
    LOCK_NOT_AVAILABLE,
    `schema ${schemaName} is being changed by another session`,
    schema === 'new' ? '' : `perform '${schemaName}'::regnamespace;`,
  )
}

/** Plans are made before the lock is taken; this makes sure that they still hold. */
function expectStep(target: MigrationTarget, migration: Migration, expected: 'pending' | 'applied'): string {
  // The shared stream makes the ledger itself, and its plan is made under a lock held throughout.
  if (roleIn(target) === undefined) return ''
  const applied = `exists (select from public.schema_migrations where ${ledgerKey(target, migration)}
    and status in ('applied', 'baseline'))`
  const message = `${migration.name} was ${expected === 'pending' ? 'applied' : 'taken back'} by another session`
  return raiseUnless(expected === 'pending' ? `not ${applied}` : applied, STEP_DONE, message)
}

/** A statement that fails with a code and a message unless a condition holds; `then` runs when it does. */
export function raiseUnless(condition: string, code: string, message: string, then = ''): string {
  return (
    `do $orgscope$ begin if not (${condition}) then ` +
    `raise exception using errcode = '${code}', message = ${pg.escapeLiteral(message)}; end if; ${then} end $orgscope$;\n`
  )
}

/** A script as it runs in a schema: `:tenant_role` stands for the quoted name of the tenant's role. */
export function scriptIn(target: MigrationTarget, { sql }: MigrationScript): string {
  const role = roleIn(target)
  return role === undefined ? sql : sql.replace(/(?<!:):tenant_role\b/g, `"${role}"`)
}

/** Puts scripts between what comes before and after, and remembers where each of them begins. */
export function compose(
  before: string,
  scripts: readonly MigrationScript[],
  target: MigrationTarget,
  after: string,
): MigrationMessage {
  const placed: { script: MigrationScript; offset: number }[] = []
  let text = before
  for (const script of scripts) {
    placed.push({ script, offset: text.length })
    text += `${scriptIn(target, script)}\n;\n`
  }
  return { text: `${text}${after}commit`, scripts: placed }
}

/** Ledger rows for steps of this transaction; a row left by a failed or taken-back run becomes theirs. */
export function ledgerInsert(
  target: MigrationTarget,
  migrations: readonly Migration[],
  status: 'started' | 'applied' | 'baseline',
  { fleetRunId }: Pick<MessageOptions, 'fleetRunId'> = {},
): string {
  if (migrations.length === 0) return ''
  const elapsed =
    status !== 'applied' || migrations.length > 1
      ? 'null::integer'
      : '(extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::integer'
  const rows = migrations.map(
    ({ module, version, name, checksum }) =>
      `('${target.schemaName}', '${module}', ${version}, '${name}', '${checksum}', '${status}', ` +
      `clock_timestamp(), ${elapsed}, session_user, ${runLiteral(fleetRunId)})`,
  )
  return (
    '/* fleet.ledger.insert */ insert into public.schema_migrations as ledger (schema_name, module, version, ' +
    'migration_name, checksum, status, executed_at, execution_time_ms, applied_by, fleet_run_id)\n' +
    `values ${rows.join(',\n')}\non conflict (schema_name, module, version) do update set ` +
    'migration_name = excluded.migration_name, checksum = excluded.checksum, status = excluded.status, ' +
    'executed_at = excluded.executed_at, execution_time_ms = excluded.execution_time_ms, ' +
    'applied_by = excluded.applied_by, fleet_run_id = excluded.fleet_run_id, error = null;\n'
  )
}

/** Taking the first shared migration back drops the ledger itself, so nothing is left to write then. */
function ledgerRolledBack(
  target: MigrationTarget,
  migration: Migration,
  { fleetRunId }: MessageOptions,
): string {
  const update =
    `/* fleet.ledger.roll_back */ update public.schema_migrations set status = 'rolled_back', ` +
    `executed_at = clock_timestamp(), applied_by = session_user, fleet_run_id = ${runLiteral(fleetRunId)}, ` +
    `execution_time_ms = ` +
    `(extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::integer ` +
    `where ${ledgerKey(target, migration)};`
  if (roleIn(target) !== undefined) return `${update}\n`
  return `do $orgscope$ begin if to_regclass('public.schema_migrations') is not null then ${update} end if; end $orgscope$;\n`
}

function ledgerKey({ schemaName }: MigrationTarget, { module, version }: Migration): string {
  return `schema_name = '${schemaName}' and module = '${module}' and version = ${version}`
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A run's id as an SQL literal; anything else is refused, because it stands in a message without parameters. */
function runLiteral(fleetRunId: string | undefined): string {
  if (fleetRunId === undefined) return 'null::uuid'
  if (UUID.test(fleetRunId)) return `'${fleetRunId}'::uuid`
  throw new TypeError(`not the id of a fleet run: ${fleetRunId}`)
}

/**
 * Keeps what gateways know of a schema in step, in the same transaction: its versions, the versions a program has to
 * know to work with it, and word of the change. Of a spare nobody has to know more than its versions.
 */
export function versionUpdate(
  target: MigrationTarget,
  { module, version, breaking, breakingBefore }: Migration,
  direction: 'up' | 'down',
): string {
  const { schemaName, tenant } = target
  if (roleIn(target) === undefined || module === sharedStream) return ''
  const [reached, required] = direction === 'up' ? [version, version] : [version - 1, breakingBefore]
  const requirement = breaking
    ? `required_versions = required_versions || '{"${module}": ${required}}', `
    : ''
  const versions = `schema_versions = schema_versions || '{"${module}": ${reached}}'`
  if (tenant === undefined)
    return `/* spares.versions.update */ update public.spare_schemas set ${versions}, updated_at = now() where schema_name = '${schemaName}';\n`
  return (
    `/* fleet.versions.update */ update public.tenant_schemas set ${versions}, ${requirement}updated_at = now() where schema_name = '${schemaName}';\n` +
    `/* fleet.versions.announce */ notify ${SCHEMA_CHANNEL}, '${tenant}';\n`
  )
}
