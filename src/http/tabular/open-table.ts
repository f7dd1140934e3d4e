import { Readable } from 'node:stream'
import { csvHeading, csvRow } from './csv.js'
import type { TableFormat } from './table-format.js'
import {
  AFTER,
  FIRST,
  nextPageSize,
  PAGE,
  refuseCutAggregate,
  ROWS,
  TABLE,
  type GraphqlRequest,
  type TablePlan,
} from './table-plan.js'

/** The answer to one page: a GraphQL result and the HTTP status it would have by itself. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly text: string
}

/** Asks for one page; all pages of a table are asked in one snapshot. */
export type AskPage = (request: GraphqlRequest) => Promise<PageAnswer>

interface PageResult {
  readonly data?: { readonly [TABLE]?: unknown } | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

interface Page {
  readonly rows: readonly unknown[]
  /** Where the next page begins; null after the last one. */
  readonly next: string | null
}

/** Milliseconds a client may leave a page unread: as long, it holds a connection to the database. */
export const STALL_LIMIT = 30_000

/**
 * Reads the first page and makes a stream of it and those behind it, read as the client reads on. A first page that
 * fails is returned as it is; later the stream is broken off, so that nobody takes a part for the whole.
 */
export async function openTable(
  format: TableFormat,
  plan: TablePlan,
  ask: AskPage,
): Promise<Readable | PageAnswer> {
  const answer = await askPage(plan, ask, 0, plan.after)
  const result = JSON.parse(answer.text) as PageResult
  if (result.errors !== undefined || result.data == null) return answer
  const page = pageOf(plan, result)
  refuseCutAggregate(plan, page.rows.length)
  return rowStream(textOf(format, plan, page, ask), STALL_LIMIT)
}

function askPage(plan: TablePlan, ask: AskPage, read: number, after: string | null): Promise<PageAnswer> {
  const paging = { [FIRST]: nextPageSize(plan, read), ...(plan.paged ? { [AFTER]: after } : {}) }
  return ask({ query: plan.query, variables: { ...plan.variables, ...paging } })
}

function pageOf({ paged }: TablePlan, { data }: PageResult): Page {
  const table = data?.[TABLE]
  if (!paged) return { rows: table as readonly unknown[], next: null }
  const connection = table as {
    [ROWS]: readonly unknown[]
    [PAGE]: { hasNextPage: boolean; endCursor: string | null }
  }
  const { hasNextPage, endCursor } = connection[PAGE]
  return { rows: connection[ROWS], next: hasNextPage ? endCursor : null }
}

/** The text of a table, a page at a time; nothing is kept of a page once it was given away. */
async function* textOf(
  format: TableFormat,
  plan: TablePlan,
  firstPage: Page,
  ask: AskPage,
): AsyncGenerator<string> {
  const lineOf = (row: unknown): string =>
    format === 'csv' ? csvRow(plan.columns, row) : `${JSON.stringify(row)}\n`
  const heading = format === 'csv' ? csvHeading(plan.columns) : ''
  let page = firstPage
  let read = page.rows.length
  yield heading + page.rows.map(lineOf).join('')
  while (page.next !== null && nextPageSize(plan, read) > 0) {
    const result = JSON.parse((await askPage(plan, ask, read, page.next)).text) as PageResult
    if (result.errors !== undefined) throw new Error('a later page of the table failed')
    page = pageOf(plan, result)
    read += page.rows.length
    yield page.rows.map(lineOf).join('')
  }
}

/** A stream of texts that breaks off when nobody reads on for `stallLimit` milliseconds. */
export function rowStream(texts: AsyncGenerator<string>, stallLimit: number): Readable {
  let stalled: NodeJS.Timeout | undefined
  const breakOff = (stream: Readable): void => {
    stream.destroy(new Error('the client does not read on'))
  }
  return new Readable({
    // One page ahead of the client is enough.
    highWaterMark: 1,
    read() {
      clearTimeout(stalled)
      nextText(texts).then(
        (text) => {
          if (text !== null) stalled = setTimeout(breakOff, stallLimit, this).unref()
          this.push(text)
        },
        (error: unknown) => this.destroy(error as Error),
      )
    },
    destroy(error, done) {
      clearTimeout(stalled)
      texts.return(undefined).then(
        () => done(error),
        () => done(error),
      )
    },
  })
}

/** The next text that is not empty, or null behind the last one. */
async function nextText(texts: AsyncGenerator<string>): Promise<string | null> {
  for (;;) {
    const { value, done } = await texts.next()
    if (done === true) return null
    if (value !== '') return value
  }
}
