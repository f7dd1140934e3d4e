import { LRUCache } from 'lru-cache'
import { sql } from 'kysely'
import type pg from 'pg'
import { isAccessRole, type AccessRole, type ApiKeyActor } from './actor.js'
import type { ModuleAccess } from './module-access.js'
import { inReadSession, statements, type SessionOptions } from './session.js'
import { accountScope, platformScope } from './session-scope.js'
import { parseTenantId, type TenantId } from './tenant-id.js'
import type { TenantState } from './tenant-states.js'

/** What the control plane knows of an organization, as the gateway needs it to route a request. */
export interface DirectoryEntry {
  readonly tenant: TenantId
  readonly organizationId: string
  readonly name: string
  readonly plan: string
  readonly state: TenantState
  /** Optional modules that are installed and that it was given access to, ended or not; core is implied. */
  readonly modules: ReadonlyMap<string, ModuleAccess>
  /** The organization's own limits: `organizations.settings` → `limits`, as they are kept. */
  readonly limits: unknown
  /** Version of each module's tables. */
  readonly schemaVersions: Readonly<Record<string, number>>
  /** By module, the version a program has to know to work with these tables. */
  readonly requiredVersions: Readonly<Record<string, number>>
  /** `organizations.api_quota_monthly`: requests a calendar month (UTC); null when there is no such limit. */
  readonly requestsPerMonth: number | null
}

/** A directory entry together with what one identity may be in it. */
export interface MembershipEntry extends DirectoryEntry {
  readonly role: AccessRole
  /** Milliseconds since the epoch, or null when the membership does not end. */
  readonly expiresAt: number | null
}

/** An API key that exists, with the moment it stops working (milliseconds since the epoch) or null. */
export interface ApiKeyEntry {
  readonly actor: ApiKeyActor
  readonly expiresAt: number | null
}

/** Told that what one organization's members and keys may do has perhaps changed; without one, everybody's. */
export type AccessWatcher = (tenant: TenantId | undefined) => void

interface Row {
  org_key: string
  organization_id: string
  name: string
  plan: string
  state: TenantState
  modules: Readonly<Record<string, ModuleAccess>>
  limits: unknown
  schema_versions: Record<string, number>
  required_versions: Record<string, number>
  quota: number | null
}

/** Entitled and installed are different facts; a module is served where both are true. */
const MODULES = sql.raw(`
  (select coalesce(json_object_agg(c.name, json_build_object('level', a.access_level, 'expiresAt',
      case when isfinite(a.expires_at) then floor(extract(epoch from a.expires_at) * 1000) end)), '{}')
    from public.module_access a join public.modules c on c.id = a.module_id
    where a.organization_id = o.id and a.access_level <> 'none' and c.name = any(t.modules)) as modules`)

const CAPACITY = 20_000
const TIME_TO_LIVE = 60_000
/** Without notifications from other replicas an answer is trusted for this long only (ms). */
const TIME_TO_LIVE_UNHEARD = 1_000

interface Remembered {
  readonly value: unknown
  readonly tenant: TenantId | undefined
  readonly since: number
}

/**
 * Who is a member of what, and in which state each organization is: read under `orgscope_account`, where
 * row-level security shows one identity its own memberships only, and cached until something changes.
 * An unknown organization and a foreign one take the same path and give the same answer: none.
 */
export class TenantDirectory {
  readonly #pool: pg.Pool
  readonly #options: SessionOptions
  readonly #cache = new LRUCache<string, Remembered>({
    max: CAPACITY,
    ttl: TIME_TO_LIVE,
    dispose: ({ tenant }, key) => tenant !== undefined && this.#keysOf.get(tenant)?.delete(key),
  })
  /** A run over the fleet changes every organization once: finding each by a walk through the cache would cost. */
  readonly #keysOf = new Map<TenantId, Set<string>>()
  /** Set by the listener while it hears of changes made through other processes. */
  #heard = false
  readonly #watchers = new Set<AccessWatcher>()
  /** Grows with every change heard of, so that an answer read before a change is not remembered after it. */
  #changes = 0

  constructor(pool: pg.Pool, options: SessionOptions) {
    this.#pool = pool
    this.#options = options
  }

  /** The membership of an identity in an organization, or undefined when there is none or it is not active. */
  membership(identityId: string, tenant: TenantId): Promise<MembershipEntry | undefined> {
    return this.#remember(`membership ${tenant} ${identityId}`, tenant, () =>
      this.#readMembership(identityId, tenant),
    )
  }

  /** The organization an API key is bound to. */
  organization(organizationId: string, tenant: TenantId): Promise<DirectoryEntry | undefined> {
    return this.#remember(`organization ${tenant}`, tenant, () => this.#readOrganization(organizationId))
  }

  /** The API key with this hash, or undefined when there is none or it is not active. */
  apiKey(keyHash: string): Promise<ApiKeyEntry | undefined> {
    return this.#remember(`key ${keyHash}`, undefined, () => this.#readApiKey(keyHash))
  }

  /** The identity an external issuer's subject is linked to. */
  identityBySubject(issuer: string, subject: string): Promise<string | undefined> {
    return this.#remember(`subject ${issuer} ${subject}`, undefined, () => this.#readSubject(issuer, subject))
  }

  /** The level of a platform admin, or undefined for everybody else. */
  platformLevel(identityId: string): Promise<string | undefined> {
    // Never remembered: there are few such requests, each may do much, and a level can end by the clock.
    return this.#readPlatformLevel(identityId)
  }

  /** Drops what is remembered of one organization, and every credential; with none named, everything. */
  forget(tenant?: TenantId): void {
    this.#changes++
    if (tenant === undefined) {
      this.#cache.clear()
    } else {
      for (const [key, { tenant: of }] of this.#cache.entries()) {
        if (of === undefined || of === tenant) this.#cache.delete(key)
      }
    }
    for (const watcher of this.#watchers) watcher(tenant)
  }

  /** Drops what is remembered of one organization, because its tables changed; nobody's rights did. */
  forgetSchema(tenant: TenantId): void {
    this.#changes++
    for (const key of this.#keysOf.get(tenant) ?? []) this.#cache.delete(key)
  }

  /** Tells a watcher whenever something was forgotten, until the returned function is called. */
  watch(watcher: AccessWatcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** Called by the listener: whether changes made elsewhere are heard of. */
  setHeard(heard: boolean): void {
    this.#heard = heard
    this.forget()
  }

  async #remember<Value>(
    key: string,
    tenant: TenantId | undefined,
    read: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const known = this.#cache.get(key)
    if (known !== undefined && (this.#heard || Date.now() - known.since < TIME_TO_LIVE_UNHEARD)) {
      return known.value as Value | undefined
    }
    const before = this.#changes
    const value = await read()
    if (before !== this.#changes) return value
    this.#cache.set(key, { value, tenant, since: Date.now() })
    if (tenant !== undefined) this.#keysOf.set(tenant, (this.#keysOf.get(tenant) ?? new Set()).add(key))
    return value
  }

  async #readMembership(identityId: string, tenant: TenantId): Promise<MembershipEntry | undefined> {
    const query = sql<Row & { role: string; expires_at: string | null }>`
      /* directory.membership */
      select o.org_key, o.id as organization_id, o.name, o.plan, o.settings -> 'limits' as limits,
        o.api_quota_monthly as quota, t.state, t.schema_versions, t.required_versions, m.role, m.expires_at, ${MODULES}
      from public.memberships m
      join public.organizations o on o.id = m.organization_id
      join public.tenant_schemas t on t.organization_id = o.id
      join public.identities i on i.id = m.identity_id
      where m.identity_id = ${identityId} and m.status = 'active' and o.org_key = ${tenant}
        and i.is_active and i.deleted_at is null`
    const [row] = await inReadSession(this.#pool, accountScope(identityId), this.#options, (session) =>
      session.run(query.compile(statements)),
    )
    if (row === undefined || !isAccessRole(row.role)) return undefined
    return { ...entryOf(row), role: row.role, expiresAt: moment(row.expires_at) }
  }

  async #readOrganization(organizationId: string): Promise<DirectoryEntry | undefined> {
    const query = sql<Row>`
      /* directory.organization */
      select o.org_key, o.id as organization_id, o.name, o.plan, o.settings -> 'limits' as limits,
        o.api_quota_monthly as quota, t.state, t.schema_versions, t.required_versions, ${MODULES}
      from public.organizations o
      join public.tenant_schemas t on t.organization_id = o.id
      where o.id = ${organizationId}`
    const [row] = await inReadSession(this.#pool, platformScope, this.#options, (session) =>
      session.run(query.compile(statements)),
    )
    return row === undefined ? undefined : entryOf(row)
  }

  async #readApiKey(keyHash: string): Promise<ApiKeyEntry | undefined> {
    const query = sql<{
      api_key_id: string
      organization_id: string
      org_key: string
      role_name: string | null
      status: string
      expires_at: string | null
      rate_limit: number
      monthly_quota: number
    }>`
      /* directory.api_key */
      select api_key_id, organization_id, org_key, role_name, status, expires_at, rate_limit, monthly_quota
      from public.find_api_key(${keyHash})`
    const [row] = await inReadSession(this.#pool, accountScope(), this.#options, (session) =>
      session.run(query.compile(statements)),
    )
    if (row === undefined || row.status !== 'active') return undefined
    const role = row.role_name ?? 'api_user'
    if (!isAccessRole(role)) return undefined
    return {
      actor: {
        kind: 'api_key',
        apiKeyId: row.api_key_id,
        organizationId: row.organization_id,
        boundTo: parseTenantId(row.org_key),
        role,
        requestsPerMinute: row.rate_limit,
        requestsPerMonth: Number(row.monthly_quota),
      },
      expiresAt: moment(row.expires_at),
    }
  }

  async #readSubject(issuer: string, subject: string): Promise<string | undefined> {
    const query = sql<{ identity_id: string | null }>`
      /* directory.subject */
      select public.find_identity_by_subject(${issuer}, ${subject}) as identity_id`
    const [row] = await inReadSession(this.#pool, accountScope(), this.#options, (session) =>
      session.run(query.compile(statements)),
    )
    return row?.identity_id ?? undefined
  }

  async #readPlatformLevel(identityId: string): Promise<string | undefined> {
    const query = sql<{ level: string }>`
      /* directory.platform_admin */
      select a.level from public.platform_admins a
      join public.identities i on i.id = a.identity_id
      where a.identity_id = ${identityId} and a.is_active and (a.expires_at is null or a.expires_at > now())
        and i.is_active and i.deleted_at is null`
    const [row] = await inReadSession(this.#pool, platformScope, this.#options, (session) =>
      session.run(query.compile(statements)),
    )
    return row?.level
  }
}

function entryOf(row: Row): DirectoryEntry {
  return {
    tenant: parseTenantId(row.org_key),
    organizationId: row.organization_id,
    name: row.name,
    plan: row.plan,
    state: row.state,
    modules: new Map(Object.entries(row.modules)),
    limits: row.limits,
    schemaVersions: row.schema_versions,
    requiredVersions: row.required_versions,
    requestsPerMonth: row.quota === null ? null : Number(row.quota),
  }
}

function moment(text: string | null): number | null {
  return text === null || text.includes('infinity') ? null : Date.parse(text)
}
