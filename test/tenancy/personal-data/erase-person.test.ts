import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { commandLineOf, type CommandLine } from '../../cli/support/command-line.js'
import { canaryOf } from '../../isolation/support/canary.js'
import { plantCanaries } from '../../isolation/support/plant.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let admin: pg.Pool
let acme: TestOrganization
let other: TestOrganization
let schema: string
let orgscope: CommandLine
let folder: string
/** The member of the organization, who is in every table. */
let email: string
let id: string

beforeAll(async () => {
  gateway = await TestGateway.start()
  admin = gateway.database.admin
  acme = await gateway.organization()
  other = await gateway.organization()
  schema = schemaOf(acme.id)
  orgscope = commandLineOf(gateway.database)
  folder = await mkdtemp(join(tmpdir(), 'orgscope-people-'))
  expect(await plantCanaries(admin, canaryOf(acme))).toEqual([])
  email = `member@${acme.id}.example`
  id = await idOf(email)
  await pointEverythingAt(id)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
})

async function idOf(address: string): Promise<string> {
  const { rows } = await admin.query<{ id: string }>('select id from public.identities where email = $1', [
    address,
  ])
  return rows[0]!.id
}

/** One row of each table that can name a person names this one, and the texts that may mention people do. */
async function pointEverythingAt(person: string): Promise<void> {
  const { rows } = await admin.query<{ place: string; column: string }>(
    `select format('%I.%I', $1::text, c.relname) as place, quote_ident(a.attname) as column
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
     where k.contype = 'f' and k.conparentid = 0 and k.confrelid = ($1 || '.users')::regclass
       and c.relname not in ('user_profiles')`,
    [schema],
  )
  for (const { place, column } of rows) {
    await admin
      .query(
        `update ${place} set ${column} = $1 where (tableoid, ctid) = (select tableoid, ctid from ${place} limit 1)`,
        [person],
      )
      .catch((error: { code: string }) => {
        // One open membership or one delegation of each pair is enough.
        if (error.code !== '23505' && error.code !== '23514') throw error
      })
  }
  await admin.query(
    `update ${schema}.audit_logs set user_id = $1::uuid, old_values = jsonb_build_object('leadId', $1::text, 'mail', $2::text),
       ip_address = '192.0.2.77'`,
    [person, email],
  )
  await admin.query(`update ${schema}.audit_logs set resource_id = $1::text`, [person])
  await admin.query(`update ${schema}.outbox_events set payload = jsonb_build_object('owner', $1::text)`, [
    person,
  ])
  await admin.query(
    `update ${schema}.security_events set actor_email = upper($1::text), target_email = $1::text`,
    [email],
  )
  await admin.query(`update ${schema}.usage_events set user_id = $1::uuid, username = $2`, [person, email])
  await admin.query(
    `update ${schema}.usage_rollups_daily set user_id = $1 where id = (select id from ${schema}.usage_rollups_daily limit 1)`,
    [person],
  )
  await admin.query(`update ${schema}.usage_payloads set (usage_event_id, occurred_at) =
    (select id, occurred_at from ${schema}.usage_events limit 1), request_data = '{"prompt": "about me"}'
    where ctid = (select ctid from ${schema}.usage_payloads_default limit 1)`)
  await admin.query(`update ${schema}.analytics_reports set shared_with = array[$1::uuid]`, [person])
}

/** Tables of the tenant and of schema public that still hold a text anywhere in a row. */
async function whereStands(text: string): Promise<string[]> {
  const { rows } = await admin.query<{ place: string }>(
    `select format('%I.%I', n.nspname, c.relname) as place from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', $1) and c.relkind = 'r' order by 1`,
    [schema],
  )
  const found: string[] = []
  for (const { place } of rows) {
    const { rowCount } = await admin.query(
      `select from ${place} t where position(lower($1) in lower(t::text)) > 0 limit 1`,
      [text],
    )
    if (rowCount === 1) found.push(place)
  }
  return found
}

async function sums(): Promise<unknown> {
  const { rows } = await admin.query(
    `select (select count(*)::integer from ${schema}.usage_events) as events,
       (select sum(total_cost)::text from ${schema}.usage_events) as cost,
       (select sum(total_cost)::text from ${schema}.usage_rollups_daily) as daily,
       (select sum(total_cost)::text from ${schema}.usage_rollups_hourly) as hourly,
       (select sum(cost_amount)::text from ${schema}.cost_allocations) as allocated,
       (select count(*)::integer from ${schema}.audit_logs) as acts,
       (select sum(limit_amount)::text from ${schema}.budget_periods) as budgets`,
  )
  return rows[0]
}

test('the export has what every table knows of the person, and of others only that they were touched', async () => {
  const to = join(folder, 'member.ndjson')
  const outcome = await orgscope.json<{ rows: Record<string, number>; mentions: number }>(
    ...['tenant', 'export-user', acme.id, '--user', email.toUpperCase(), '--to', to],
  )
  const lines = (await readFile(to, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines[0]).toMatchObject({ format: 'orgscope-person', tenant: acme.id, userId: id, email })
  expect(Object.keys(outcome.rows)).toEqual(
    expect.arrayContaining([
      'users',
      'user_profiles',
      'usage_events',
      'usage_payloads',
      'audit_logs',
      'security_events',
      'public.memberships',
      'public.identities',
    ]),
  )
  // Every line that has a row says in it who it is about.
  const strangers = lines.filter((line) => {
    const about = JSON.stringify(line['row'] ?? id).toLowerCase()
    return !about.includes(id) && !about.includes(email) && line['table'] !== 'usage_payloads'
  })
  expect(strangers.slice(1)).toEqual([])
  const mentions = lines.filter((line) => line['namedIn'] !== undefined)
  expect(mentions).toHaveLength(outcome.mentions)
  expect(mentions.length).toBeGreaterThan(15)
  expect(mentions.every((line) => line['row'] === undefined)).toBe(true)
  expect(JSON.stringify(lines)).not.toMatch(/password_hash|token_hash|secret/)
})

test('a file that exists is not overwritten, and nobody is found under a wrong name', async () => {
  const there = await orgscope([
    'tenant',
    'export-user',
    acme.id,
    '--user',
    id,
    '--to',
    join(folder, 'member.ndjson'),
  ])
  expect(there).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already') as string })
  const nobody = await orgscope(['tenant', 'erase-user', acme.id, '--user', 'nobody@example.com', '--yes'])
  expect(nobody).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has nobody with the id or e-mail address') as string,
  })
})

test('the last owner is not erased', async () => {
  const owner = `owner@${acme.id}.example`
  await admin.query(
    `update public.memberships set role = 'viewer' where organization_id = $1 and role = 'owner' and identity_id <> $2`,
    [acme.organizationId, await idOf(owner)],
  )
  const { code, stderr } = await orgscope(['tenant', 'erase-user', acme.id, '--user', owner, '--yes'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/is the last owner of .* Make somebody else an owner first/)
})

test('erasing asks for the tenant id', async () => {
  const { code, stderr } = await orgscope(['tenant', 'erase-user', acme.id, '--user', email])
  expect(code).toBe(2)
  expect(stderr).toContain('will be erased')
  expect(await whereStands(id)).toContain(`${schema}.users`)
})

test('erased, the person is in no row of any table any more, and every sum is what it was', async () => {
  const before = await sums()
  expect((await whereStands(id)).length).toBeGreaterThan(20)
  expect((await whereStands(email)).length).toBeGreaterThan(3)
  const outcome = await orgscope.json<{ pseudonym: string; account: string }>(
    ...['tenant', 'erase-user', acme.id, '--user', email, '--yes'],
  )
  // What the operator's own log says of the export stays: it is the proof that the request was met.
  const operators = ['public.platform_audit_logs']
  expect((await whereStands(id)).filter((place) => !operators.includes(place))).toEqual([])
  expect(await whereStands(email)).toEqual([])
  expect(await whereStands('about me')).toEqual([])
  expect(await whereStands('192.0.2.77')).toEqual([])
  expect(await sums()).toMatchObject({ ...(before as object), acts: (before as { acts: number }).acts + 1 })
  const { rows } = await admin.query(
    `select count(*)::integer as acts from ${schema}.audit_logs where user_id = $1`,
    [outcome.pseudonym],
  )
  expect(rows).toEqual([{ acts: (before as { acts: number }).acts }])
  expect(outcome.account).toBe('erased')
  const { rows: events } = await admin.query(
    `select distinct user_id, username, anonymized, pseudonym from ${schema}.usage_events`,
  )
  expect(events).toEqual([{ user_id: null, username: null, anonymized: true, pseudonym: outcome.pseudonym }])
  const answer = await acme
    .as('owner')
    .query<{ users: { nodes: { email: string }[] } }>('{ users { nodes { email } } }')
  expect(answer.users.nodes.map((user) => user.email)).not.toContain(email)
})

test('an account that another organization needs stays as it is', async () => {
  const shared = `viewer@${acme.id}.example`
  const person = await idOf(shared)
  await admin.query(`insert into public.memberships (organization_id, identity_id) values ($1, $2)`, [
    other.organizationId,
    person,
  ])
  const outcome = await orgscope.json<{ account: string }>(
    'tenant',
    'erase-user',
    acme.id,
    '--user',
    person,
    '--yes',
  )
  expect(outcome.account).toBe('kept')
  expect(await idOf(shared)).toBe(person)
  expect((await whereStands(person)).filter((place) => place.startsWith(schema))).toEqual([])
  const { rows } = await admin.query(
    'select organization_id from public.memberships where identity_id = $1',
    [person],
  )
  expect(rows).toEqual([{ organization_id: other.organizationId }])
})
