import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError, type ErrorCode } from '../../src/errors.js'
import { ask, codesOf, echoApi, gate, GRAPHQL_TYPE, JSON_TYPE, serve } from './support.js'

describe('an endpoint', () => {
  test('answers a query sent with POST, in the media type asked for', async () => {
    const { url } = await serve()
    for (const accept of [JSON_TYPE, GRAPHQL_TYPE]) {
      const answer = await ask(`${url}/graphql`, '{ hello }', { accept })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe(`${accept}; charset=utf-8`)
      expect(answer.body).toEqual({ data: { hello: 'world' } })
    }
  })

  test('answers a query sent with GET, and refuses a mutation sent so', async () => {
    const { url } = await serve()
    const headers = { 'apollo-require-preflight': 'yes' }
    const query = await fetch(`${url}/graphql?query=%7Bhello%7D`, { headers })
    expect(await query.json()).toEqual({ data: { hello: 'world' } })
    const mutation = await fetch(`${url}/graphql?query=mutation%7Bchange%7D`, { headers })
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('refuses what a foreign web page could send without asking first', async () => {
    const { url } = await serve()
    const get = await fetch(`${url}/graphql?query=%7Bhello%7D`)
    expect(get.status).toBe(400)
    const basic = await fetch(`${url}/graphql?query=%7Bhello%7D`, {
      headers: { authorization: 'Basic YTpi' },
    })
    expect(basic.status).toBe(400)
    const form = await fetch(`${url}/graphql`, { method: 'POST', body: '{"query":"mutation{change}"}' })
    expect(form.status).toBe(415)
  })

  test.each(['org-id', 'x-org-id', 'x-api-key'])(
    'takes a GET with %s, which no foreign page can send',
    async (name) => {
      const { url } = await serve()
      const { status } = await fetch(`${url}/graphql?query=%7Bhello%7D`, { headers: { [name]: 'acme' } })
      expect(status).toBe(200)
    },
  )

  test('serves each API at its own path', async () => {
    const { url } = await serve({
      apis: [echoApi(), echoApi({ name: 'account' }), echoApi({ name: 'platform' })],
    })
    for (const path of ['/graphql', '/account/graphql', '/platform/graphql']) {
      expect((await ask(url + path, '{ hello }')).body.data).toEqual({ hello: 'world' })
    }
  })

  test('hands over both tenant headers, address and user agent', async () => {
    const { url } = await serve()
    const headers = { 'org-id': 'acme', 'x-org-id': 'techcorp', 'user-agent': 'test', 'x-request-id': 'r-1' }
    const { body } = await ask(`${url}/graphql`, '{ facts }', headers)
    expect(JSON.parse(String(body.data?.['facts']))).toEqual({
      organizationHeaders: ['acme', 'techcorp'],
      requestId: 'r-1',
      ipAddress: '127.0.0.1',
      userAgent: 'test',
    })
  })

  test('believes x-forwarded-for only of a trusted proxy', async () => {
    const addressSeen = async (trustedProxies: string[]): Promise<unknown> => {
      const { url } = await serve({ config: { trustedProxies } })
      const { body } = await ask(`${url}/graphql`, '{ facts }', { 'x-forwarded-for': '203.0.113.7' })
      return (JSON.parse(String(body.data?.['facts'])) as { ipAddress: string }).ipAddress
    }
    expect(await addressSeen([])).toBe('127.0.0.1')
    expect(await addressSeen(['127.0.0.0/8'])).toBe('203.0.113.7')
  })

  test.each(['DELETE', 'PUT', 'PATCH', 'OPTIONS'])(
    'lists the methods it knows when asked with %s',
    async (method) => {
      const { url } = await serve()
      const answer = await fetch(`${url}/graphql`, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
    },
  )
})

describe('a request that is refused as a whole', () => {
  const refusals: [ErrorCode, number, number | undefined][] = [
    ['UNAUTHENTICATED', 401, undefined],
    ['FORBIDDEN', 403, undefined],
    ['TENANT_REQUIRED', 400, undefined],
    ['TENANT_INVALID', 400, undefined],
    ['TENANT_AMBIGUOUS', 400, undefined],
    ['TENANT_NOT_FOUND', 404, undefined],
    ['TENANT_SUSPENDED', 503, 30],
    ['TENANT_MIGRATING', 503, 5],
    ['RATE_LIMITED', 429, 60],
    ['SERVICE_UNAVAILABLE', 503, 2],
  ]
  test.each(refusals)('with %s has status %i in both media types', async (code, status, retryAfter) => {
    const options = retryAfter === undefined ? {} : { retryAfter }
    const api = echoApi({ refuse: () => new AppError(code, 'Not now.', { hint: 'a fact' }, options) })
    const { url } = await serve({ apis: [api] })
    for (const accept of [JSON_TYPE, GRAPHQL_TYPE]) {
      const answer = await ask(`${url}/graphql`, '{ hello }', { accept })
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe(`${accept}; charset=utf-8`)
      expect(answer.headers.get('retry-after')).toBe(retryAfter === undefined ? null : String(retryAfter))
      expect(answer.body).toEqual({
        errors: [{ message: 'Not now.', extensions: { code, hint: 'a fact' } }],
      })
    }
  })

  test('by a bug says only where the operator finds it', async () => {
    const api = echoApi({ refuse: () => new Error('the password is hunter2') })
    const { url, log } = await serve({ apis: [api] })
    const answer = await ask(`${url}/graphql`, '{ hello }')
    expect(answer.status).toBe(500)
    expect(JSON.stringify(answer.body)).not.toContain('hunter2')
    const requestId = answer.headers.get('x-request-id')
    expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId })
    expect(log.find((line) => line.requestId === requestId && line.level === 50)?.msg).toBe(
      'unexpected error',
    )
  })
})

describe('an error inside an operation', () => {
  test('keeps its code and details, and spares its siblings', async () => {
    const { url } = await serve()
    const answer = await ask(`${url}/graphql`, '{ hello conflict }')
    expect(answer.status).toBe(200)
    expect(answer.body.data).toEqual({ hello: 'world', conflict: null })
    expect(answer.body.errors).toMatchObject([
      { message: 'It is in use.', path: ['conflict'], extensions: { code: 'CONFLICT', field: 'name' } },
    ])
  })

  test('that nobody foresaw leaks nothing, and its request id is found in the log', async () => {
    const { url, log } = await serve()
    const answer = await ask(`${url}/graphql`, 'query Named { bug }')
    expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|TypeError|stack|\.ts/)
    const requestId = answer.headers.get('x-request-id')
    expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId })
    const line = log.find(({ msg }) => msg === 'unexpected error')
    expect(line).toMatchObject({ requestId, operationName: 'Named', err: { name: 'TypeError' } })
    expect(JSON.stringify(line)).toContain('support.ts')
  })

  test.each(['{ missing }', '{ wrongType }'])(
    'of a resolver that breaks the schema is internal: %s',
    async (query) => {
      const { url } = await serve()
      expect(codesOf(await ask(`${url}/graphql`, query))).toEqual(['INTERNAL_SERVER_ERROR'])
    },
  )

  test('of the caller is left to GraphQL, even when no data is left', async () => {
    const { url } = await serve()
    const answer = await ask(`${url}/graphql`, '{ hello forbidden }')
    expect([answer.status, answer.body.data]).toEqual([200, null])
    expect(codesOf(answer)).toEqual(['FORBIDDEN'])
  })

  test.each([
    ['{ wholeOutage }', 503],
    ['{ outage }', 503],
    ['{ a: outage b: outage }', 503],
    ['{ bug }', 500],
  ])('of ours that leaves no data decides the status: %s', async (query, status) => {
    const { url } = await serve()
    for (const accept of [JSON_TYPE, GRAPHQL_TYPE]) {
      const answer = await ask(`${url}/graphql`, query, { accept })
      expect([answer.status, answer.body.data]).toEqual([status, null])
    }
  })

  test('of ours that leaves some data is no failure to HTTP, but says when to ask again', async () => {
    const { url } = await serve()
    const answer = await ask(`${url}/graphql`, '{ hello outage }')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([200, '2'])
    expect(answer.body.data).toEqual({ hello: 'world', outage: null })
  })
})

describe('a document that is refused', () => {
  const documents: [string, string, Record<string, unknown>][] = [
    ['GRAPHQL_PARSE_FAILED', '{ hello', {}],
    ['GRAPHQL_VALIDATION_FAILED', '{ nothing }', {}],
    ['BAD_USER_INPUT', 'query ($a: Int!) { add(a: $a) }', { variables: { a: 'one' } }],
    ['OPERATION_RESOLUTION_FAILURE', 'query A { hello } query B { hello }', { operationName: 'C' }],
  ]
  test.each(documents)(
    'with %s is 400 in the new media type, 200 in the old one',
    async (code, query, rest) => {
      const { url } = await serve()
      const modern = await ask(`${url}/graphql`, query, { accept: GRAPHQL_TYPE }, rest)
      const older = await ask(`${url}/graphql`, query, { accept: JSON_TYPE }, rest)
      expect([modern.status, older.status]).toEqual([400, 200])
      for (const answer of [modern, older]) {
        expect(codesOf(answer)).toEqual([code])
        expect(answer.body).not.toHaveProperty('data')
      }
    },
  )

  test('for its length names the limit', async () => {
    const { url } = await serve({ config: { maxQueryTokens: 20 } })
    const answer = await ask(`${url}/graphql`, `{ ${'hello '.repeat(30)}}`)
    expect(answer.status).toBe(400)
    expect(answer.body.errors?.[0]?.extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'queryTokens',
      allowed: 20,
      asked: 'more than 20',
    })
  })

  test('gives no hints about a schema that may not be asked for', async () => {
    const { url } = await serve({ config: { introspection: false } })
    const guess = await ask(`${url}/graphql`, '{ hell }')
    expect(JSON.stringify(guess.body)).not.toContain('hello')
    expect(codesOf(await ask(`${url}/graphql`, '{ __schema { types { name } } }'))).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ])
  })
})

describe('a body that cannot be read', () => {
  const post = async (url: string, body: string, type = 'application/json'): Promise<[number, string]> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
    expect(response.headers.get('x-request-id')).toBeTruthy()
    const answer = (await response.json()) as { errors: { extensions: { code: string } }[] }
    return [response.status, answer.errors[0]?.extensions.code ?? '']
  }

  test.each(['{"query": ', 'hello', '', '{"__proto__": {"x": 1}, "query": "{hello}"}'])(
    'because it is no JSON object: %j',
    async (body) => {
      const { url, log } = await serve()
      expect(await post(url, body)).toEqual([400, 'BAD_REQUEST'])
      expect(log.filter(({ level }) => level >= 50)).toEqual([])
    },
  )

  test.each(['[]', '"text"', 'null', '{}', '[{"query":"{hello}"}]', '{"query": 5}'])(
    'because it is no GraphQL request: %s',
    async (body) => {
      const { url } = await serve()
      expect(await post(url, body)).toEqual([400, 'BAD_REQUEST'])
    },
  )

  test('because it is not JSON by its own account', async () => {
    const { url } = await serve()
    expect(await post(url, '<query/>', 'application/xml')).toEqual([415, 'BAD_REQUEST'])
  })

  test('because it is too large, with the limit and what was asked', async () => {
    const { url } = await serve({ config: { maxBodySize: 2_000 } })
    const query = `{ hello } #${'x'.repeat(3_000)}`
    const answer = await ask(`${url}/graphql`, query)
    expect(answer.status).toBe(400)
    expect(answer.body.errors?.[0]?.extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'bodyBytes',
      allowed: 2_000,
      asked: JSON.stringify({ query }).length,
    })
  })

  test('because it never ends', async () => {
    const { url } = await serve({ config: { maxBodySize: 2_000 } })
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
      request.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
        request.destroy()
      })
      request.on('error', reject)
      request.write('x'.repeat(4_000))
    })
    expect(status).toBe(400)
  })
})

describe('the context of a request', () => {
  test.each(['{ hello }', '{ bug }', '{ nothing }', '{ wholeBug }'])(
    'is ended once after %s',
    async (query) => {
      const api = echoApi()
      const { url, server } = await serve({ apis: [api] })
      await ask(`${url}/graphql`, query)
      await server.close()
      expect(api.ends).toEqual([1])
    },
  )

  test('is ended once when the client goes away', async () => {
    const started = gate()
    const release = gate()
    const api = echoApi({
      act: async () => {
        started.open()
        await release.opened
        return 'done'
      },
    })
    const { url, server } = await serve({ apis: [api] })
    const abort = new AbortController()
    const headers = { 'content-type': 'application/json' }
    const body = '{"query":"{ act }"}'
    const answer = fetch(`${url}/graphql`, { method: 'POST', headers, body, signal: abort.signal })
    await started.opened
    abort.abort()
    await expect(answer).rejects.toThrow()
    release.open()
    await server.close()
    expect(api.ends).toEqual([1])
  })
})

describe('the request id', () => {
  test('comes back on every answer: errors, health and unknown paths too', async () => {
    const { url } = await serve()
    const headers = { 'x-request-id': 'trace 7/b' }
    const answers = await Promise.all([
      fetch(`${url}/health/live`, { headers }),
      fetch(`${url}/health/ready`, { headers }),
      fetch(`${url}/nowhere`, { headers }),
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{',
      }),
      fetch(`${url}/graphql`, { headers: { ...headers, accept: 'text/html' } }),
    ])
    expect(answers.map((answer) => answer.headers.get('x-request-id'))).toEqual(Array(5).fill('trace 7/b'))
  })

  test('is made when none is given or the given one could do harm', async () => {
    const { url } = await serve()
    const idFor = async (given: string): Promise<string | null> =>
      (await fetch(`${url}/health/live`, { headers: { 'x-request-id': given } })).headers.get('x-request-id')
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128))
    const made = /^[0-9a-f]{8}-[0-9a-f-]{27}$/
    expect(await idFor('x'.repeat(129))).toMatch(made)
    expect(await idFor('')).toMatch(made)
    expect(await idFor('caf\u00e9')).toMatch(made)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary-ascii', maxLength: 140 }), async (text) => {
        const given = text.replace(/[\0\r\n]/g, '').trim()
        if (!isSendable(given)) return
        const answer = await idFor(given)
        if (answer !== given) expect(answer).toMatch(made)
        expect(answer).toMatch(/^[\x20-\x7e]{1,128}$/)
      }),
      { numRuns: 50 },
    )
  })

  function isSendable(value: string): boolean {
    try {
      new Headers({ 'x-request-id': value })
      return !/[\x00-\x08\x0b-\x1f\x7f]/.test(value)
    } catch {
      return false
    }
  }
})

test('an unknown path gives JSON that names the endpoints', async () => {
  const { url } = await serve()
  const answer = await fetch(`${url}/graph?token=secret`)
  expect(answer.status).toBe(404)
  const text = await answer.text()
  expect(JSON.parse(text)).toMatchObject({
    errors: [{ extensions: { code: 'NOT_FOUND', endpoints: ['/graphql', '/health/live', '/health/ready'] } }],
  })
  expect(text).not.toContain('secret')
})

describe('what can hardly be read', () => {
  /** Sends bytes as they are and reads all that comes back. */
  function sendRaw(url: string, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk: string) => (answer += chunk))
      socket.on('end', () => resolve(answer))
      socket.on('error', reject)
    })
  }

  test.each([
    ['a path that cannot be decoded', 'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
    ['an invented method', 'FOO /graphql HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is answered with JSON and a request id: %s', async (_case, text, status) => {
    const { url, log } = await serve()
    const answer = await sendRaw(url, text)
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(answer).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/m)
    const [, body = ''] = answer.split('\r\n\r\n')
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    expect(log.filter(({ level }) => level >= 40)).toEqual([])
  })
})
