import { hkdfSync, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
} from 'jose'
import type { TenantId } from '../../tenancy/tenant-id.js'
import type { TrustedIssuer } from './trusted-issuer.js'

export const LOCAL_ISSUER = 'orgscope'
export const LOCAL_AUDIENCE = 'orgscope'

const ALGORITHM = 'EdDSA'
const FILE = 'token-signing-key.json'

export interface TokenOptions {
  /** The person's `identities.id`. */
  readonly identityId: string
  /** The only organization the token is good for; without it, every one the person belongs to. */
  readonly tenant?: TenantId | undefined
  /** Seconds until the token expires. */
  readonly expiresIn: number
}

/** Signs tokens with an Ed25519 key pair of this installation's own, kept in its data directory. */
export class LocalIssuer {
  readonly #privateKey: CryptoKey
  readonly #publicJwk: JWK & { kid: string }
  /** The private key as base64url. */
  readonly #secret: string

  private constructor(privateKey: CryptoKey, publicJwk: JWK & { kid: string }, secret: string) {
    this.#privateKey = privateKey
    this.#publicJwk = publicJwk
    this.#secret = secret
  }

  /**
   * Reads the key pair kept in `directory`, or makes one there, readable by its owner only.
   *
   * @throws {Error} naming the file when it cannot be read as a key
   */
  static async open(directory: string): Promise<LocalIssuer> {
    const file = join(directory, FILE)
    const jwk = parseKey((await readIfPresent(file)) ?? (await createKeyFile(directory, file)), file)
    const privateKey = (await importJWK(jwk, ALGORITHM)) as CryptoKey
    const { kty, crv, x } = jwk
    const shared = { kty, crv, x } as JWK
    const kid = await calculateJwkThumbprint(shared)
    return new LocalIssuer(privateKey, { ...shared, kid, alg: ALGORITHM, use: 'sig' }, jwk.d)
  }

  /** A signed token for one person. */
  sign({ identityId, tenant, expiresIn }: TokenOptions): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    return new SignJWT(tenant === undefined ? {} : { org: tenant })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: this.#publicJwk.kid })
      .setIssuer(LOCAL_ISSUER)
      .setAudience(LOCAL_AUDIENCE)
      .setSubject(identityId)
      .setIssuedAt(now)
      .setExpirationTime(now + expiresIn)
      .sign(this.#privateKey)
  }

  /** A secret of this installation's own for a purpose: 32 bytes, the same on every call, and telling nothing of the key. */
  secretFor(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', Buffer.from(this.#secret, 'base64url'), '', purpose, 32))
  }

  /** The public half, as served at /.well-known/jwks.json. */
  jwks(): JSONWebKeySet {
    return { keys: [this.#publicJwk] }
  }

  /** How a gateway checks the tokens of this issuer. */
  trusted(): TrustedIssuer {
    return {
      issuer: LOCAL_ISSUER,
      audience: [LOCAL_AUDIENCE],
      algorithms: [ALGORITHM],
      keys: createLocalJWKSet(this.jwks()),
      isLocal: true,
    }
  }
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Two processes may start at once: the slower one takes the key of the faster one. */
async function createKeyFile(directory: string, file: string): Promise<string> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true })
  const text = JSON.stringify(await exportJWK(privateKey)) + '\n'
  await mkdir(directory, { recursive: true })
  const partial = `${file}.${randomUUID()}`
  await writePrivate(partial, text)
  try {
    // A link appears at once with its whole content, and fails when another process was first.
    await link(partial, file)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return await readFile(file, 'utf8')
  } finally {
    await rm(partial, { force: true })
  }
}

async function writePrivate(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function parseKey(text: string, file: string): JWK & { crv: string; x: string; d: string } {
  const problem = `${file} does not hold the key that signs local tokens. Remove the file to have a new key made; tokens signed with the old one stop working.`
  try {
    const jwk = JSON.parse(text) as JWK
    if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && jwk.x !== undefined && jwk.d !== undefined) {
      return jwk as JWK & { crv: string; x: string; d: string }
    }
  } catch (cause) {
    throw new Error(problem, { cause })
  }
  throw new Error(problem)
}
