import { expect, test } from 'vitest'
import { AppError } from '../../src/errors.js'
import { createLogger } from '../../src/http/logger.js'
import { ask, echoApi, eventually, type LogLine, serve } from './support.js'

/** The line is written when the answer has left, which may be a moment after it arrived. */
async function requestLine(log: readonly LogLine[]): Promise<LogLine> {
  await eventually(() => log.some(({ msg }) => msg === 'request')).toBe(true)
  return log.find(({ msg }) => msg === 'request') as LogLine
}

test('every request has one line with its id, API, operation, status and duration', async () => {
  const { url, log } = await serve()
  await ask(`${url}/graphql`, 'query LatestUsage { hello }', { 'x-request-id': 'r-1' })
  expect(await requestLine(log)).toEqual({
    level: 30,
    time: expect.any(String) as string,
    msg: 'request',
    requestId: 'r-1',
    route: '/graphql',
    api: 'tenant',
    operationName: 'LatestUsage',
    status: 200,
    durationMs: expect.any(Number) as number,
  })
  expect(log).toHaveLength(1)
})

test.each([
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', undefined],
  ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', undefined],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', undefined],
  ['nonsense', undefined],
])('the line of a request with the traceparent %s has the trace %s', async (traceparent, traceId) => {
  const { url, log } = await serve()
  await ask(`${url}/graphql`, '{ hello }', { traceparent })
  expect((await requestLine(log))['traceId']).toBe(traceId)
})

test('the line names the codes of errors', async () => {
  const { url, log } = await serve()
  await ask(`${url}/graphql`, '{ conflict bug }')
  expect(await requestLine(log)).toMatchObject({ errorCodes: ['CONFLICT', 'INTERNAL_SERVER_ERROR'] })
})

test('the line names the organization once the caller was let in', async () => {
  const api = echoApi()
  const createContext: typeof api.createContext = async (facts) => {
    const party = { tenant: 'acme', plan: 'enterprise', limits: null }
    return Object.assign(await api.createContext(facts), { party })
  }
  const { url, log } = await serve({ apis: [{ ...api, createContext }] })
  await ask(`${url}/graphql`, '{ hello }', { 'org-id': 'acme' })
  expect(await requestLine(log)).toMatchObject({ tenant: 'acme' })
})

test('nothing personal is logged: no token, key, variable, document, address or agent', async () => {
  const { url, log } = await serve()
  const headers = {
    authorization: 'Bearer secret-token',
    'x-api-key': 'osk_secret-key',
    'org-id': 'secret-organization',
    'user-agent': 'secret-agent',
    cookie: 'secret=cookie',
  }
  const document = 'query Q($a: Int!) { add(a: $a) bug } # secret-comment'
  await ask(`${url}/graphql?secret=parameter`, document, headers, { variables: { a: 1 } })
  await ask(`${url}/graphql`, document, headers, { variables: { a: 'secret-variable' } })
  await ask(`${url}/secret-path`, document, headers)
  await eventually(() => log.filter(({ msg }) => msg === 'request').length).toBe(3)
  expect(JSON.stringify(log)).not.toMatch(/secret|127\.0\.0\.1/)
})

test('an outage is logged with its cause, a refusal is not', async () => {
  const cause = Object.assign(new Error('connect failed'), {
    code: 'ECONNREFUSED',
    detail: 'row of somebody',
  })
  const outage = echoApi({ refuse: () => cause })
  const { url, log } = await serve({ apis: [outage] })
  const answer = await ask(`${url}/graphql`, '{ hello }')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  const line = log.find(({ msg }) => msg === 'outage')
  expect(line).toMatchObject({ level: 50, code: 'SERVICE_UNAVAILABLE', err: { code: 'ECONNREFUSED' } })
  expect(JSON.stringify(log)).not.toContain('row of somebody')

  const refusing = echoApi({ refuse: () => new AppError('UNAUTHENTICATED', 'No credential.') })
  const quiet = await serve({ apis: [refusing] })
  await ask(`${quiet.url}/graphql`, '{ hello }')
  expect(await requestLine(quiet.log)).toMatchObject({ status: 401, errorCodes: ['UNAUTHENTICATED'] })
  expect(quiet.log).toHaveLength(1)
})

test('the level decides what is written', async () => {
  const lines: string[] = []
  const { url } = await serve({ logger: createLogger('error', { write: (line) => void lines.push(line) }) })
  await ask(`${url}/graphql`, '{ hello }')
  await ask(`${url}/graphql`, '{ bug }')
  await eventually(() => lines.length).toBe(1)
  expect(lines[0]).toContain('unexpected error')
})
