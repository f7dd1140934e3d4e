import { createHmac } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { base64url, decodeJwt, exportSPKI, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createAuthenticator, type CredentialDirectory } from '../../src/http/authentication/authenticate.js'
import { LocalIssuer } from '../../src/http/authentication/local-issuer.js'
import { parseTenantId } from '../../src/tenancy/tenant-id.js'
import { ask, serve, temporaryDirectory, type Answer } from './support.js'

const ALICE = '018f0000-0000-7000-8000-00000000a11c'
const KEY_FILE = 'token-signing-key.json'

/** Local tokens need no look-up: whatever reaches the directory is a bug. */
const noDirectory: CredentialDirectory = {
  apiKey: () => Promise.reject(new Error('looked up a key')),
  identityBySubject: () => Promise.reject(new Error('looked up a subject')),
}

interface Gateway {
  readonly url: string
  readonly issuer: LocalIssuer
  readonly kid: string
  /** The issuer's own key, for tokens that it would never sign itself. */
  readonly ownKey: CryptoKey
  callWith(token: string): Promise<Answer>
}

async function gateway(): Promise<Gateway> {
  const directory = await temporaryDirectory()
  const issuer = await LocalIssuer.open(directory)
  const authenticate = createAuthenticator({ directory: noDirectory, issuers: [issuer.trusted()] })
  const { url } = await serve({ authenticate, jwks: issuer.jwks() })
  const jwk = JSON.parse(await readFile(join(directory, KEY_FILE), 'utf8')) as Record<string, string>
  return {
    url,
    issuer,
    kid: String(issuer.jwks().keys[0]?.kid),
    ownKey: (await importJWK(jwk, 'EdDSA')) as CryptoKey,
    callWith: (token) => ask(`${url}/graphql`, '{ caller }', { authorization: `Bearer ${token}` }),
  }
}

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

/** Claims of a good token; a test takes some away (undefined) or changes them. */
function claimsWith(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const claims = { iss: 'orgscope', aud: 'orgscope', sub: ALICE, exp: inSeconds(60), ...changes }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

function refusal({ status, body }: Answer): [number, string | undefined, string | undefined] {
  return [status, body.errors?.[0]?.extensions.code, body.errors?.[0]?.message]
}

describe('a token that was good before', () => {
  afterEach(() => vi.useRealTimers())

  test('is refused as soon as it expires', async () => {
    const issuer = await LocalIssuer.open(await temporaryDirectory())
    const authenticate = createAuthenticator({ directory: noDirectory, issuers: [issuer.trusted()] })
    const authorization = `Bearer ${await issuer.sign({ identityId: ALICE, expiresIn: 30 })}`
    vi.useFakeTimers({ toFake: ['Date'] })
    const start = Date.now()
    for (const seconds of [0, 20]) {
      vi.setSystemTime(start + seconds * 1_000)
      expect(await authenticate({ authorization })).toMatchObject({ identityId: ALICE })
    }
    vi.setSystemTime(start + 36_000)
    await expect(authenticate({ authorization })).rejects.toThrow(/expired/)
  })

  test('is not mistaken for one with another signature', async () => {
    const { issuer, callWith } = await gateway()
    const token = await issuer.sign({ identityId: ALICE, expiresIn: 60 })
    expect((await callWith(token)).status).toBe(200)
    const [head, claims] = token.split('.')
    expect((await callWith(`${head}.${claims}.${'A'.repeat(86)}`)).status).toBe(401)
  })
})

describe('a local token', () => {
  test('proves a person', async () => {
    const { issuer, callWith } = await gateway()
    const { body } = await callWith(await issuer.sign({ identityId: ALICE, expiresIn: 60 }))
    expect(JSON.parse(String(body.data?.['caller']))).toEqual({ kind: 'person', identityId: ALICE })
  })

  test('may be bound to one organization', async () => {
    const { issuer, callWith } = await gateway()
    const token = await issuer.sign({ identityId: ALICE, tenant: parseTenantId('acme'), expiresIn: 60 })
    const { body } = await callWith(token)
    expect(JSON.parse(String(body.data?.['caller']))).toMatchObject({ identityId: ALICE, boundTo: 'acme' })
  })

  test('is still good after a restart, and its key is readable by its owner only', async () => {
    const directory = await temporaryDirectory()
    const before = await LocalIssuer.open(directory)
    const after = await LocalIssuer.open(directory)
    expect(after.jwks()).toEqual(before.jwks())
    expect((await stat(join(directory, KEY_FILE))).mode & 0o777).toBe(0o600)
  })

  test('has one key when several processes make it at once', async () => {
    const directory = await temporaryDirectory()
    const issuers = await Promise.all(Array.from({ length: 8 }, () => LocalIssuer.open(directory)))
    expect(new Set(issuers.map((issuer) => issuer.jwks().keys[0]?.kid)).size).toBe(1)
  })

  test('can be checked by others with the published keys, which hold no secret', async () => {
    const { url, issuer } = await gateway()
    const published = await (await fetch(`${url}/.well-known/jwks.json`)).json()
    expect(published).toEqual(issuer.jwks())
    expect(issuer.jwks().keys[0]).not.toHaveProperty('d')
  })

  test('whose key file was damaged is not silently replaced', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, KEY_FILE), '{"kty":"OKP"}')
    await expect(LocalIssuer.open(directory)).rejects.toThrow(join(directory, KEY_FILE))
  })
})

describe('a token is refused', () => {
  const wrongClaims: [string, Record<string, unknown>, RegExp][] = [
    ['that has expired', { exp: inSeconds(-3_600) }, /expired/],
    ['without an expiry', { exp: undefined }, /never expires/],
    ['whose expiry is no number', { exp: 'tomorrow' }, /exp/],
    ['that is not valid yet', { nbf: inSeconds(3_600) }, /not valid yet/],
    ['for another audience', { aud: 'somebody-else' }, /audience/],
    ['without an audience', { aud: undefined }, /aud/],
    ['from an unknown issuer', { iss: 'https://evil.example' }, /issuer/],
    ['without an issuer', { iss: undefined }, /issuer/],
    ['without a subject', { sub: undefined }, /sub/],
    ['whose subject is no identity', { sub: 'admin' }, /sub/],
    ['bound to something else than an organization', { org: '../../x' }, /org/],
  ]
  test.each(wrongClaims)('%s', async (_reason, changes, message) => {
    const { callWith, ownKey, kid } = await gateway()
    const token = await new SignJWT(claimsWith(changes))
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .sign(ownKey)
    expect(refusal(await callWith(token))).toEqual([401, 'UNAUTHENTICATED', expect.stringMatching(message)])
  })

  test('signed with another key', async () => {
    const { callWith, kid } = await gateway()
    const { privateKey } = await generateKeyPair('EdDSA')
    const token = await new SignJWT(claimsWith()).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey)
    expect(refusal(await callWith(token))).toEqual([
      401,
      'UNAUTHENTICATED',
      expect.stringMatching(/signature/),
    ])
  })

  test('that names an unknown key', async () => {
    const { callWith, ownKey } = await gateway()
    const token = await new SignJWT(claimsWith())
      .setProtectedHeader({ alg: 'EdDSA', kid: 'another' })
      .sign(ownKey)
    expect(refusal(await callWith(token))).toEqual([401, 'UNAUTHENTICATED', expect.stringMatching(/key/)])
  })

  test('that brings a key of its own', async () => {
    const { callWith } = await gateway()
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
    const { exportJWK } = await import('jose')
    const token = await new SignJWT(claimsWith())
      .setProtectedHeader({ alg: 'EdDSA', jwk: await exportJWK(publicKey) })
      .sign(privateKey)
    expect(refusal(await callWith(token))).toEqual([
      401,
      'UNAUTHENTICATED',
      expect.stringMatching(/signature/),
    ])
  })

  test('whose content was changed after signing', async () => {
    const { callWith, issuer } = await gateway()
    const [head, , signature] = (await issuer.sign({ identityId: ALICE, expiresIn: 60 })).split('.')
    const other = base64url.encode(
      JSON.stringify(claimsWith({ sub: '018f0000-0000-7000-8000-0000000000b0' })),
    )
    expect(refusal(await callWith(`${head}.${other}.${signature}`))[1]).toBe('UNAUTHENTICATED')
  })

  test('with the algorithm "none", however it is spelled', async () => {
    const { callWith } = await gateway()
    for (const alg of ['none', 'None', 'NONE', '']) {
      const head = base64url.encode(JSON.stringify({ alg }))
      const token = `${head}.${base64url.encode(JSON.stringify(claimsWith()))}.`
      expect(refusal(await callWith(token)).slice(0, 2)).toEqual([401, 'UNAUTHENTICATED'])
    }
  })

  test('with HS256 keyed with what is public of the real key', async () => {
    const { callWith, issuer, kid } = await gateway()
    const [published] = issuer.jwks().keys
    const publicKey = (await importJWK(published ?? {}, 'EdDSA')) as CryptoKey
    const guesses = [await exportSPKI(publicKey), String(published?.x), JSON.stringify(published)]
    const content = [{ alg: 'HS256', kid }, claimsWith()]
      .map((part) => base64url.encode(JSON.stringify(part)))
      .join('.')
    for (const guess of guesses) {
      const signature = createHmac('sha256', guess).update(content).digest('base64url')
      expect(refusal(await callWith(`${content}.${signature}`))).toEqual([
        401,
        'UNAUTHENTICATED',
        expect.stringMatching(/algorithm/),
      ])
    }
  })

  test.each(['x', 'a.b.c', 'a.b', 'a.b.c.d.e'])('that is none: %s', async (token) => {
    const { callWith } = await gateway()
    expect(refusal(await callWith(token)).slice(0, 2)).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('and nothing of it comes back', async () => {
    const { callWith, ownKey, kid } = await gateway()
    const token = await new SignJWT(claimsWith({ exp: inSeconds(-60), note: 'private-note' }))
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .sign(ownKey)
    expect(decodeJwt(token)['note']).toBe('private-note')
    expect(JSON.stringify((await callWith(token)).body)).not.toMatch(/private-note|018f0000/)
  })
})

describe('the header authorization', () => {
  test.each(['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'token'])(
    'must hold a bearer token: %j',
    async (value) => {
      const { url } = await gateway()
      const answer = await ask(`${url}/graphql`, '{ caller }', { authorization: value })
      expect(refusal(answer)).toEqual([401, 'UNAUTHENTICATED', expect.stringContaining('Bearer <token>')])
    },
  )

  test('names its scheme in any case', async () => {
    const { url, issuer } = await gateway()
    const token = await issuer.sign({ identityId: ALICE, expiresIn: 60 })
    const answer = await ask(`${url}/graphql`, '{ caller }', { authorization: `bearer ${token}` })
    expect(answer.body.data?.['caller']).toContain(ALICE)
  })

  test('may not come together with an API key', async () => {
    const { url, issuer } = await gateway()
    const token = await issuer.sign({ identityId: ALICE, expiresIn: 60 })
    const headers = { authorization: `Bearer ${token}`, 'x-api-key': 'osk_x' }
    const answer = await ask(`${url}/graphql`, '{ caller }', headers)
    expect(refusal(answer)).toEqual([401, 'UNAUTHENTICATED', expect.stringMatching(/not both/)])
  })

  test('may be absent: then nobody is proven', async () => {
    const { url } = await gateway()
    expect((await ask(`${url}/graphql`, '{ caller }')).body.data).toEqual({ caller: 'null' })
  })
})
