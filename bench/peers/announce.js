/** A peer listens on a free port of this machine, tells the benchmark where, and ends when it is told to. */
export async function announce(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  tell(`http://127.0.0.1:${server.address().port}/graphql`)
}

/** The same for a server that listens already. */
export function tell(url) {
  process.on('SIGTERM', () => process.exit(0))
  process.send({ url })
}

/** The organization a request names, as the schema's and the role's name; throws when it is no name at all. */
export function schemaOf({ headers }) {
  const tenant = String(headers['org-id'])
  if (!/^[a-z0-9][a-z0-9_]{0,54}$/.test(tenant))
    throw new Error('the header org-id must name an organization')
  return `org_${tenant}`
}
