import { assertEqualAnswers } from '../support/report.js'
import { QUERIES } from './queries.js'

/**
 * One request for each input of each organization, the organizations taking turns: what to send to a server, with
 * the organization and the input it is for.
 */
export function requestsOf(server, query, samples) {
  const { document, variables = (input) => input } = server.dialect[query]
  const inputs = samples.map((sample) => QUERIES[query].inputs(sample))
  return inputs[0].flatMap((_, turn) =>
    samples.map(({ tenant }, index) => {
      const input = inputs[index][turn]
      return {
        tenant,
        input,
        headers: { 'content-type': 'application/json', 'org-id': tenant, ...server.headers(tenant) },
        body: JSON.stringify({ query: document, variables: variables(input) }),
      }
    }),
  )
}

/**
 * Asks one server and resolves to the answer's text and to what it says in the form common to all servers. Throws
 * when it is no answer, or not all of one.
 */
export async function ask(server, query, { tenant, headers, body }, size) {
  const response = await fetch(server.url, { method: 'POST', headers, body })
  const text = await response.text()
  const refuse = (why) => {
    throw new Error(
      `${server.name}, query ${query}, ${tenant}: ${why}: ${response.status} ${text.slice(0, 500)}`,
    )
  }
  const { data, errors } = JSON.parse(text)
  if (!response.ok || errors !== undefined) refuse('not answered')
  const said = server.dialect[query].answer(data)
  if (!QUERIES[query].isComplete(said, size)) refuse('not the whole answer')
  return { text, said }
}

/**
 * Compares what all servers say to a query, for every organization and input, and remembers the text each is to answer
 * with under load. Throws UnequalAnswers, naming the first difference. `look` resolves to what is compared instead of
 * the answer itself.
 */
export async function compareServers(
  servers,
  query,
  { samples, size, look = async (_tenant, said) => said },
) {
  const lists = servers.map((server) => requestsOf(server, query, samples))
  for (const turn of lists[0].keys()) {
    let first
    for (const [index, server] of servers.entries()) {
      const request = lists[index][turn]
      // Twice: the gateway answers the second time with compiled code.
      if (!QUERIES[query].writes) await ask(server, query, request, size)
      const { text, said } = await ask(server, query, request, size)
      request.answer = text
      const seen = await look(request.tenant, said)
      first ??= { server, seen }
      const what = `query ${query} of ${request.tenant}, A ${first.server.name}, B ${server.name}`
      assertEqualAnswers(what, first.seen, seen)
    }
  }
  return lists
}
