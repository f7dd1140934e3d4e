import autocannon from 'autocannon'
import { quantile } from './rounds.js'

/**
 * A child process that sends requests: for each message `{ url, requests, connections, seconds }` (or `amount`, how
 * many requests, in place of `seconds`) it answers with how many were answered per second, how long an answer took (medians and 99th percentile in ms), or with what went
 * wrong. Every answer's body is compared with the expected one, and has to match `pattern` where an answer cannot be
 * known. Each connection begins at another place of the list of requests.
 */
process.on('message', async ({ url, requests, connections, seconds, amount, pattern }) => {
  const isExpected = pattern === undefined ? isAnswerTo(requests) : matches(pattern)
  let unexpected
  const verifyBody = (body) => {
    if (isExpected(body)) return true
    unexpected ??= String(body).slice(0, 300)
    return false
  }
  const sent = requests.map(({ headers, body }) => ({ method: 'POST', headers, body }))
  const latencies = []
  let clients = 0
  const load = autocannon({
    url,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    requests: sent,
    verifyBody,
    setupClient: (client) => client.setRequests(rotated(sent, clients++ / connections)),
  })
  load.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds))
  const result = await load
  const { errors, timeouts, mismatches, non2xx } = result
  const answered = result['2xx']
  process.send({
    perSecond: answered / result.duration,
    answered,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    errors,
    timeouts,
    mismatches,
    non2xx,
    unexpected,
  })
})

function isAnswerTo(requests) {
  const expected = new Set(requests.map(({ answer }) => answer))
  return (body) => expected.has(String(body))
}

function matches(pattern) {
  const expected = new RegExp(pattern)
  return (body) => expected.test(String(body))
}

/** The same list, beginning at a share of its length. */
function rotated(list, share) {
  const at = Math.floor(list.length * share)
  return [...list.slice(at), ...list.slice(0, at)]
}
