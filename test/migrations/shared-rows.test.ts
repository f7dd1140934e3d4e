import { beforeAll, describe, expect, test } from 'vitest'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { inRole, migrateTenant } from './support/migrate.js'
import { migrationDatabase, uniqueTarget } from './support/migration-database.js'

const database = migrationDatabase({ migrated: true })
const tenant = uniqueTarget('acme')

const acme = {
  organizationId: '00000000-0000-7000-8000-00000000000a',
  searchPath: `${tenant.schemaName}, public`,
}
const rival = { organizationId: '00000000-0000-7000-8000-00000000000b' }
const ann = { identityId: '00000000-0000-7000-8000-0000000000aa' }
const bob = { identityId: '00000000-0000-7000-8000-0000000000bb' }

beforeAll(async () => {
  const { client } = database
  await migrateTenant(client, await database.createSchema(tenant), await loadMigrations())
  for (const [key, { organizationId }, { identityId }] of [
    ['acme', acme, ann],
    ['rival', rival, bob],
  ] as const) {
    await client.query(`insert into organizations (id, org_key, name, slug) values ($1, $2, $2, $2)`, [
      organizationId,
      key,
    ])
    await client.query(`insert into identities (id, email) values ($1, $2 || '@person.example')`, [
      identityId,
      key,
    ])
    await client.query(`insert into memberships (organization_id, identity_id) values ($1, $2)`, [
      organizationId,
      identityId,
    ])
    await client.query(
      `insert into tenant_schemas (organization_id, schema_name, role_name) values ($1, 'org_' || $2, 'org_' || $2)`,
      [organizationId, key],
    )
    await client.query(
      `insert into api_keys (organization_id, name, key_prefix, key_hash) values ($1, $2, $2, 'hash of ' || $2)`,
      [organizationId, key],
    )
    const { rows } = await client.query<{ id: string }>(
      `insert into sso_providers (organization_id, name, provider_type, issuer)
       values ($1, 'login', 'oidc', 'https://issuer.example') returning id`,
      [organizationId],
    )
    await client.query(
      `insert into sso_accounts (identity_id, provider_id, external_subject) values ($1, $2, $3), ($1, $2, 'both')`,
      [identityId, rows[0]!.id, `subject of ${key}`],
    )
  }
})

async function values(query: string): Promise<unknown[]> {
  const { rows } = await database.client.query<unknown[]>({ text: query, rowMode: 'array' })
  return rows.map(([value]) => value)
}

describe('the role of a tenant', () => {
  test('sees rows of its own organization only', async () => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      expect(await values('select org_key from organizations')).toEqual(['acme'])
      expect(await values('select identity_id from memberships')).toEqual([ann.identityId])
      expect(await values('select name from api_keys')).toEqual(['acme'])
    })
  })

  test('sees no row at all when no organization is set', async () => {
    await inRole(database.client, tenant.schemaName, {}, async () => {
      expect(await values('select org_key from organizations')).toEqual([])
      expect(await values('select id from memberships')).toEqual([])
      expect(await values('select name from api_keys')).toEqual([])
    })
  })

  test('makes and revokes keys of its own organization', async () => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      const made = `insert into api_keys (organization_id, name, key_prefix, key_hash)
        values ('${acme.organizationId}', 'second', 'p', 'h') returning name`
      expect(await values(made)).toEqual(['second'])
      const revoked = `update api_keys set status = 'revoked', revoked_at = now() returning name`
      expect((await values(revoked)).sort()).toEqual(['acme', 'second'])
    })
  })

  test.each([
    [
      'makes no key for another organization',
      `insert into api_keys (organization_id, name, key_prefix, key_hash)
       values ('${rival.organizationId}', 'x', 'p', 'h')`,
      /row-level security/,
    ],
    [
      'gives no key away',
      `update api_keys set organization_id = '${rival.organizationId}'`,
      /permission denied/,
    ],
    ['reads no hash of a key', 'select key_hash from api_keys', /permission denied/],
    ['reads no identity', 'select email from identities', /permission denied/],
    ['reads no credential of a provider', 'select * from provider_credentials', /permission denied/],
    ['looks up no key', `select * from find_api_key('hash of acme')`, /permission denied/],
    [
      'wakes nobody else',
      `insert into tenant_wakeups (organization_id) values ('${rival.organizationId}')`,
      /row-level security/,
    ],
    ['changes no catalogue', `update tool_catalog set name = 'x'`, /permission denied/],
    ['makes no table', 'create table mine (id uuid)', /permission denied/],
    ['rewrites no usage', 'update usage_events set input_tokens = 0', /permission denied/],
  ])('%s', async (_, statement, refusal) => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      await expect(database.client.query(statement)).rejects.toThrow(refusal)
    })
  })

  test('reads the catalogues', async () => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      expect(await values('select name from tool_catalog')).toEqual(['OpenAI GPT-4'])
      expect(await values('select count(*)::integer from llm_price_components')).toEqual([8])
    })
  })
})

describe('an account', () => {
  test('sees itself and the organizations it belongs to', async () => {
    await inRole(database.client, 'orgscope_account', ann, async () => {
      expect(await values('select email from identities')).toEqual(['acme@person.example'])
      expect(await values('select org_key from organizations')).toEqual(['acme'])
      expect(await values('select schema_name from tenant_schemas')).toEqual(['org_acme'])
      expect(await values('select organization_id from memberships')).toEqual([acme.organizationId])
    })
  })

  test('of nobody sees nothing, but can look a credential up', async () => {
    await inRole(database.client, 'orgscope_account', {}, async () => {
      expect(await values('select id from identities')).toEqual([])
      expect(await values('select org_key from organizations')).toEqual([])
      expect(await values(`select org_key from find_api_key('hash of rival')`)).toEqual(['rival'])
      expect(await values(`select org_key from find_api_key('another hash')`)).toEqual([])
    })
  })

  test('reads no secret', async () => {
    for (const column of ['password_hash', 'mfa_secret', 'backup_codes', 'last_totp_counter']) {
      await inRole(database.client, 'orgscope_account', ann, async () => {
        await expect(database.client.query(`select ${column} from identities`)).rejects.toThrow(
          /permission denied/,
        )
      })
    }
  })

  test('of an external subject is found by issuer and subject, unless it could be two', async () => {
    const found = (issuer: string, subject: string): Promise<unknown[]> =>
      values(`select find_identity_by_subject('${issuer}', '${subject}')`)
    await inRole(database.client, 'orgscope_account', {}, async () => {
      expect(await found('https://issuer.example', 'subject of rival')).toEqual([bob.identityId])
      expect(await found('https://other.example', 'subject of rival')).toEqual([null])
      expect(await found('https://issuer.example', 'both')).toEqual([null])
    })
  })
})

test('the control plane sees all organizations, and no secret', async () => {
  await inRole(database.client, 'orgscope_platform', {}, async () => {
    expect(await values('select org_key from organizations order by 1')).toEqual(['acme', 'rival'])
    await expect(database.client.query('select password_hash from identities')).rejects.toThrow(
      /permission denied/,
    )
  })
})

test('the gateway itself reads no shared table before it takes a role', async () => {
  await inRole(database.client, 'orgscope_gateway', {}, async () => {
    await expect(database.client.query('select from organizations')).rejects.toThrow(/permission denied/)
  })
})

describe('a usage event', () => {
  test.each([
    ['NaN', `insert into usage_events (cost_source, total_cost) values ('priced', 'NaN')`],
    ['infinite', `insert into usage_events (cost_source, total_cost) values ('priced', 'infinity')`],
    ['negative', `insert into usage_events (cost_source, total_cost) values ('priced', -0.0000000001)`],
  ])('costs no %s amount', async (_, statement) => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      await expect(database.client.query(statement)).rejects.toThrow(/usage_events_total_cost_check/)
    })
  })

  test('keeps every decimal of its cost', async () => {
    await inRole(database.client, tenant.schemaName, acme, async () => {
      const cost = '0.000000000000000000123456789'
      expect(
        await values(
          `insert into usage_events (cost_source, total_cost) values ('priced', ${cost}) returning total_cost::text`,
        ),
      ).toEqual([cost])
    })
  })

  test.each(['username', 'session_id', 'raw_log_id', 'user_agent'])(
    'that is anonymized has no %s',
    async (column) => {
      await inRole(database.client, tenant.schemaName, acme, async () => {
        await expect(
          database.client.query(`insert into usage_events (anonymized, ${column}) values (true, 'x')`),
        ).rejects.toThrow(/usage_events_anonymized_check/)
      })
    },
  )
})
