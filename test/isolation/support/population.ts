import { randomBytes } from 'node:crypto'
import { parseTenantId } from '../../../src/tenancy/tenant-id.js'
import type { TestGateway, TestOrganization } from '../../support/gateway.js'
import { canaryOf, type Canary } from './canary.js'
import { plantCanaries } from './plant.js'
import type { Ask, Reply, ReplyError } from './walker.js'

/** The keys of three organizations; ids of a run end with them. */
export const KEYS = ['abc123', 'def456', 'xyz789'] as const

/** Who may ask: the four roles of people, and keys with the least and the most a key may do. */
export const ACTORS = ['owner', 'admin', 'member', 'viewer', 'reporting key', 'owner key'] as const
export type ActorName = (typeof ACTORS)[number]

/** An organization with canaries in all its tables, and credentials for everybody in it. */
export class Resident {
  readonly canary: Canary
  readonly #headers = new Map<ActorName, Promise<Record<string, string>>>()

  private constructor(readonly organization: TestOrganization) {
    this.canary = canaryOf(organization)
  }

  static async settle(gateway: TestGateway, key: string): Promise<Resident> {
    // Roles of the database belong to the whole cluster, so the ids of two runs must differ.
    const id = parseTenantId(`t${randomBytes(4).toString('hex')}_${key}`)
    const resident = new Resident(await gateway.organization({ id }))
    const barren = await plantCanaries(gateway.database.admin, resident.canary)
    // A field that is always null would prove nothing.
    await gateway.database.admin.query(
      `update public.module_access set expires_at = '2099-12-31T00:00:00Z' where organization_id = $1`,
      [resident.organization.organizationId],
    )
    if (barren.length > 0) throw new Error(`no canary in ${JSON.stringify(barren)}`)
    return resident
  }

  /** Sends operations as one of the organization's people or programs. */
  ask(actor: ActorName, path = '/graphql'): Ask {
    return async (document) => send(this.organization.gateway, path, await this.headers(actor), document)
  }

  headers(actor: ActorName): Promise<Record<string, string>> {
    const known = this.#headers.get(actor) ?? this.#makeHeaders(actor)
    this.#headers.set(actor, known)
    return known
  }

  async #makeHeaders(actor: ActorName): Promise<Record<string, string>> {
    if (actor !== 'reporting key' && actor !== 'owner key') return this.organization.as(actor).headers()
    const role = actor === 'owner key' ? 'owner' : 'api_user'
    const { createApiKey } = await this.organization
      .as('owner')
      .query<{ createApiKey: { secret: string } }>(
        `mutation { createApiKey(input: { name: "${actor}", role: "${role}" }) { secret } }`,
      )
    return { 'x-api-key': createApiKey.secret }
  }
}

/** Settles organizations at once. */
export async function settle(
  gateway: TestGateway,
  keys: readonly string[] = KEYS,
): Promise<readonly Resident[]> {
  return Promise.all(keys.map((key) => Resident.settle(gateway, key)))
}

/** The canaries of everybody else. */
export function othersOf(resident: Resident, residents: readonly Resident[]): readonly Canary[] {
  return residents.filter((other) => other !== resident).map(({ canary }) => canary)
}

/** One operation through HTTP, with the answer as it came over the wire. */
export async function send(
  gateway: TestGateway,
  path: string,
  headers: Readonly<Record<string, string>>,
  document: string,
): Promise<Reply> {
  const response = await gateway.server.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify({ query: document }),
  })
  const body = JSON.parse(response.body) as { data?: Reply['data']; errors?: ReplyError[] }
  return {
    status: response.statusCode,
    text: `${response.body}\n${JSON.stringify(response.headers)}`,
    data: body.data ?? null,
    errors: body.errors ?? [],
  }
}
