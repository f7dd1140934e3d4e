import autocannon from 'autocannon'

/**
 * A child process that sends requests: for each message `{ url, requests, connections, seconds }` it answers with
 * how many were answered per second, or with what went wrong. Every answer's body is compared with the expected one.
 */
process.on('message', async ({ url, requests, connections, seconds }) => {
  const expected = new Set(requests.map(({ answer }) => answer))
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: requests.map(({ headers, body }) => ({ method: 'POST', headers, body })),
    verifyBody: (body) => expected.has(String(body)),
  })
  const { errors, timeouts, mismatches, non2xx } = result
  const answered = result['2xx']
  process.send({ perSecond: answered / result.duration, answered, errors, timeouts, mismatches, non2xx })
})
