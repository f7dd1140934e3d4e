import { graphql } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenantApi } from '../../../src/graphql/tenant-api.js'
import { AuditTrailDocument } from '../../documents/documents.generated.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization({ modules: [] })
  for (const name of ['First', 'Second', 'Third']) {
    await acme
      .as('admin')
      .query(`mutation($name: String!) { createTeam(input: { name: $name }) { team { id } } }`, { name })
  }
})
afterAll(() => gateway?.close())

test('the trail lists the latest change first, with who did what in which request', async () => {
  const { auditEntries } = await acme
    .as('owner')
    .query(AuditTrailDocument, { filter: { resourceType: { eq: 'team' } } })
  expect(auditEntries?.totalCount).toBe(3)
  expect(auditEntries?.nodes.map(({ newValues }) => newValues)).toEqual([
    { name: 'Third' },
    { name: 'Second' },
    { name: 'First' },
  ])
  expect(auditEntries?.nodes[0]).toMatchObject({
    eventType: 'create',
    eventCategory: 'data_change',
    result: 'success',
    actorKind: 'user',
    oldValues: null,
    changedFields: ['name'],
    user: { email: acme.as('admin').email },
  })
})

test('an entry is found again by its id and by its moment', async () => {
  const { auditEntries } = await acme.as('owner').query(AuditTrailDocument, {})
  const entry = auditEntries!.nodes[0]!
  const found = await acme.as('owner').query(AuditTrailDocument, {
    filter: { occurredAt: { eq: entry.occurredAt }, id: { eq: entry.id } },
  })
  expect(found.auditEntries?.nodes).toEqual([entry])
  expect(
    await acme.as('admin').query(`query($id: ID!) { auditEntry(id: $id) { id } }`, { id: entry.id }),
  ).toEqual({
    auditEntry: { id: entry.id },
  })
})

test('nothing in the API changes or removes an entry', async () => {
  const { __schema } = await acme
    .as('owner')
    .query<{ __schema: { mutationType: { fields: { name: string }[] } } }>(
      '{ __schema { mutationType { fields { name } } } }',
    )
  expect(__schema.mutationType.fields.filter(({ name }) => /audit/i.test(name))).toEqual([])
})

test('organizations have trails of their own', async () => {
  const other = await gateway.organization({ modules: [] })
  const { auditEntries } = await other.as('owner').query(AuditTrailDocument, {})
  expect(auditEntries).toEqual({ totalCount: 0, nodes: [] })
})

test('a change from a link-local address is recorded without the name of its interface', async () => {
  const api = tenantApi(gateway)
  const context = await api.createContext({
    actor: { kind: 'person', identityId: await acme.as('admin').identityId() },
    organizationHeaders: [acme.id],
    requestId: 'link-local',
    ipAddress: 'fe80::1%eth0',
    userAgent: undefined,
  })
  const source = `mutation { createTeam(input: { name: "Near" }) { team { name } } }`
  const answer = await graphql({ schema: api.schema, source, contextValue: context })
  await context.end()
  expect(answer).toMatchObject({ data: { createTeam: { team: { name: 'Near' } } } })
  expect(
    await acme.sql(`select host(ip_address) as address from audit_logs where request_id = 'link-local'`),
  ).toEqual([{ address: 'fe80::1' }])
})
