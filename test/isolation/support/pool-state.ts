import type pg from 'pg'

/** Everything a transaction could leave behind on a connection. */
const STATE = `/* isolation.state */
  select current_user::text as "user", session_user::text as "login",
    current_setting('role') as role, current_setting('search_path') as path,
    coalesce(current_setting('orgscope.organization_id', true), '') as organization,
    coalesce(current_setting('orgscope.identity_id', true), '') as identity,
    current_setting('statement_timeout') as timeout,
    array(select name from pg_settings where source = 'session' and name not like 'transaction%') as changed,
    (select count(*) from pg_prepared_statements) as prepared,
    (select count(*) from pg_cursors where is_holdable) as cursors,
    (select count(*) from pg_listening_channels()) as channels,
    (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
    pg_my_temp_schema()::oid <> 0 as temporary`

/** What a connection is like right after the gateway logged in. */
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

/** The state of every connection a pool may open, looked at all at once, so that each of them is seen. */
export async function statesOf(pool: pg.Pool): Promise<readonly unknown[]> {
  const clients = await Promise.all(Array.from({ length: pool.options.max ?? 1 }, () => pool.connect()))
  try {
    // In a transaction, so that a pooler in between gives every client a connection of its own.
    await Promise.all(clients.map((client) => client.query('begin')))
    const answers = await Promise.all(clients.map((client) => client.query<object>(STATE)))
    await Promise.all(clients.map((client) => client.query('rollback')))
    return answers.flatMap(({ rows }) => rows)
  } finally {
    for (const client of clients) client.release()
  }
}
