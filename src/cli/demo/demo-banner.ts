import { endpointPaths } from '../../http/endpoint-paths.js'
import { healthPaths } from '../../http/health.js'
import type { TenantRecord } from '../../tenancy/tenant-record.js'
import { listed, table } from '../format.js'
import type { DemoKey, DemoOperator, DemoPerson } from './demo-access.js'

export interface Demo {
  readonly tenants: readonly TenantRecord[]
  readonly people: readonly DemoPerson[]
  readonly keys: readonly DemoKey[]
  readonly operator: DemoOperator
}

/** Everything there is to try, ready to be pasted. */
export function demoBanner(url: string, { tenants, people, keys, operator }: Demo): string {
  const rows = tenants.map(({ tenant, plan, modules, name }) => [tenant, plan, listed(modules), name])
  return [
    '',
    'Orgscope is running with demo data. Its credentials are for trying it out on this machine only.',
    '',
    endpoints(url),
    '',
    table(['TENANT', 'PLAN', 'MODULES', 'NAME'], rows),
    '',
    'Credentials, good for seven days. Send the header org-id with the tenant, and:',
    ...people.flatMap(({ tenant, role, name, email, token }) => [
      '',
      `  ${tenant}  ${role}  ${name} <${email}>`,
      `  authorization: Bearer ${token}`,
    ]),
    ...keys.flatMap(({ tenant, name, key }) => ['', `  ${tenant}  API key  ${name}`, `  x-api-key: ${key}`]),
    '',
    `  platform API  operator  ${operator.email}`,
    `  authorization: Bearer ${operator.token}`,
    '',
    'Try it:',
    '',
    ...curls(url, people),
    '',
    'Stop with Ctrl-C.',
    '',
  ].join('\n')
}

/** Where everything is; a browser gets GraphiQL at the three APIs. */
export function endpoints(url: string): string {
  return [
    `  Tenant API    ${url}${endpointPaths.tenant}   (open it in a browser: GraphiQL)`,
    `  Account API   ${url}${endpointPaths.account}`,
    `  Platform API  ${url}${endpointPaths.platform}`,
    `  Health        ${url}${healthPaths.live}  ${url}${healthPaths.ready}`,
  ].join('\n')
}

const QUERY =
  '{ usageEvents(first: 3, orderBy: [{ field: OCCURRED_AT, direction: DESC }]) ' +
  '{ totalCount nodes { occurredAt modelName inputTokens outputTokens totalCost { amount currency } } } }'

/** One line that works as it stands, for the first person of the first tenant with usage. */
function curls(url: string, people: readonly DemoPerson[]): string[] {
  const person = people.find(({ tenant }) => tenant === 'techcorp') ?? people[0]
  if (person === undefined) return []
  const body = JSON.stringify({ query: QUERY })
  return [
    `curl -s ${url}${endpointPaths.tenant} -H 'content-type: application/json' -H 'org-id: ${person.tenant}' ` +
      `-H 'authorization: Bearer ${person.token}' -d '${body}'`,
  ]
}
