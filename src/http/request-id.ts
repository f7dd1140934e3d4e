import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Printable ASCII, so that an id cannot forge a log line or a header; long enough for every tracing system. */
const ACCEPTABLE = /^[\x21-\x7e]([\x20-\x7e]{0,126}[\x21-\x7e])?$/

/** The client's `x-request-id` when it is acceptable (printable, at most 128 characters), else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && ACCEPTABLE.test(given) ? given : randomUUID()
}
