const SETTING = '(?:search_path|role|orgscope\\.\\w+)'
/** Both ways to set something for one transaction: the function and the command. */
const WALLS = new RegExp(
  `set_config\\('${SETTING}', '[^']*', true\\)(?:, )?|set local ${SETTING}(?: =| to)? [^;]*;\\s*`,
  'g',
)

/**
 * The pool of a product without tenancy, for comparison only: its connections have the search path and the rights of
 * one organization from the start, and a transaction's preamble sets neither path nor role nor row-level keys. The
 * transaction itself, its snapshot, savepoint and time limit stay. Throws when a preamble is not what it knows.
 */
export function withoutWalls(pool) {
  const known = new Map()
  // One for each connection, by which sessions know what is prepared on it.
  const clients = new WeakMap()
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect()
      if (!clients.has(client)) clients.set(client, unwalled(client, known))
      return clients.get(client)
    },
  }
}

function unwalled(client, known) {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'query') return (query) => target.query(replaced(query, known))
      const value = target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function replaced(query, known) {
  if (typeof query !== 'string' || !query.startsWith('begin')) return query
  const found = known.get(query)
  if (found !== undefined) return found
  const stripped = query.replace(WALLS, '').replace(/, (?=;|$)/, '')
  if (/role|search_path|orgscope/.test(stripped) || !stripped.includes('statement_timeout')) {
    throw new Error(`the preamble of a session has changed: ${stripped}`)
  }
  known.set(query, stripped)
  return stripped
}
