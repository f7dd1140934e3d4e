import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { remoteIssuer } from '../../src/http/authentication/trusted-issuer.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { ask, type Answer } from './support.js'
import { createOrganization, tenantGateway, type Organization } from './tenant-gateway.js'

const ISSUER = 'https://id.example'

let database: TestDatabase
let acme: Organization
beforeAll(async () => {
  database = await freshDatabase()
  acme = await createOrganization(database)
  await linkSubject('subject-1', acme.ownerId)
})
afterAll(() => database?.drop())

interface KeyServer {
  readonly url: string
  keys: JWK[]
  status: number
  fetches: number
}

/** An issuer's key server, over real HTTP. */
async function keyServer(keys: JWK[]): Promise<KeyServer> {
  const state = { keys, status: 200, fetches: 0 }
  const server: Server = createServer((_request, response) => {
    state.fetches++
    response.writeHead(state.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json` })
}

interface SigningKey {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

async function signingKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

/** A gateway that trusts the issuer, whose subject-1 is linked to the owner of the organization. */
async function gatewayTrusting(
  keys: KeyServer,
  algorithms: string[],
): Promise<(token: string) => Promise<Answer>> {
  const issuer = { issuer: ISSUER, jwksUrl: keys.url, audience: ['orgscope-api'], algorithms }
  const { url } = await tenantGateway(database, { issuers: [remoteIssuer(issuer)] })
  const headers = { 'org-id': acme.tenant }
  return (token) =>
    ask(`${url}/graphql`, '{ viewer { userId role } }', { ...headers, authorization: `Bearer ${token}` })
}

async function linkSubject(subject: string, identityId: string): Promise<void> {
  await database.admin.query(
    `with provider as (
       insert into public.sso_providers (organization_id, name, provider_type, issuer)
       values ($1, $2, 'oidc', $3) returning id
     )
     insert into public.sso_accounts (identity_id, provider_id, external_subject)
     select $4, id, $5 from provider`,
    [acme.organizationId, `Provider ${randomUUID()}`, ISSUER, identityId, subject],
  )
}

function sign({ privateKey, jwk }: SigningKey, subject = 'subject-1'): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: String(jwk.alg), kid: String(jwk.kid) })
    .setIssuer(ISSUER)
    .setAudience('orgscope-api')
    .setSubject(subject)
    .setExpirationTime('1m')
    .sign(privateKey)
}

test.each(['RS256', 'ES256', 'EdDSA'])(
  'a token signed with %s by a configured issuer proves the linked identity',
  async (alg) => {
    const key = await signingKey(alg, 'k1')
    const call = await gatewayTrusting(await keyServer([key.jwk]), [alg])
    const { body } = await call(await sign(key))
    expect(body).toMatchObject({ data: { viewer: { role: 'OWNER' } } })
  },
)

test("an issuer's keys are fetched once for many tokens", async () => {
  const key = await signingKey('ES256', 'k1')
  const keys = await keyServer([key.jwk])
  const call = await gatewayTrusting(keys, ['ES256'])
  await call(await sign(key))
  await Promise.all(Array.from({ length: 10 }, async () => call(await sign(key))))
  expect(keys.fetches).toBe(1)
})

test('tokens with invented key ids do not make the gateway hammer the issuer', async () => {
  const key = await signingKey('ES256', 'k1')
  const keys = await keyServer([key.jwk])
  const call = await gatewayTrusting(keys, ['ES256'])
  for (let attempt = 0; attempt < 5; attempt++) {
    const forged = await signingKey('ES256', `invented-${attempt}`)
    const { status, body } = await call(await sign(forged))
    expect([status, body.errors?.[0]?.message]).toEqual([401, expect.stringMatching(/does not publish/)])
  }
  expect(keys.fetches).toBeLessThanOrEqual(2)
})

test('a subject that two identities claim proves neither', async () => {
  const key = await signingKey('ES256', 'k1')
  const call = await gatewayTrusting(await keyServer([key.jwk]), ['ES256'])
  const other = await createOrganization(database)
  await linkSubject('shared', acme.ownerId)
  await linkSubject('shared', other.ownerId)
  expect((await call(await sign(key, 'shared'))).status).toBe(401)
})

test('a subject that is linked to nobody is refused', async () => {
  const key = await signingKey('ES256', 'k1')
  const call = await gatewayTrusting(await keyServer([key.jwk]), ['ES256'])
  const { status, body } = await call(await sign(key, 'stranger'))
  expect([status, body.errors?.[0]?.message]).toEqual([401, expect.stringMatching(/no account/)])
})

test('only the algorithms set for the issuer are accepted, whatever its keys would allow', async () => {
  const key = await signingKey('RS256', 'k1')
  const call = await gatewayTrusting(await keyServer([key.jwk]), ['ES256'])
  const { status, body } = await call(await sign(key))
  expect([status, body.errors?.[0]?.message]).toEqual([401, expect.stringMatching(/algorithm/)])
})

test('an issuer that cannot be reached is an outage, not a bad token, and is asked again', async () => {
  const key = await signingKey('ES256', 'k1')
  const keys = await keyServer([key.jwk])
  const call = await gatewayTrusting(keys, ['ES256'])
  keys.status = 500
  const outage = await call(await sign(key))
  expect([outage.status, outage.body.errors?.[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
  expect(outage.headers.get('retry-after')).toBe('5')
  keys.status = 200
  expect((await call(await sign(key))).status).toBe(200)
})
