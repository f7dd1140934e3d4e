import pg from 'pg'

/** What a cancel request needs of a client; `pg` keeps it in properties it does not declare. */
interface Cancellable {
  readonly host: string
  readonly port: number
  readonly ssl: unknown
  readonly processID: number
  readonly secretKey: unknown
}

interface CancelConnection extends pg.Connection {
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: unknown): void
}

/** A server that does not answer must not hold anything up for longer (ms). */
const PATIENCE = 2_000
/** A signal that arrives between two statements hits neither: ask again after this time (ms), this often. */
const PAUSE = 250
const ATTEMPTS = 4

/**
 * Cancels what a pooled client runs, and ends its connection: the signal may reach the backend later than the answer to
 * the request for it, and must not hit somebody else's statement. Never rejects.
 */
export async function cancelAndDiscard(client: pg.PoolClient): Promise<void> {
  const ended = new Promise<true>((resolve) => client.once('end', () => resolve(true)))
  await requestCancel(client)
  client.release(true)
  for (let attempt = 1; !(await within(ended, PAUSE)); attempt += 1) {
    if (attempt === ATTEMPTS) {
      ;(client as unknown as { connection: pg.Connection }).connection.stream.destroy()
      return
    }
    await requestCancel(client)
  }
}

async function within(ended: Promise<true>, time: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), time)
  })
  return Promise.race([ended, late]).finally(() => clearTimeout(timer))
}

/**
 * Asks for a cancellation over a connection of its own, which the server closes without an answer:
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
function requestCancel(client: pg.ClientBase): Promise<void> {
  const { host, port, ssl, processID, secretKey } = client as unknown as Cancellable
  const connection = new pg.Connection({ ssl } as pg.ConnectionConfig) as CancelConnection
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      connection.stream.destroy()
      resolve()
    }
    const timer = setTimeout(done, PATIENCE)
    const cancel = (): void => connection.cancel(processID, secretKey)
    connection.on('connect', () => (ssl ? connection.requestSsl() : cancel()))
    connection.on('sslconnect', cancel)
    connection.on('end', done)
    connection.on('error', done)
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}
