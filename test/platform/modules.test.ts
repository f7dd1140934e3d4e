import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestGateway, TestOrganization } from '../support/gateway.js'
import { platformAdmin, platformGateway, type PlatformAdmin } from './platform-gateway.js'

let gateway: TestGateway
let operator: PlatformAdmin
beforeAll(async () => {
  gateway = await platformGateway()
  operator = await platformAdmin(gateway, 'operator')
})
afterAll(() => gateway.close())

const ORGANIZATION = `organization {
  plan entitledModules modules
  moduleAccess { module access expiresAt endsSoon isInstalled isEnabled inPlan version }
}`

interface Payload {
  readonly organization: {
    readonly plan: string
    readonly entitledModules: string[]
    readonly modules: string[]
    readonly moduleAccess: { readonly module: string }[]
  }
}

async function change(mutation: string, more = ''): Promise<Payload> {
  const [name] = mutation.split('(') as [string]
  const data = await operator.query<Record<string, Payload>>(
    `mutation { ${mutation} { ${ORGANIZATION} ${more} } }`,
  )
  return data[name] as Payload
}

const usageOf = ({ organization }: Payload) =>
  organization.moduleAccess.find(({ module }) => module === 'USAGE')

async function usageCode(organization: TestOrganization): Promise<unknown> {
  const { errors } = await organization.as('owner').send('{ usageEvents { totalCount } }')
  return errors?.[0]?.extensions.code
}

async function auditOf(key: string) {
  const { rows } = await gateway.database.admin.query(
    `select event_type, actor_identity_id, details from public.platform_audit_logs
     where target_id = $1 and event_type !~ '^tenant\\.(requested|provisioning|active|people_added)$' order by id`,
    [key],
  )
  return rows
}

describe('a module', () => {
  test('is enabled, disabled and purged from the next request on, and the audit log says by whom', async () => {
    const acme = await gateway.organization({ modules: [], plan: 'free' })
    const at = `key: "${acme.id}", module: USAGE`
    expect(await usageCode(acme)).toBe('MODULE_NOT_ENABLED')
    for (let twice = 0; twice < 2; twice++) {
      expect(usageOf(await change(`enableModule(${at})`))).toEqual({
        module: 'USAGE',
        access: 'FULL',
        expiresAt: null,
        endsSoon: false,
        isInstalled: true,
        isEnabled: true,
        inPlan: true,
        version: expect.any(Number),
      })
      expect(await usageCode(acme)).toBeUndefined()
    }
    const { extensions } = await operator.refusal(
      `mutation { purgeModule(${at}, confirm: "${acme.id}") { __typename } }`,
    )
    expect(extensions).toMatchObject({ code: 'CONFLICT', module: 'usage' })
    expect(usageOf(await change(`disableModule(${at}, reason: "not renewed")`))).toMatchObject({
      access: null,
      isInstalled: true,
      isEnabled: false,
    })
    expect(await usageCode(acme)).toBe('MODULE_NOT_ENABLED')
    expect(usageOf(await change(`purgeModule(${at}, confirm: "${acme.id}")`))).toMatchObject({
      isInstalled: false,
      version: null,
    })
    const by = { actor_identity_id: operator.identityId }
    expect(await auditOf(acme.id)).toMatchObject([
      { ...by, event_type: 'module.enabled', details: { module: 'usage', to: 'full' } },
      { ...by, event_type: 'module.disabled', details: { module: 'usage', reason: 'not renewed' } },
      { ...by, event_type: 'module.purged', details: { module: 'usage' } },
    ])
  })

  test('has access of a kind and until a moment, and is warned of before it', async () => {
    const acme = await gateway.organization({ modules: [], plan: 'free' })
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString()
    const payload = await change(
      `enableModule(key: "${acme.id}", module: USAGE, access: READ_ONLY, expiresAt: "${soon}")`,
    )
    expect(usageOf(payload)).toMatchObject({ access: 'READ_ONLY', endsSoon: true, isEnabled: true })
    expect(Date.parse((usageOf(payload) as unknown as { expiresAt: string }).expiresAt)).toBe(
      Date.parse(soon),
    )
  })

  test('that the plan does not include has to be asked for by its access', async () => {
    const acme = await gateway.organization({ modules: [], plan: 'free' })
    const at = `key: "${acme.id}", module: LLM`
    const { extensions, message } = await operator.refusal(`mutation { enableModule(${at}) { __typename } }`)
    expect(extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'access',
      plans: ['pro', 'enterprise'],
    })
    expect(message).toContain('The plan free does not include the module llm')
    const { organization } = await change(`enableModule(${at}, access: TRIAL)`)
    expect(organization.entitledModules).toEqual(['LLM'])
    // This installation has no tables for it yet.
    expect(organization.modules).toEqual([])
  })

  test('is purged only when the key is typed twice', async () => {
    const acme = await gateway.organization()
    const { extensions } = await operator.refusal(
      `mutation { purgeModule(key: "${acme.id}", module: USAGE, confirm: "usage") { __typename } }`,
    )
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'confirm' })
  })

  test.each(['enableModule(key: "nobody", module: USAGE)', 'changePlan(key: "nobody", plan: PRO)'])(
    'of nobody is not found: %s',
    async (mutation) => {
      const { extensions } = await operator.refusal(`mutation { ${mutation} { __typename } }`)
      expect(extensions['code']).toBe('NOT_FOUND')
    },
  )
})

test('a smaller plan names the modules it takes away', async () => {
  const acme = await gateway.organization({ modules: ['usage', 'compliance'], plan: 'enterprise' })
  const payload = await change(`changePlan(key: "${acme.id}", plan: FREE)`, 'disabledModules')
  expect(payload).toMatchObject({
    disabledModules: ['COMPLIANCE'],
    organization: { plan: 'FREE', entitledModules: ['USAGE'] },
  })
  expect(await usageCode(acme)).toBeUndefined()
})
