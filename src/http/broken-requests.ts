import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { Logger } from './logger.js'

/** Node's codes for what it refuses while it parses HTTP; the rest is simply malformed. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Answers what is not even HTTP: there is no request yet, so the answer is written to the socket by hand. */
export function answerBrokenRequests(logger: Logger): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const status = STATUS[error.code ?? ''] ?? 400
    const requestId = randomUUID()
    const body = JSON.stringify({
      errors: [
        {
          message: `${STATUS_CODES[status]}: this is not a request that can be read.`,
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    })
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'connection: close',
    ]
    logger.info({ requestId, status, errorCodes: ['BAD_REQUEST'] }, 'request')
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
}
