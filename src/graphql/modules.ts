import type { Module } from '../entity/module.js'
import { auditModule } from '../modules/audit/index.js'
import { catalogModule } from '../modules/catalog/index.js'
import { identityModule } from '../modules/identity/index.js'
import { organizationModule } from '../modules/organization/index.js'
import { savedQueriesModule } from '../modules/saved-queries/index.js'
import { usageModule } from '../modules/usage/index.js'

/** The modules of the tenant API in their order: core ones first; each may build on those before it. */
export const modules: readonly Module[] = [
  organizationModule,
  identityModule,
  catalogModule,
  auditModule,
  savedQueriesModule,
  usageModule,
]
