import type pg from 'pg'

/** Everything a transaction could leave behind on a connection. */
const STATE = `/* isolation.state */
  select current_user::text as "user", session_user::text as "login",
    current_setting('role') as role, current_setting('search_path') as path,
    coalesce(current_setting('orgscope.organization_id', true), '') as organization,
    coalesce(current_setting('orgscope.identity_id', true), '') as identity,
    current_setting('statement_timeout') as timeout,
    array(select name from pg_settings where source = 'session' and name not like 'transaction%') as changed,
    (select count(*) from pg_prepared_statements where name !~ '^[A-Za-z0-9_-]{43}$') as prepared,
    (select count(*) from pg_cursors where is_holdable) as cursors,
    (select count(*) from pg_listening_channels()) as channels,
    (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
    pg_my_temp_schema()::oid <> 0 as temporary`

/** What a connection is like right after the gateway logged in, but for the statements prepared under a hash. */
export const CLEAN = {
  user: 'orgscope_gateway',
  login: 'orgscope_gateway',
  role: 'none',
  path: '"$user", public',
  organization: '',
  identity: '',
  timeout: '0',
  changed: [],
  prepared: 0,
  cursors: 0,
  channels: 0,
  locks: 0,
  temporary: false,
}

/** A statement as the server knows it. */
export interface Prepared {
  readonly name: string
  readonly statement: string
}

const PREPARED = '/* isolation.prepared */ select name, statement from pg_prepared_statements'

/** The state of every connection a pool may open. */
export function statesOf(pool: pg.Pool): Promise<readonly unknown[]> {
  return onEveryConnection<object>(pool, STATE)
}

/** What is prepared on the connections of a pool. */
export function preparedOn(pool: pg.Pool): Promise<readonly Prepared[]> {
  return onEveryConnection<Prepared>(pool, PREPARED)
}

/** Looks at all connections at once, so that each of them is seen. */
async function onEveryConnection<Row extends object>(pool: pg.Pool, text: string): Promise<readonly Row[]> {
  const clients = await Promise.all(Array.from({ length: pool.options.max ?? 1 }, () => pool.connect()))
  try {
    // In a transaction, so that a pooler in between gives every client a connection of its own.
    await Promise.all(clients.map((client) => client.query('begin')))
    const answers = await Promise.all(clients.map((client) => client.query<Row>(text)))
    await Promise.all(clients.map((client) => client.query('rollback')))
    return answers.flatMap(({ rows }) => rows)
  } finally {
    for (const client of clients) client.release()
  }
}
