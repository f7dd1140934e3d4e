import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalIssuer } from '../../src/http/authentication/local-issuer.js'
import { deriveApiKey, hashApiKey, isApiKeyForm } from '../../src/tenancy/api-key.js'
import { TenantDirectory } from '../../src/tenancy/tenant-directory.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { commandLineOf, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let directory: string
const tenant = uniqueTenant()
beforeAll(async () => {
  database = await freshDatabase()
  directory = await mkdtemp(join(tmpdir(), 'orgscope-cli-'))
  orgscope = commandLineOf(database, directory)
  const owner = ['--name', 'T', '--admin-email', 'Ada@example.org']
  await orgscope(['tenant', 'create', tenant, ...owner])
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await database?.drop()
})

test('a token is printed alone, and a gateway on the same data directory accepts it', async () => {
  const { code, stdout } = await orgscope(['token', 'create', '--email', 'ada@EXAMPLE.org', '--org', tenant])
  expect(code).toBe(0)
  const { keys, issuer, audience } = (await LocalIssuer.open(directory)).trusted()
  const { payload } = await jwtVerify(stdout.trim(), keys, { issuer, audience: [...audience] })
  expect(payload).toMatchObject({ org: tenant, exp: payload.iat! + 3_600 })
})

test('a token lasts as long as was asked for', async () => {
  const { token, expiresAt } = await orgscope.json<{ token: string; expiresAt: string }>(
    ...['token', 'create', '--email', 'ada@example.org', '--expires-in', '2d'],
  )
  const { iat, exp, org } = decodeJwt(token)
  expect({ lifetime: exp! - iat!, org }).toEqual({ lifetime: 172_800, org: undefined })
  expect(Math.abs(Date.parse(expiresAt) / 1_000 - exp!)).toBeLessThan(5)
})

test('nobody gets a token who has no account', async () => {
  const { code, stderr } = await orgscope(['token', 'create', '--email', 'eve@example.org'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/no active account with the e-mail address eve@example\.org/)
})

test('an API key is printed alone and once, works, and does not after it was revoked', async () => {
  const { stdout, stderr } = await orgscope(['api-key', 'create', '--org', tenant, '--name', 'Shipper'])
  const key = stdout.trim()
  expect(isApiKeyForm(key)).toBe(true)
  expect(stderr).toMatch(/cannot be shown again/)
  const look = () =>
    new TenantDirectory(database.pool(database.gatewayUrl), { statementTimeout: 5_000 }).apiKey(
      hashApiKey(key),
    )
  expect(await look()).toMatchObject({ actor: { kind: 'api_key', boundTo: tenant, role: 'api_user' } })

  const prefix = key.slice(0, 12)
  expect(await orgscope.json('api-key', 'list', '--org', tenant)).toMatchObject([
    { prefix, status: 'active' },
  ])
  expect((await orgscope(['api-key', 'revoke', prefix, '--org', tenant])).code).toBe(2)
  const revoked = await orgscope(['api-key', 'revoke', prefix, '--org', tenant, '--yes'])
  expect(revoked.stdout).toBe(`API key ${prefix}… (Shipper) of ${tenant} is revoked.\n`)
  expect(await look()).toBeUndefined()
  expect((await orgscope(['api-key', 'list', '--org', tenant])).stdout).toMatch(
    new RegExp(`${prefix} +revoked`),
  )
})

test('making and revoking keys is written into the platform audit log', async () => {
  const { id } = await orgscope.json<{ id: string }>(
    'api-key',
    'create',
    '--org',
    tenant,
    '--name',
    'Audited',
  )
  await orgscope(['api-key', 'revoke', id, '--org', tenant, '--yes'])
  const { rows } = await database.admin.query(
    `select event_type from public.platform_audit_logs where details ->> 'apiKeyId' = $1 order by id`,
    [id],
  )
  expect(rows.map(({ event_type }) => event_type as string)).toEqual(['api_key.created', 'api_key.revoked'])
})

test('a key of another organization cannot be revoked', async () => {
  const other = uniqueTenant()
  await orgscope(['tenant', 'create', other, '--name', 'Other', '--admin-email', 'o@example.org'])
  const { id } = await orgscope.json<{ id: string }>('api-key', 'create', '--org', tenant, '--name', 'Ours')
  const { code, stderr } = await orgscope(['api-key', 'revoke', id, '--org', other, '--yes'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/has no API key/)
})

test('a key derived from a secret is the same every time, and another one for another secret', () => {
  const one = deriveApiKey(Buffer.alloc(32, 1))
  expect(isApiKeyForm(one.key)).toBe(true)
  expect(deriveApiKey(Buffer.alloc(32, 1))).toEqual(one)
  expect(deriveApiKey(Buffer.alloc(32, 2)).key).not.toBe(one.key)
})
