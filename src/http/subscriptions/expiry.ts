import { decodeJwt } from 'jose'

/** Longest delay a timer takes (ms). */
const LONGEST_DELAY = 2 ** 31 - 1

/**
 * Calls back when the bearer token of an accepted client ends, which its `exp` says, and returns what calls that off.
 * Other credentials name no time themselves: the directory knows theirs, and is asked.
 */
export function onTokenExpiry(authorization: string | undefined, callback: () => void): () => void {
  const expiry = expiryOf(authorization)
  if (expiry === undefined) return () => {}
  let timer: NodeJS.Timeout
  const wait = (): void => {
    const delay = expiry - Date.now()
    timer = delay <= 0 ? setTimeout(callback, 0) : setTimeout(wait, Math.min(delay, LONGEST_DELAY))
    timer.unref()
  }
  wait()
  return () => clearTimeout(timer)
}

/** Milliseconds since the epoch. The signature was checked when the client was let in. */
function expiryOf(authorization: string | undefined): number | undefined {
  const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  const exp = token === undefined ? undefined : decodeJwt(token).exp
  return exp === undefined ? undefined : exp * 1000
}
