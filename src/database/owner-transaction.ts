import type pg from 'pg'

/** The role that owns every schema and table; DDL and the control plane's own work run under it. */
export const ownerRole = 'orgscope_owner'

/**
 * Runs `work` in one transaction of a given client under the owner's role. When it throws, everything is rolled
 * back; when even that fails, the connection is gone and the first error is the one to report.
 */
export async function ownerTransactionOn<Result>(
  client: pg.PoolClient,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  await client.query(`begin; set local role ${ownerRole}; set local search_path = public`)
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** Like `ownerTransactionOn`, on a connection of the admin pool. */
export async function ownerTransaction<Result>(
  admin: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withClient(admin, (client) => ownerTransactionOn(client, work))
}

/** Lends a connection to `work` and gives it back; one that broke is thrown away by the pool. */
export async function withClient<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}
