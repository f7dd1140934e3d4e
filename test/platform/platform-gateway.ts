import type { Answer } from '../support/gateway.js'
import { TestGateway, type GatewayOptions } from '../support/gateway.js'
import { platformApi } from '../../src/platform/platform-api.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'

const migrations = await loadMigrations()

export interface PlatformGatewayOptions extends GatewayOptions {
  /** False for a gateway that was started without ADMIN_DATABASE_URL. */
  readonly withAdmin?: boolean
}

/** A gateway that serves the platform API beside the tenant API. */
export function platformGateway({ withAdmin = true, apis, ...options }: PlatformGatewayOptions = {}) {
  return TestGateway.start({
    ...options,
    apis: (parts) => [
      platformApi({ ...parts, migrations, admin: withAdmin ? parts.database.admin : undefined }),
      ...(apis?.(parts) ?? []),
    ],
  })
}

/** A person of the operator. */
export interface PlatformAdmin {
  readonly identityId: string
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<Answer<Data>>
  /** Sends an operation that must succeed. */
  query<Data = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Data>
  /** Sends an operation that must be refused, and returns the first error. */
  refusal(query: string, variables?: Record<string, unknown>): Promise<Refusal>
}

export interface Refusal {
  readonly message: string
  readonly extensions: Record<string, unknown>
}

/** Makes a person a platform admin of this level. */
export async function platformAdmin(gateway: TestGateway, level = 'operator'): Promise<PlatformAdmin> {
  const { rows } = await gateway.database.admin.query<{ id: string }>(
    `with person as (insert into public.identities (email) values ($1 || '-' || gen_random_uuid() || '@operator.example')
       returning id)
     insert into public.platform_admins (identity_id, level) select id, $1 from person returning identity_id as id`,
    [level],
  )
  const identityId = rows[0]!.id
  const send: PlatformAdmin['send'] = async (query, variables) => {
    const token = await gateway.issuer.sign({ identityId, expiresIn: 600 })
    return gateway.send('/platform/graphql', { authorization: `Bearer ${token}` }, query, variables)
  }
  return {
    identityId,
    send,
    async query(query, variables) {
      const answer = await send<never>(query, variables)
      if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors))
      return answer.data
    },
    async refusal(query, variables) {
      const { errors, data } = await send(query, variables)
      if (errors?.[0] === undefined) throw new Error(`expected a refusal, got ${JSON.stringify(data)}`)
      return errors[0]
    },
  }
}
