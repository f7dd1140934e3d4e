import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn } from './support/canary.js'
import { everythingOf, fingerprints, type Fingerprint } from './support/fingerprint.js'
import { allEntities } from '../../src/entity/entity.js'
import { nowhere } from './support/ids.js'
import { sharedIds } from './support/shared-keys.js'
import { Mutation, outcomeOf, type IdPlace, type Ids } from './support/mutator.js'
import { ACTORS, othersOf, settle, type Resident } from './support/population.js'
import { tenantTypes } from './support/tenant-types.js'
import { Walker, type Reply } from './support/walker.js'

// Much is asked here; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const schema = buildTenantSchema()
const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
let gateway: TestGateway
let residents: readonly Resident[]
let walkers: ReadonlyMap<Resident, Walker>
let mutations: readonly Mutation[]
/** Types whose objects belong to one organization. */
let owned: ReadonlySet<string>
let isShared: (id: string) => boolean
let look: () => Promise<readonly Fingerprint[]>

beforeAll(async () => {
  gateway = await TestGateway.start()
  residents = await settle(gateway)
  walkers = new Map(
    await Promise.all(
      residents.map(async (resident) => {
        const walker = new Walker(schema, resident.ask('owner'))
        await walker.read()
        return [resident, walker] as const
      }),
    ),
  )
  const [first] = residents as [Resident]
  const explored = await Promise.all(
    fields.map((field) =>
      Mutation.explore(schema, field, first.ask('owner'), (type) => idsOf(first, type)[0]),
    ),
  )
  mutations = explored.filter((each) => each !== undefined)
  isShared = await sharedIds(gateway.database.admin)
  owned = await tenantTypes(gateway.database.admin, schema, first.canary)
  look = await fingerprints(
    gateway.database.admin,
    residents.map(({ canary }) => canary),
  )
})
afterAll(() => gateway?.close())

function idsOf(resident: Resident, type: string): readonly string[] {
  return walkers.get(resident)?.idsOf(type) ?? []
}

/** The id of an object of this type that belongs to an organization, and to nobody else. */
function foreignId(other: Resident, type: string): string {
  const id = idsOf(other, type).find((each) => !isShared(each))
  if (id === undefined) throw new Error(`${other.canary.tenant} has no ${type} of its own`)
  return id
}

/** Ways to fill places with a resident's own ids; at most 64. */
function ownWays(resident: Resident, places: readonly IdPlace[]): readonly Ids[] {
  let ways: Ids[] = [{}]
  for (const { path, type } of places) {
    ways = ways
      .flatMap((way) =>
        idsOf(resident, type)
          .slice(0, 8)
          .map((id) => ({ ...way, [path]: id })),
      )
      .slice(0, 64)
  }
  return ways
}

/** What a mutation needs besides one place. */
function besides({ places }: Mutation, place: IdPlace | undefined): readonly IdPlace[] {
  return places.filter((each) => each.required && each !== place)
}

/** Makes objects something to be brought back. */
async function markDeleted({ organization }: Resident, ids: Ids): Promise<void> {
  for (const id of Object.values(ids)) {
    const [type, key] = Buffer.from(id, 'base64url').toString('utf8').split('\n')
    const entity = allEntities().find(({ name }) => name === type)
    await organization.sql(`update ${entity?.table} set deleted_at = now() where id = $1`, [key])
  }
}

function said({ data, errors }: Reply): unknown {
  return { data, errors: errors.map(({ message, extensions }) => ({ message, extensions })) }
}

test('every mutation tells which ids it wants, so that none is left out here', () => {
  expect(mutations.map(({ name }) => name)).toEqual(fields.map(({ name }) => name))
})

describe('with the id of another organization’s object, every mutation', () => {
  test('is refused as for an object that does not exist, whatever else is right, and changes nothing anywhere', async () => {
    for (const [index, resident] of residents.entries()) {
      const other = residents[(index + 1) % residents.length] as Resident
      const before = await look()
      for (const mutation of mutations) {
        for (const place of mutation.places.filter(({ type }) => owned.has(type))) {
          const foreign = foreignId(other, place.type)
          for (const way of ownWays(resident, besides(mutation, place)).slice(0, 6)) {
            const reply = await mutation.run(resident.ask('owner'), { ...way, [place.path]: foreign })
            const unknown = await mutation.run(resident.ask('owner'), {
              ...way,
              [place.path]: nowhere(foreign),
            })
            const at = `${mutation.name} ${place.path}`
            expect({ at, outcome: outcomeOf(reply) }).toEqual({ at, outcome: 'refused' })
            expect({ at, said: said(reply) }).toEqual({ at, said: said(unknown) })
            expect({ at, leaks: leaksIn(reply.text, othersOf(resident, residents)) }).toEqual({
              at,
              leaks: [],
            })
            walkers.get(resident)?.note(mutation.name, '', reply, 'Mutation')
          }
        }
      }
      expect(await look()).toEqual(before)
    }
  })

  test('is refused to everybody in every organization', async () => {
    const [resident, other] = residents as [Resident, Resident]
    for (const actor of ACTORS) await resident.headers(actor)
    const before = await look()
    for (const actor of ACTORS) {
      for (const mutation of mutations) {
        for (const place of mutation.places.filter(({ type }) => owned.has(type))) {
          const [way] = ownWays(resident, besides(mutation, place))
          const foreign = foreignId(other, place.type)
          const reply = await mutation.run(resident.ask(actor), { ...way, [place.path]: foreign })
          const codes = reply.errors.map(({ extensions }) => extensions.code)
          const at = `${actor} ${mutation.name} ${place.path}`
          expect({ at, refused: codes[0] === 'FORBIDDEN' || outcomeOf(reply) === 'refused' }).toEqual({
            at,
            refused: true,
          })
          expect(leaksIn(reply.text, [other.canary])).toEqual([])
        }
      }
    }
    expect(await look()).toEqual(before)
  })
})

describe('with ids of the organization’s own', () => {
  /** Places that take an id, each tried by itself beside what is required; and the required ones alone. */
  const trials = (mutation: Mutation): readonly (IdPlace | undefined)[] => [
    undefined,
    ...mutation.places.filter(({ required, type }) => !required && owned.has(type)),
  ]

  test('every mutation succeeds, so that it was the foreign id that was refused; others’ data stays as it was', async () => {
    const [resident] = residents as [Resident]
    const seen = walkers.get(resident) as Walker
    const [own, ...before] = await look()
    for (const mutation of mutations) {
      for (const place of trials(mutation)) {
        const places = [...besides(mutation, place), ...(place === undefined ? [] : [place])]
        let outcome: unknown = 'not tried'
        for (const way of ownWays(resident, places)) {
          if (mutation.name.startsWith('restore')) await markDeleted(resident, way)
          const reply = await mutation.run(resident.ask('owner'), way)
          seen.note(mutation.name, '', reply, 'Mutation')
          expect(leaksIn(reply.text, othersOf(resident, residents))).toEqual([])
          outcome = outcomeOf(reply) === 'done' ? 'done' : said(reply)
          if (outcome === 'done') break
        }
        const at = `${mutation.name} ${place?.path ?? ''}`
        expect({ at, outcome }).toEqual({ at, outcome: 'done' })
        if (place !== undefined) continue
        // A batch whose item is refused says why.
        const [way = {}] = ownWays(resident, places)
        if (mutation.isBatch)
          seen.note(mutation.name, '', await mutation.run(resident.ask('owner'), way, ' '), 'Mutation')
      }
    }
    const [changed, ...after] = await look()
    expect(after).toEqual(before)
    expect(changed).not.toEqual(own)
  })

  test('every field of every answer was seen', () => {
    const seen = walkers.get(residents[0] as Resident) as Walker
    const readable = seen.offered('Query')
    const only = [...seen.offered('Mutation')].filter((key) => !readable.has(key))
    expect(only.filter((key) => !seen.exercised.has(key))).toEqual([])
    expect(fields.map(({ name }) => `Mutation.${name}`).filter((key) => !seen.exercised.has(key))).toEqual([])
  })

  test('nothing of another organization was written into the organization’s own tables', async () => {
    for (const resident of residents) {
      const everything = await everythingOf(gateway.database.admin, resident.canary)
      expect(leaksIn(everything, othersOf(resident, residents))).toEqual([])
    }
  })

  test('no text and no id that a mutation was sent became part of a statement', () => {
    expect(gateway.statements.some((sql) => sql.includes('insert into teams'))).toBe(true)
    const told = ['probe ', ...residents.flatMap(({ canary }) => [canary.tenant, canary.tag])]
    expect(gateway.statements.filter((sql) => told.some((word) => sql.includes(word)))).toEqual([])
  })
})
