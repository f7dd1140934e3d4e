/** Row types of the shared and the tenant tables. Generated from the migrated template: see `npm run generate`. */
export type { DB as Database, Json } from './row-types.generated.js'
