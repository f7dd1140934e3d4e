import { createApiKey } from '../../dist/tenancy/api-key.js'

const QUERY = `query LatestUsage {
  usageEvents(first: 20) {
    nodes {
      id occurredAt inputTokens outputTokens
      totalCost { amount currency }
      tool { name vendor }
      user { displayName email }
    }
  }
}`

const BODY = JSON.stringify({ query: QUERY })

/** A request for the latest 20 usage events, with tool and user, with a token of each organization's owner. */
export async function requestsWithTokens(tenants, issuer) {
  const sign = (identityId) => issuer.sign({ identityId, expiresIn: 3_600 })
  return Promise.all(
    tenants.map(async ({ tenant, ownerId }) =>
      requestWith({ 'org-id': tenant, authorization: `Bearer ${await sign(ownerId)}` }),
    ),
  )
}

/** The same with an API key of each organization. */
export async function requestsWithKeys(tenants, database) {
  const keys = await createKeys(tenants, database)
  return keys.map((key) => requestWith({ 'x-api-key': key }))
}

/** Gives each organization an API key with every right and a rate that no benchmark reaches; resolves to the keys. */
export async function createKeys(tenants, { admin }) {
  const keys = []
  for (const { organizationId } of tenants) {
    const { key, prefix, hash } = createApiKey()
    await admin.query(
      `insert into public.api_keys (organization_id, name, key_prefix, key_hash, role_name, rate_limit)
       values ($1, 'bench', $2, $3, 'admin', 1000000)`,
      [organizationId, prefix, hash],
    )
    keys.push(key)
  }
  return keys
}

function requestWith(headers) {
  return { body: BODY, headers: { 'content-type': 'application/json', ...headers } }
}

/** The body of the answer. Throws unless it holds 20 events, each with its tool and user. */
export async function answerOf({ url }, { headers, body }) {
  const response = await fetch(url, { method: 'POST', headers, body })
  const text = await response.text()
  const { data, errors } = JSON.parse(text)
  const nodes = data?.usageEvents?.nodes ?? []
  if (errors !== undefined || nodes.length !== 20 || nodes.some(({ tool, user }) => !tool || !user)) {
    throw new Error(`not the answer of a gateway that works: ${response.status} ${text.slice(0, 500)}`)
  }
  return text
}
