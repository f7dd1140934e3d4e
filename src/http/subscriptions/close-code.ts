import type { Problem } from '../../graphql/error-format.js'

/** Why a WebSocket is closed: a code of RFC 6455 or of 4000 to 4999, and a reason of at most 123 bytes. */
export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** The gateway stops; another one, or the next, will serve the client. */
export const GOING_AWAY: CloseReason = { code: 1001, reason: 'The gateway is stopping. Connect again.' }

/** The token has reached its end; clients that follow graphql-ws try again with a new one, as they do not after 4401. */
export const TOKEN_EXPIRED: CloseReason = {
  code: 4403,
  reason: 'The token has expired. Connect again with a new one.',
}

/** The client does not read what it subscribed to. */
export const TOO_SLOW: CloseReason = {
  code: 4413,
  reason: 'Too slow: messages were not read in time. Resume with the last cursor.',
}

const TRY_AGAIN_LATER = 1013
const LONGEST_REASON = 123

/** A refusal as a close code: 4000 and its HTTP status, as graphql-ws does it; too many connections are 1013. */
export function closeReasonOf({ code, message, status }: Problem): CloseReason {
  return {
    code: code === 'RATE_LIMITED' ? TRY_AGAIN_LATER : 4000 + (status ?? 400),
    reason: cut(message),
  }
}

/** The reason is counted in bytes; a character is never cut in two. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= LONGEST_REASON) return text
  const kept = Buffer.from(text).subarray(0, LONGEST_REASON - 3)
  return `${kept.toString().replace(/\uFFFD+$/, '')}…`
}
