import pg from 'pg'

/**
 * Runs `work` and adds up, by statement, the milliseconds from sending it to its answer, for every statement this
 * process sends on any connection meanwhile. Statements go by their label, others by their first words.
 */
export async function timeStatements(work) {
  const times = new Map()
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (...words) {
    const began = performance.now()
    const answer = query.apply(this, words)
    const name = nameOf(words[0])
    const count = () => times.set(name, (times.get(name) ?? 0) + performance.now() - began)
    answer?.then?.(count, count)
    return answer
  }
  try {
    await work()
  } finally {
    pg.Client.prototype.query = query
  }
  return times
}

/** The label of a statement; of others the first words, and for migrations the length of the message. */
function nameOf(query) {
  const text = typeof query === 'string' ? query : (query?.text ?? 'unknown')
  const label = /^\s*\/\* (\S+) \*\//.exec(text)?.[1]
  if (label !== undefined) return label
  const words = text.trim().replace(/\s+/g, ' ').slice(0, 60)
  return text.length > 10_000 ? `${words}… (${Math.round(text.length / 1000)} kB)` : words
}
