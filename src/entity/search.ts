import { sql } from 'kysely'
import { AppError } from '../errors.js'
import type { ColumnMeta } from './column.js'
import { MAIN_ROW, refuseUnstorable, UNSTORABLE, type Condition } from './condition.js'

/** Name under which lists are sorted by how well objects fit what is searched for. */
export const RELEVANCE = 'relevance'

/** Characters of a search, and those of each field that are searched. */
const LONGEST_SEARCH = 1_000
const SEARCHED_CHARACTERS = 10_000

/**
 * What joins words into names, addresses and markup: each word of `gpt-4o-mini`, `jane@acme.example` and `<b>` is
 * found by itself. Postgres would take them for one word, or for none.
 */
const JOINTS = '-_./@<>&:'

/** A search in SQL: which rows fit, and how well. */
export interface Search {
  readonly condition: Condition
  /** Greater is better; of type real. */
  readonly rank: Condition
}

/**
 * The words of a row as the index on its table has them: letter for letter this expression, or the index is of no use.
 * Without a language: names of tools and people have none.
 */
export function searchVector(columns: readonly Pick<ColumnMeta, 'column'>[], row?: string): string {
  const prefix = row === undefined ? '' : `${row}.`
  const texts = columns.map(({ column }) => `coalesce(left(${prefix}${column}, ${SEARCHED_CHARACTERS}), '')`)
  const blanks = ' '.repeat(JOINTS.length)
  return `to_tsvector('simple'::regconfig, translate(${texts.join(` || ' ' || `)}, '${JOINTS}', '${blanks}'))`
}

/** A client's search; undefined for blanks, which search for nothing. Throws BAD_USER_INPUT and LIMIT_EXCEEDED. */
export function searchFor(
  columns: readonly ColumnMeta[],
  text: string | null | undefined,
): Search | undefined {
  if (text === null || text === undefined || text.trim() === '') return undefined
  refuseUnstorable(UNSTORABLE.test(text), 'search')
  if (text.length > LONGEST_SEARCH) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `search has ${text.length} characters; at most ${LONGEST_SEARCH} are accepted.`,
      { limit: 'search', allowed: LONGEST_SEARCH, asked: text.length },
    )
  }
  const vector = sql.raw(searchVector(columns, MAIN_ROW))
  const query = sql`websearch_to_tsquery('simple'::regconfig, ${wordsApart(text)})`
  return { condition: sql`${vector} @@ ${query}`, rank: sql`ts_rank(${vector}, ${query})` }
}

/** The joints inside words become blanks, as in the index; a hyphen ahead of a word still excludes it. */
function wordsApart(text: string): string {
  return text.replace(/[_./@<>&:]/g, ' ').replace(/(?<=[\p{L}\p{N}])-+(?=[\p{L}\p{N}])/gu, ' ')
}
