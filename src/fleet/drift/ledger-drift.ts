import pg from 'pg'
import { schemaOf, type TenantId } from '../../tenancy/tenant-id.js'
import { coreModule } from '../migration-files.js'
import type { AppliedLedger } from './applied-steps.js'
import type { DriftFinding } from './finding.js'

/** What `public.tenant_schemas` says of a tenant. */
export interface RecordedTenant {
  readonly tenant: TenantId
  /** Installed modules, core first. */
  readonly modules: readonly string[]
  /** Latest version by module. */
  readonly schemaVersions: Readonly<Record<string, number>>
}

const LEFT = 'what the schema really has is for somebody to decide'

/** Where ledger, files and the record of a tenant disagree. */
export function ledgerDrift(recorded: RecordedTenant, ledger: AppliedLedger): DriftFinding[] {
  const left = (message: string, reason = LEFT): DriftFinding => ({
    ...{ about: 'ledger', message, repair: [], left: reason },
  })
  const installed = recorded.modules.filter((module) => module in ledger.versions)
  return [
    ...ledger.unknown.map((step) =>
      left(
        `the ledger has ${step}, which this version does not know; the schema was not compared`,
        'use the version of the program that applied it',
      ),
    ),
    ...ledger.changed.map(({ module, name, up }) =>
      left(
        `${module} ${name} was applied with other contents than ${up.file} has now`,
        'restore the file and write the change as a new migration',
      ),
    ),
    ...ledger.skipped.map(({ module, name }) =>
      left(`the ledger has no ${module} ${name}, but a later step`),
    ),
    ...recorded.modules
      .filter((module) => !installed.includes(module))
      .map((module) => left(`module ${module} is recorded as installed, but the ledger has no step of it`)),
    ...Object.keys(ledger.versions)
      .filter((module) => module !== coreModule && !recorded.modules.includes(module))
      .map((module) => left(`the ledger has steps of module ${module}, which is not recorded as installed`)),
    ...versionDrift(recorded, ledger),
  ]
}

function versionDrift(
  { tenant, schemaVersions }: RecordedTenant,
  { versions }: AppliedLedger,
): DriftFinding[] {
  return Object.entries(versions)
    .filter(([module, version]) => schemaVersions[module] !== version)
    .map(([module, version]) => ({
      about: 'ledger',
      message: `${module} is recorded at version ${schemaVersions[module] ?? 'none'}, the ledger is at ${version}`,
      repair: [
        {
          phase: 'record',
          statements: [
            'update public.tenant_schemas set schema_versions = schema_versions || ' +
              `${pg.escapeLiteral(JSON.stringify({ [module]: version }))} where schema_name = '${schemaOf(tenant)}'`,
          ],
        },
      ],
      left: null,
    }))
}
