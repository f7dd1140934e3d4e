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

/** A request for the latest 20 usage events, with tool and user, as the owner of each organization. */
export async function requestsFor(tenants, issuer) {
  const body = JSON.stringify({ query: QUERY })
  return Promise.all(
    tenants.map(async ({ tenant, ownerId }) => ({
      body,
      headers: {
        'content-type': 'application/json',
        'org-id': tenant,
        authorization: `Bearer ${await issuer.sign({ identityId: ownerId, expiresIn: 3_600 })}`,
      },
    })),
  )
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
