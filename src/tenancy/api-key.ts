import { createHash, createHmac, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** A new API key: the key itself is shown once, the other two are kept. */
export interface NewApiKey {
  readonly key: string
  /** First characters, shown in lists so that people can tell keys apart. */
  readonly prefix: string
  readonly hash: string
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX_LENGTH = 8
/** 43 characters of 62 carry 256 bits: nothing to guess, so the hash needs neither salt nor stretching. */
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6

const FORM = new RegExp(
  `^osk_[0-9A-Za-z]{${PREFIX_LENGTH}}_[0-9A-Za-z]{${SECRET_LENGTH}}[0-9A-Za-z]{${CHECKSUM_LENGTH}}$`,
)

/** Makes a key `osk_<prefix>_<secret><checksum>`; letters and digits only, so that a double click selects its parts. */
export function createApiKey(): NewApiKey {
  return apiKeyOf(randomText(PREFIX_LENGTH), randomText(SECRET_LENGTH))
}

/** The one key that a secret of at least 32 bytes stands for, so that a demo can show the same key at every start. */
export function deriveApiKey(secret: Buffer): NewApiKey {
  const text = derivedText(secret, PREFIX_LENGTH + SECRET_LENGTH)
  return apiKeyOf(text.slice(0, PREFIX_LENGTH), text.slice(PREFIX_LENGTH))
}

function apiKeyOf(prefixText: string, secretText: string): NewApiKey {
  const prefix = `osk_${prefixText}`
  const body = `${prefix}_${secretText}`
  const key = body + checksum(body)
  return { key, prefix, hash: hashApiKey(key) }
}

/** SHA-256 of the whole key in hexadecimal: what the database keeps and is asked for. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** True for a key with the right form and checksum; a mistyped or invented one costs no look-up. */
export function isApiKeyForm(key: string): boolean {
  return FORM.test(key) && checksum(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH)
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
}

/** Letters from a keyed stream of bytes; bytes beyond a multiple of the alphabet's size would favour its beginning. */
function derivedText(secret: Buffer, length: number): string {
  const even = 256 - (256 % ALPHABET.length)
  let text = ''
  for (let block = 0; text.length < length; block++) {
    const bytes = createHmac('sha256', secret).update(String(block)).digest()
    for (const byte of bytes) if (byte < even) text += ALPHABET.charAt(byte % ALPHABET.length)
  }
  return text.slice(0, length)
}

/** CRC-32 in base 62, as wide as its largest value needs. */
function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits
    rest = Math.floor(rest / ALPHABET.length)
  }
  return digits
}
