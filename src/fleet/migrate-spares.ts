import type pg from 'pg'
import { withClient } from '../database/owner-transaction.js'
import { dropSpare, listSpares, migrateSpare } from '../tenancy/spares/spare-schemas.js'
import type { MigrationCatalogue } from './migration-files.js'

/**
 * Brings the spare schemas to this version after the tenants, one after another. None of them is anybody's: one that
 * cannot be migrated is dropped, and nothing of it is a failure of the run. Until it is current, none is handed out.
 */
export async function migrateSpares(admin: pg.Pool, migrations: MigrationCatalogue): Promise<void> {
  await withClient(admin, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      `/* spares.exist */ select to_regclass('public.spare_schemas') is not null as exists`,
    )
    if (rows[0]?.exists !== true) return
    const spares = await listSpares(client, migrations)
    for (const spare of spares.filter(({ status, isCurrent }) => status === 'ready' && !isCurrent)) {
      await migrateSpare({ client, observer: admin, migrations }, spare)
    }
    // Of other default rows, or of files that changed: worth no more than its making.
    const others = await listSpares(client, migrations)
    for (const { name, status, isCurrent } of others) {
      if (status === 'ready' && !isCurrent) await dropSpare(client, name)
    }
  })
}
