import { Arg, Int } from 'type-graphql'
import { DEFAULT_PAGE, LARGEST_PAGE, type ListArguments } from './page.js'
import type { EntityDefinition } from './entity.js'

/**
 * Declares the arguments of a list on a resolver's method, in the order
 * `filter, orderBy, first, after, last, before`, and `search` where the entity is searched.
 *
 * @param from - index of the first one among the method's parameters
 */
export function declareListArguments(
  { filterInput, orderInput, search }: EntityDefinition,
  prototype: object,
  method: string,
  from: number,
): void {
  const declare = (name: string, type: () => object, description: string, index: number): void =>
    Arg(name, type, { nullable: true, description })(prototype, method, from + index)
  declare('filter', () => filterInput, 'Which objects the list holds; all of them when left out.', 0)
  declare(
    'orderBy',
    () => [orderInput],
    'How the list is sorted: by the first criterion, ties by the next, at last by id.',
    1,
  )
  declare(
    'first',
    () => Int,
    `How many objects from the start, or behind \`after\`: ${DEFAULT_PAGE} when left out, at most ${LARGEST_PAGE}.`,
    2,
  )
  declare('after', () => String, 'Cursor of the object behind which the page starts.', 3)
  declare(
    'last',
    () => Int,
    `How many objects from the end, or ahead of \`before\`; at most ${LARGEST_PAGE}.`,
    4,
  )
  declare('before', () => String, 'Cursor of the object ahead of which the page ends.', 5)
  if (search.length === 0) return
  const searched = search.map(({ field }) => `\`${field}\``).join(', ')
  declare(
    'search',
    () => String,
    `Words that must all be there, in ${searched}; the best fits come first unless \`orderBy\` says otherwise. ` +
      '`"…"` makes a phrase, `or` an alternative, `-` excludes a word; letter case does not matter.',
    6,
  )
}

/** The values of a list method's arguments, by name. */
export function listArguments(values: readonly unknown[]): ListArguments {
  const [filter, order, first, after, last, before, search] = values
  return { filter, orderBy: order, first, after, last, before, search } as ListArguments
}
