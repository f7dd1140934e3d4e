import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

/** What Postgres uses itself (`scram_iterations`, and the salt length of its own verifiers). */
const ITERATIONS = 4096
const SALT_BYTES = 16

/**
 * The SCRAM-SHA-256 verifier of a password, in the form Postgres stores (RFC 5803, `pg_authid.rolpassword`). Sending
 * it instead of the password keeps the password out of the server's log.
 */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations = ITERATIONS,
): string {
  // NFKC is the part of SASLprep that changes printable text; Postgres prepares passwords the same way.
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

/** True when a stored verifier was made from this password. */
export function verifierMatches(verifier: string | null, password: string): boolean {
  const parts = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$/.exec(verifier ?? '')
  if (parts === null) return false
  return scramVerifier(password, Buffer.from(parts[2]!, 'base64'), Number(parts[1])) === verifier
}
