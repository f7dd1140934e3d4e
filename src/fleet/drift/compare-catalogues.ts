import type { CatalogueObject } from './catalogue-objects.js'

/** One way in which a schema is not what its migrations make. */
export type Difference =
  | {
      readonly type: 'missing'
      readonly expected: CatalogueObject
      /** For a table: its columns, constraints, indexes and grants, which are missing with it. */
      readonly parts: readonly CatalogueObject[]
    }
  | { readonly type: 'extra'; readonly actual: CatalogueObject }
  | {
      readonly type: 'differs'
      readonly expected: CatalogueObject
      readonly actual: CatalogueObject
      /** Names of the facts that differ. */
      readonly facts: readonly string[]
    }

/** Kinds that others belong to: when they are missing or too much, that says all. */
const WHOLES: ReadonlySet<string> = new Set(['table', 'view', 'sequence', 'function', 'schema'])

/** Compares two schemas object by object. */
export function compareCatalogues(
  expected: readonly CatalogueObject[],
  actual: readonly CatalogueObject[],
): Difference[] {
  const [wanted, found] = [byKey(expected), byKey(actual)]
  const lost = wholesIn(expected, found)
  const added = wholesIn(actual, wanted)
  const isPart = ({ kind, table }: CatalogueObject, wholes: ReadonlySet<string>): boolean =>
    !WHOLES.has(kind) && wholes.has(table)
  const differences: Difference[] = []
  for (const [key, object] of wanted) {
    const other = found.get(key)
    if (other === undefined) {
      if (isPart(object, lost)) continue
      const parts = WHOLES.has(object.kind)
        ? expected.filter((part) => part.table === object.table && !WHOLES.has(part.kind))
        : []
      differences.push({ type: 'missing', expected: object, parts })
    } else {
      const facts = differingFacts(object, other)
      if (facts.length > 0) differences.push({ type: 'differs', expected: object, actual: other, facts })
    }
  }
  for (const [key, object] of found) {
    if (!wanted.has(key) && !isPart(object, added)) differences.push({ type: 'extra', actual: object })
  }
  return differences
}

function keyOf({ kind, table, name }: CatalogueObject): string {
  return JSON.stringify([kind, table, name])
}

function byKey(objects: readonly CatalogueObject[]): Map<string, CatalogueObject> {
  return new Map(objects.map((object) => [keyOf(object), object]))
}

/** Tables and the like that the other side does not have. */
function wholesIn(
  objects: readonly CatalogueObject[],
  others: ReadonlyMap<string, CatalogueObject>,
): Set<string> {
  return new Set(
    objects
      .filter((object) => WHOLES.has(object.kind) && !others.has(keyOf(object)))
      .map(({ table }) => table),
  )
}

function differingFacts(expected: CatalogueObject, actual: CatalogueObject): string[] {
  const names = new Set([...Object.keys(expected.facts), ...Object.keys(actual.facts)])
  return [...names].filter(
    (name) => !name.startsWith('#') && (expected.facts[name] ?? null) !== (actual.facts[name] ?? null),
  )
}
