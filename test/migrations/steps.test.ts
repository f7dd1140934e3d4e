import { expect, test } from 'vitest'
import { loadMigrations, type Migration } from '../../src/fleet/migration-files.js'
import {
  downMessage,
  sharedTarget,
  upMessage,
  type MigrationTarget,
} from '../../src/fleet/migration-message.js'
import { describeCatalogue } from '../../src/database/catalogue.js'
import { readObjects } from '../../src/fleet/drift/catalogue-objects.js'
import { MESSAGE_OPTIONS } from './support/migrate.js'
import { migrationDatabase, uniqueTarget } from './support/migration-database.js'

const database = migrationDatabase({ migrated: false })

test('every step taken back leaves the catalogue as it was, and can be made again', async () => {
  const { client } = database
  const { shared, modules } = await loadMigrations()
  const tenant = await database.createSchema(uniqueTarget('steps'))
  const steps: [MigrationTarget, Migration][] = [
    ...shared.migrations.map((step): [MigrationTarget, Migration] => [sharedTarget, step]),
    ...[...modules.values()].flatMap(({ migrations }) =>
      migrations.map((step): [MigrationTarget, Migration] => [tenant, step]),
    ),
  ]
  const fingerprint = (): Promise<string[]> => describeCatalogue(client, ['public', tenant.schemaName])

  // As the drift check sees the tenant's schema.
  const seen = async (): Promise<unknown> => {
    await client.query('begin')
    try {
      return (await readObjects(client, [tenant.schemaName])).get(tenant.schemaName)
    } finally {
      await client.query('rollback')
    }
  }

  const before: string[][] = []
  const seenBefore = await seen()
  for (const [target, step] of steps) {
    before.push(await fingerprint())
    await client.query(upMessage(target, step, [], MESSAGE_OPTIONS).text)
  }
  const complete = await fingerprint()
  const seenComplete = await seen()
  expect(seenComplete).not.toEqual(seenBefore)
  expect(complete.length).toBeGreaterThan(before[0]!.length + 1_000)

  for (const [index, [target, step]] of [...steps.entries()].reverse()) {
    await client.query(downMessage(target, step, MESSAGE_OPTIONS).text)
    expect(await fingerprint(), `after taking back ${step.module} ${step.name}`).toEqual(before[index])
  }

  expect(await seen(), 'after taking everything back').toEqual(seenBefore)

  for (const [target, step] of steps) await client.query(upMessage(target, step, [], MESSAGE_OPTIONS).text)
  expect(await fingerprint()).toEqual(complete)
  expect(await seen(), 'after making everything again').toEqual(seenComplete)
})
