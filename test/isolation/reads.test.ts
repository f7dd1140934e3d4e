import { extendSchema, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { accountApi } from '../../src/account/account-api.js'
import { accountSchema } from '../../src/account/account-schema.js'
import { allEntities } from '../../src/entity/entity.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { platformApi } from '../../src/platform/platform-api.js'
import { platformSchema } from '../../src/platform/platform-schema.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn, secretsOf, shows } from './support/canary.js'
import { readTables } from './support/catalogue.js'
import { everyRootField, reachableFields, selectionOf } from './support/documents.js'
import { idOf, nowhere, partsOf } from './support/ids.js'
import { inProcess } from './support/in-process.js'
import { plantShared } from './support/plant.js'
import { ACTORS, KEYS, othersOf, Resident } from './support/population.js'
import { sharedIds } from './support/shared-keys.js'
import { tenantTypes } from './support/tenant-types.js'
import { Walker, type Step } from './support/walker.js'

// Much is asked here; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const schema = buildTenantSchema()
/** Objects of a page: more than there are canaries in a table. */
const SMALL_PAGE = 12
let gateway: TestGateway
let residents: readonly Resident[]
/** What the first organization's owner read while there was nobody else. */
let alone: Walker
/** What every organization's owner read when all were there. */
const owners = new Map<Resident, Walker>()

beforeAll(async () => {
  const migrations = await loadMigrations()
  gateway = await TestGateway.start({
    apis: (parts) => [accountApi(parts), platformApi({ ...parts, migrations, admin: parts.database.admin })],
  })
  const tables = allEntities().flatMap(({ table, shared }) => [table, ...(shared ? [shared.table] : [])])
  const catalogue = tables.map((table) => `public.${table}`)
  const shared = await readTables(gateway.database.admin, 'public')
  await plantShared(
    gateway.database.admin,
    catalogue.filter((name) => shared.has(name)),
  )
  const first = await Resident.settle(gateway, KEYS[0])
  alone = await walk(first)
  const others = await Promise.all(KEYS.slice(1).map((key) => Resident.settle(gateway, key)))
  residents = [first, ...others]
  for (const resident of residents) owners.set(resident, await walk(resident))
})
afterAll(() => gateway?.close())

async function walk(resident: Resident): Promise<Walker> {
  const walker = new Walker(schema, resident.ask('owner'))
  await walker.read()
  await walker.arrange()
  return walker
}

function ownerOf(resident: Resident): Walker {
  const walker = owners.get(resident)
  if (walker === undefined) throw new Error(`${resident.canary.tenant} was not walked through`)
  return walker
}

/** Everybody's answers searched for everybody else's data. */
function leaks(resident: Resident, steps: readonly Step[]): string[] {
  return steps.flatMap(({ field, reply }) =>
    leaksIn(reply.text, othersOf(resident, residents)).map((leak) => `${field} shows ${leak}`),
  )
}

function ownedTypes(): Promise<ReadonlySet<string>> {
  return tenantTypes(gateway.database.admin, schema, (residents[0] as Resident).canary)
}

describe('the owner of an organization', () => {
  test('reaches every field, every order and group, and every filter of the API', async () => {
    const [first, other] = residents as [Resident, Resident]
    const walker = ownerOf(first)
    // Looking for what is another organization's exercises the filters as well as anything.
    await walker.filter((type) => ownerOf(other).idsOf(type)[0] ?? '', `${other.canary.marker}_0`)
    expect([...walker.offered('Query')].filter((key) => !walker.exercised.has(key))).toEqual([])
  })

  test('is refused nothing on the way', () => {
    for (const resident of residents) {
      const failed = ownerOf(resident).steps.flatMap(({ field, reply }) =>
        reply.errors.map(({ message, extensions }) => ({ field, message, code: extensions.code })),
      )
      // A criterion that needs a companion, or must not have one, says so; nothing else is refused.
      expect(failed.filter(({ code }) => code !== 'BAD_USER_INPUT')).toEqual([])
    }
  })

  test('sees the organization’s own canaries in every type that stands for its rows', async () => {
    const types = await ownedTypes()
    expect(types.size).toBeGreaterThan(0)
    for (const resident of residents) {
      const blind = [...types].filter((type) => {
        return !ownerOf(resident)
          .seen(type)
          .some((object) => shows(JSON.stringify(object), resident.canary))
      })
      expect(blind).toEqual([])
    }
  })

  test('sees no other organization’s data in any of them', () => {
    for (const resident of residents) expect(leaks(resident, ownerOf(resident).steps)).toEqual([])
  })

  test('sends ids and texts that never become part of a statement', () => {
    expect(gateway.statements.length).toBeGreaterThan(1_000)
    const told = residents.flatMap(({ canary }) => [canary.tenant, canary.tag])
    expect(gateway.statements.filter((sql) => told.some((word) => sql.includes(word)))).toEqual([])
  })

  test('gets the same answers with others in the database as without', () => {
    const [first] = residents as [Resident]
    const answers = ({ steps }: Walker): unknown[] =>
      steps.slice(0, alone.steps.length).map(({ document, reply }) => [document, reply.data, reply.errors])
    expect(answers(ownerOf(first))).toEqual(answers(alone))
  })
})

describe('everybody else', () => {
  test.each(ACTORS.filter((actor) => actor !== 'owner'))(
    'reading as %s sees no other organization’s data',
    async (actor) => {
      for (const resident of residents) {
        const walker = new Walker(schema, resident.ask(actor), SMALL_PAGE)
        await walker.read()
        expect(leaks(resident, walker.steps)).toEqual([])
        const codes = walker.steps.flatMap(({ reply }) =>
          reply.errors.map(({ extensions }) => extensions.code),
        )
        expect(codes.filter((code) => code !== 'FORBIDDEN')).toEqual([])
      }
    },
  )

  test('a member sees own canaries, though no other person’s usage', async () => {
    for (const resident of residents) {
      const walker = new Walker(schema, resident.ask('member'), SMALL_PAGE)
      await walker.read()
      const events = walker.seen('UsageEvent')
      expect(events.filter((event) => shows(JSON.stringify(event), resident.canary))).toHaveLength(1)
    }
  })
})

describe('what another organization’s objects are called', () => {
  test('an id of another organization’s object answers like one of no object', async () => {
    const types = await ownedTypes()
    const isShared = await sharedIds(gateway.database.admin)
    for (const [index, resident] of residents.entries()) {
      const theirs = ownerOf(residents[(index + 1) % residents.length] as Resident)
      for (const actor of index === 0 ? ACTORS : (['owner'] as const)) {
        for (const type of types) {
          const foreign = theirs.idsOf(type).find((id) => !isShared(id))
          if (foreign === undefined) throw new Error(`${type} has no object of its own`)
          const singular = allEntities().find(({ name }) => name === type)?.singular ?? ''
          const root = schema.getQueryType()?.getFields()[singular]
          const unknown = nowhere(foreign)
          for (const field of ['node', ...(root?.args.some(({ name }) => name === 'id') ? [singular] : [])]) {
            const about = (id: string | undefined): string => `{ ${field}(id: "${id}") { __typename } }`
            const [there, nowhere] = [
              await resident.ask(actor)(about(foreign)),
              await resident.ask(actor)(about(unknown)),
            ]
            expect({ field, data: there.data, errors: there.errors }).toEqual({
              field,
              data: nowhere.data,
              errors: nowhere.errors,
            })
            expect(there.data?.[field] ?? null).toBeNull()
          }
        }
      }
    }
  })

  test('keys of one type under the name of another, and of partitioned rows with another’s moment, find nothing', async () => {
    const [resident, other] = residents as [Resident, Resident]
    const mine = ownerOf(resident)
    const theirs = ownerOf(other)
    const types = [...(await ownedTypes())]
    const keys = [
      ...types.flatMap((type) => theirs.idsOf(type).slice(0, 1)),
      ...types.flatMap((type) => mine.idsOf(type).slice(0, 1)),
    ]
    const disguised = types.flatMap((type) => keys.map((key) => idOf(type, ...partsOf(key).slice(1))))
    const mixed = types.flatMap((type) => {
      const [[, id = ''], [, , moment]] = [partsOf(theirs.idsOf(type)[0]), partsOf(mine.idsOf(type)[0])]
      return moment === undefined ? [] : [idOf(type, id, moment)]
    })
    expect(mixed.length).toBeGreaterThan(0)
    for (const id of [...disguised, ...mixed]) {
      const [type = ''] = partsOf(id)
      const fields = selectionOf(schema, schema.getType(type)!, types)
      const reply = await resident.ask('owner')(
        `{ node(id: "${id}") { __typename ... on ${type} ${fields} } }`,
      )
      expect(reply.errors.filter(({ extensions }) => extensions.code !== 'BAD_USER_INPUT')).toEqual([])
      expect(leaksIn(reply.text, [other.canary])).toEqual([])
    }
  })

  test('cursors made by another organization show nothing of it', async () => {
    for (const [index, resident] of residents.entries()) {
      const other = residents[(index + 1) % residents.length] as Resident
      for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
        if (!field.args.some(({ name }) => name === 'after')) continue
        const asked = await other.ask('owner')(`{ ${field.name}(first: 2) { edges { cursor } } }`)
        const { edges } = asked.data?.[field.name] as { edges: { cursor: string }[] }
        for (const { cursor } of edges) {
          for (const position of [`first: 5, after: "${cursor}"`, `last: 5, before: "${cursor}"`]) {
            const { text } = await resident.ask('owner')(
              `{ ${field.name}(${position}) { nodes { __typename id } totalCount } }`,
            )
            expect(leaksIn(text, [other.canary])).toEqual([])
          }
        }
      }
    }
  })
})

describe('the other APIs', () => {
  test('the account API shows a person the organizations the person belongs to and no others', async () => {
    await gateway.database.admin.query(
      'update public.identities set last_login_at = now(), password_changed_at = now(), username = coalesce(username, email)',
    )
    await gateway.database.admin.query(`update public.memberships set expires_at = now() + interval '1 day'`)
    for (const resident of residents) {
      const walker = new Walker(accountSchema(), resident.ask('owner', '/account/graphql'))
      await walker.read()
      expect([...walker.offered('Query')].filter((key) => !walker.exercised.has(key))).toEqual([])
      expect(leaks(resident, walker.steps)).toEqual([])
      const told = walker.steps.map(({ reply }) => reply.text).join('\n')
      expect(told).toContain(secretsOf(resident.canary)[0])
    }
  })

  test('the platform API refuses the people and keys of organizations whatever they ask for', async () => {
    const control = platformSchema()
    const [resident] = residents as [Resident]
    for (const actor of ACTORS) {
      for (const document of everyRootField(control)) {
        const reply = await resident.ask(actor, '/platform/graphql')(document)
        expect({
          document,
          data: reply.data,
          codes: reply.errors.map(({ extensions }) => extensions.code),
        }).toEqual({
          document,
          data: null,
          codes: ['FORBIDDEN'],
        })
      }
    }
  })
})

describe('a field that comes later', () => {
  const more = extendSchema(
    buildTenantSchema(),
    parse(
      `extend type Query { gossip: Gossip, vault(code: Code!): String }
       type Gossip { heard: String }
       scalar Code
       extend type Team { nickname: String, secrets(code: Code!): [String!] }`,
    ),
  )
  let walker: Walker
  let secret: string
  beforeAll(async () => {
    const [resident, other] = residents as [Resident, Resident]
    secret = other.canary.marker
    more.getQueryType()!.getFields().gossip!.resolve = () => ({ heard: `they say ${secret}` })
    walker = new Walker(more, inProcess(gateway, more, resident))
    await walker.read()
  })

  test('is walked through without being named, and found out when it shows another organization', () => {
    const [resident] = residents as [Resident]
    expect(walker.exercised).toContain('Gossip.heard')
    expect(new Set(leaks(resident, walker.steps))).toEqual(
      new Set([`gossip shows ${secretOwner()}: ${secretOwner()}`]),
    )
  })

  test('is reported by name when no way was found to use it, or nothing was ever seen in it', () => {
    const missing = [...reachableFields(more, more.getQueryType()!)].filter(
      (key) => !walker.exercised.has(key),
    )
    expect(missing.sort()).toEqual(['Query.vault', 'Team.nickname', 'Team.secrets'].concat(grouped()).sort())
  })

  function secretOwner(): string {
    return secret.replace('canary_', '')
  }

  /** What only the walk through orders and groups shows. */
  function grouped(): string[] {
    return [...alone.offered('Query')].filter((key) => key.includes('Group.') && !walker.exercised.has(key))
  }
})
