import autocannon from 'autocannon'
import { quantile } from './rounds.js'

/**
 * A child process that sends requests: for each message `{ url, requests, connections, seconds }` (or `amount`, how
 * many requests, in place of `seconds`) it answers with how many were answered per second, how long an answer took
 * (median and 99th percentile in ms), or with what went wrong. Every answer's body is compared with the one its request
 * has to get, or has to match `pattern` where that cannot be known. Each connection begins at another place of the list
 * of requests.
 */
process.on('message', async ({ url, requests, connections, seconds, amount, pattern }) => {
  const expected = new RegExp(pattern)
  let mismatches = 0
  let unexpected
  const check = (text, answer) => {
    if (pattern === undefined ? text === answer : expected.test(text)) return
    mismatches += 1
    unexpected ??= String(text).slice(0, 300)
  }
  const sent = requests.map(({ headers, body, answer }) => ({
    method: 'POST',
    headers,
    body,
    onResponse: (_status, text) => check(text, answer),
  }))
  const latencies = []
  let clients = 0
  const load = autocannon({
    url,
    connections,
    // Whether all of an amount is answered is looked at as often as samples are taken: by default once a second.
    ...(amount === undefined ? { duration: seconds } : { amount, sampleInt: 50 }),
    requests: sent,
    setupClient: (client) => client.setRequests(rotated(sent, clients++ / connections)),
  })
  load.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds))
  const result = await load
  const { errors, timeouts, non2xx } = result
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

/** The same list, beginning at a share of its length. */
function rotated(list, share) {
  const at = Math.floor(list.length * share)
  return [...list.slice(at), ...list.slice(0, at)]
}
