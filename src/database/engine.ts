import { AppError } from '../errors.js'
import type { Queryable } from './advisory-lock.js'

/** What the server is, as far as statements differ by it. */
export interface Engine {
  /** `server_version_num`, for example 180004. */
  readonly version: number
  /** From 16 on memberships carry ADMIN, INHERIT and SET options of their own. */
  readonly membershipOptions: boolean
}

/** Oldest server we run on; `NULLS NOT DISTINCT` and the closed schema `public` begin with it. */
const OLDEST = 150000

/** Asks the server for its version. Throws CONFLICT when it is older than Postgres 15. */
export async function detectEngine(db: Queryable): Promise<Engine> {
  const { rows } = await db.query<{ version: number; name: string }>(
    `/* engine.version */
     select current_setting('server_version_num')::integer as version, current_setting('server_version') as name`,
  )
  const { version, name } = rows[0]!
  if (version < OLDEST) {
    throw new AppError('CONFLICT', `Postgres 15 or newer is needed; this server is ${name}.`)
  }
  return { version, membershipOptions: version >= 160000 }
}
