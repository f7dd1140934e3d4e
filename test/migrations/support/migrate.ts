import type { ClientBase } from 'pg'
import type { MigrationCatalogue, MigrationScript } from '../../../src/fleet/migration-files.js'
import { defaultDataMessage, upMessage, type MigrationTarget } from '../../../src/fleet/migration-message.js'

export const MESSAGE_OPTIONS = { lockTimeout: 1_000 }

/** Applies every migration of every module to a tenant's schema, with default rows. */
export async function migrateTenant(
  client: ClientBase,
  target: MigrationTarget,
  { modules }: MigrationCatalogue,
): Promise<void> {
  for (const { migrations, defaultData } of modules.values()) {
    for (const migration of migrations) {
      await client.query(upMessage(target, migration, [], MESSAGE_OPTIONS).text)
    }
    await applyDefaultData(client, target, defaultData)
  }
}

export async function applyDefaultData(
  client: ClientBase,
  target: MigrationTarget,
  script: MigrationScript | undefined,
): Promise<void> {
  if (script !== undefined) await client.query(defaultDataMessage(target, [script], MESSAGE_OPTIONS).text)
}

/** Runs `work` in a transaction under a role, with row-level settings, and leaves nothing behind. */
export async function inRole<Result>(
  client: ClientBase,
  role: string,
  scope: { organizationId?: string; identityId?: string; searchPath?: string },
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('begin')
  try {
    await client.query(
      `select set_config('orgscope.organization_id', $1, true), set_config('orgscope.identity_id', $2, true),
         set_config('search_path', $3, true), set_config('role', $4, true)`,
      [scope.organizationId ?? '', scope.identityId ?? '', scope.searchPath ?? 'public', role],
    )
    return await work()
  } finally {
    await client.query('rollback')
  }
}
