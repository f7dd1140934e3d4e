import type pg from 'pg'
import { ownerTransaction } from '../../database/owner-transaction.js'
import type { LocalIssuer } from '../../http/authentication/local-issuer.js'
import { deriveApiKey } from '../../tenancy/api-key.js'
import type { TenantId } from '../../tenancy/tenant-id.js'
import { ensureTenantKey } from '../../tenancy/tenant-keys.js'
import type { TenantManifest } from '../../tenancy/tenant-manifest.js'

/** A person of the demo, with a token that works until the next start at least. */
export interface DemoPerson {
  readonly tenant: TenantId
  readonly email: string
  readonly name: string
  readonly role: string
  readonly identityId: string
  readonly token: string
}

/** An API key of the demo. */
export interface DemoKey {
  readonly tenant: TenantId
  readonly name: string
  readonly key: string
}

export interface DemoOperator {
  readonly email: string
  readonly identityId: string
  readonly token: string
}

/** Seconds a demo token is good: nobody wants to look for a new one within a week of trying things out. */
export const DEMO_TOKEN_LIFETIME = 7 * 86_400

const OPERATOR = 'operator@orgscope.example'

/** The keys of the demo by tenant. */
const KEY_NAMES: Readonly<Record<string, string>> = {
  techcorp: 'TechCorp Production',
  startupio: 'StartupIO Development',
}

/** Everybody the manifests name, each with a token for the organization. */
export async function demoPeople(
  admin: pg.Pool,
  issuer: LocalIssuer,
  manifests: readonly TenantManifest[],
): Promise<DemoPerson[]> {
  const wanted = manifests.flatMap((manifest) => peopleOf(manifest))
  const { rows } = await admin.query<{ id: string; email: string }>(
    `/* demo.identities */ select id, lower(email) as email from public.identities
     where lower(email) = any($1) and deleted_at is null`,
    [wanted.map(({ email }) => email.toLowerCase())],
  )
  const ids = new Map(rows.map(({ email, id }) => [email, id]))
  return Promise.all(
    wanted.flatMap((person) => {
      const identityId = ids.get(person.email.toLowerCase())
      if (identityId === undefined) return []
      const options = { identityId, tenant: person.tenant, expiresIn: DEMO_TOKEN_LIFETIME }
      return [issuer.sign(options).then((token) => ({ ...person, identityId, token }))]
    }),
  )
}

function peopleOf({
  id,
  admin,
  members,
}: TenantManifest): Pick<DemoPerson, 'tenant' | 'email' | 'name' | 'role'>[] {
  const others = members.filter(({ email }) => email.toLowerCase() !== admin.email.toLowerCase())
  return [{ ...admin, role: 'owner' }, ...others].map(({ email, name, role }) => ({
    tenant: id,
    email,
    name,
    role,
  }))
}

/** The API keys of demo tenants: the same at every start, and made from this installation's own secret. */
export async function demoKeys(
  admin: pg.Pool,
  issuer: LocalIssuer,
  manifests: readonly TenantManifest[],
): Promise<DemoKey[]> {
  const keys: DemoKey[] = []
  for (const { id: tenant, demo_data: set } of manifests) {
    const name = set === undefined ? undefined : KEY_NAMES[set]
    if (name === undefined) continue
    const key = deriveApiKey(issuer.secretFor(`demo API key of ${tenant}`))
    const { rows } = await admin.query<{ id: string }>(
      '/* demo.key_id */ select public.uuid_of_name($1) as id',
      [`orgscope:demo:api-key:${tenant}`],
    )
    const status = await ensureTenantKey(admin, tenant, { id: rows[0]!.id, name, key })
    if (status === 'active') keys.push({ tenant, name, key: key.key })
  }
  return keys
}

/** Somebody who may use the platform API of the demo. */
export async function demoOperator(admin: pg.Pool, issuer: LocalIssuer): Promise<DemoOperator> {
  const identityId = await ownerTransaction(admin, async (db) => {
    await db.query(
      `/* demo.operator */
       insert into public.identities (id, email) values (public.uuid_of_name($1), $2) on conflict do nothing`,
      [`orgscope:demo:identity:${OPERATOR}`, OPERATOR],
    )
    const { rows } = await db.query<{ id: string }>(
      `/* demo.operator_id */ select id from public.identities where lower(email) = $1 and deleted_at is null`,
      [OPERATOR],
    )
    const { id } = rows[0]!
    await db.query(
      `/* demo.platform_admin */
       insert into public.platform_admins (identity_id, level, reason) values ($1, 'super_admin', 'demo')
       on conflict do nothing`,
      [id],
    )
    return id
  })
  const token = await issuer.sign({ identityId, expiresIn: DEMO_TOKEN_LIFETIME })
  return { email: OPERATOR, identityId, token }
}
