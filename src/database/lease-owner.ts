import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

/** A name for whoever works on something for a while: unique per call; host and process say who it is. */
export function newLeaseOwner(): string {
  return `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
}
