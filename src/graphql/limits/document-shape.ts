import { Kind, type DocumentNode, type FieldNode, type SelectionSetNode } from 'graphql'
import { AppError } from '../../errors.js'
import type { Limits } from './limits.js'

/** What a document asks for by its form alone: of several operations, the most of each. */
export type DocumentShape = Pick<
  Limits,
  'queryDepth' | 'queryAliases' | 'rootFields' | 'queryDirectives' | 'queryFields'
>

interface Shape {
  readonly depth: number
  readonly aliases: number
  readonly directives: number
  readonly fields: number
  /** Fields right here, those of fragments included. */
  readonly width: number
}

const NOTHING: Shape = { depth: 0, aliases: 0, directives: 0, fields: 0, width: 0 }
/** Fragments that spread each other multiply: counting further would tell nothing more. */
const ENOUGH = 1e9

/**
 * Measures a parsed document, which need not be valid. Each fragment is looked at once, so that the time this takes
 * grows with the document and not with what it expands to; circles are left to validation.
 */
export function shapeOf(document: DocumentNode): DocumentShape {
  const fragments = new Map<string, SelectionSetNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition.selectionSet)
  }
  const measure = selectionMeasure(fragments)
  const shapes = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [measure(definition.selectionSet)] : [],
  )
  const most = (part: keyof Shape): number => Math.max(0, ...shapes.map((shape) => shape[part]))
  return {
    queryDepth: most('depth'),
    queryAliases: most('aliases'),
    rootFields: most('width'),
    queryDirectives: most('directives'),
    queryFields: most('fields'),
  }
}

function selectionMeasure(fragments: ReadonlyMap<string, SelectionSetNode>) {
  const measured = new Map<string, Shape>()

  const ofFragment = (name: string): Shape => {
    const known = measured.get(name)
    if (known !== undefined) return known
    const selectionSet = fragments.get(name)
    if (selectionSet === undefined) return NOTHING
    measured.set(name, NOTHING)
    const shape = measure(selectionSet)
    measured.set(name, shape)
    return shape
  }

  const ofField = (field: FieldNode, repeated: boolean): Shape => {
    const below = field.selectionSet === undefined ? NOTHING : measure(field.selectionSet)
    // Introspection nests deep by its nature; graphql-js bounds it by a rule of its own.
    const isMeta = field.name.value.startsWith('__')
    return {
      ...below,
      depth: isMeta ? 1 : below.depth + 1,
      aliases: below.aliases + (field.alias !== undefined || repeated ? 1 : 0),
      fields: below.fields + 1,
      width: 1,
    }
  }

  const measure = ({ selections }: SelectionSetNode): Shape => {
    const seen = new Set<string>()
    return selections.reduce((sum, selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        return together(sum, measure(selection.selectionSet), selection.directives?.length)
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return together(sum, ofFragment(selection.name.value), selection.directives?.length)
      const key = (selection.alias ?? selection.name).value
      const shape = ofField(selection, seen.has(key))
      seen.add(key)
      return together(sum, shape, selection.directives?.length)
    }, NOTHING)
  }
  return measure
}

function together(a: Shape, b: Shape, directives = 0): Shape {
  const sum = (one: number, other: number): number => Math.min(ENOUGH, one + other)
  return {
    depth: Math.max(a.depth, b.depth),
    aliases: sum(a.aliases, b.aliases),
    directives: sum(a.directives + directives, b.directives),
    fields: sum(a.fields, b.fields),
    width: sum(a.width, b.width),
  }
}

const WORDS: Readonly<Record<keyof DocumentShape, (asked: number, allowed: number) => string>> = {
  queryDepth: (asked, allowed) =>
    `The query nests fields ${asked} levels deep; at most ${allowed} are served.`,
  queryAliases: (asked, allowed) =>
    `The query renames or repeats ${asked} fields; at most ${allowed} may be renamed or repeated.`,
  rootFields: (asked, allowed) =>
    `The operation has ${asked} fields at its top; at most ${allowed} are served together.`,
  queryDirectives: (asked, allowed) => `The query has ${asked} directives; at most ${allowed} are served.`,
  queryFields: (asked, allowed) =>
    `The query selects ${asked} fields, fragments included; at most ${allowed} are served.`,
}

/** Throws LIMIT_EXCEEDED for the first limit that a document passes. */
export function requireShape(shape: DocumentShape, limits: Limits): void {
  for (const limit of Object.keys(WORDS) as (keyof DocumentShape)[]) {
    const [asked, allowed] = [shape[limit], limits[limit]]
    if (asked > allowed)
      throw new AppError('LIMIT_EXCEEDED', WORDS[limit](asked, allowed), { limit, allowed, asked })
  }
}
