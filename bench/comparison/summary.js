import { median } from '../support/rounds.js'
import { number } from '../support/report.js'
import { QUERIES } from './queries.js'

const MEGABYTE = 2 ** 20
/** Times PostGraphile's requests a second, or of its processor time where Postgres is what limits both. */
const TARGET = { requests: 2, processor: 0.5 }
/** Below this the reason has to be found. */
const TO_EXPLAIN = 1.5
/** Of the requests a second of the least there is to do. */
const CEILING_SHARE = 0.6

/**
 * What the rounds of one query come to, by server: medians of the requests a second and of the latencies (ms), mean
 * processor time a request (µs) of the server and of Postgres, most resident memory (bytes), and what the gateway's
 * requests a second are times this server's (`ratio`, the median of the rounds' ratios).
 */
export function summaryOf(rounds, meters) {
  return Object.fromEntries(
    Object.entries(meters).map(([name, { each }]) => {
      const middle = (measure) => median(rounds.map((round) => measure(round[name])))
      return [
        name,
        {
          perSecond: middle(({ perSecond }) => perSecond),
          p50: middle(({ p50 }) => p50),
          p99: middle(({ p99 }) => p99),
          program: each.program,
          postgres: each.postgres,
          resident: Math.max(...rounds.map((round) => round[name].resident)),
          ratio: median(rounds.map((round) => round.orgscope.perSecond / round[name].perSecond)),
        },
      ]
    }),
  )
}

/** Lines of a table with a row for each query and server. */
export function tableOf(summaries) {
  const head = [
    'query',
    'server',
    'req/s',
    'p50 ms',
    'p99 ms',
    'server µs',
    'postgres µs',
    'RSS MB',
    'orgscope ×',
  ]
  const rows = Object.entries(summaries).flatMap(([query, servers]) =>
    Object.entries(servers).map(([name, summary]) => [
      query,
      name,
      number(summary.perSecond),
      number(summary.p50, 2),
      number(summary.p99, 2),
      number(summary.program),
      number(summary.postgres),
      number(summary.resident / MEGABYTE),
      name === 'orgscope' ? '' : summary.ratio.toFixed(2),
    ]),
  )
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)))
  const line = (row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
  const queries = Object.keys(summaries).map((query) => `${query} ${QUERIES[query].what}`)
  return ['', ...queries, '', line(head), ...rows.map(line)]
}

/** The goals, as far as the servers ran that they are about. */
export function outcomesOf(summaries) {
  const rivals = ['a', 'b', 'c', 'e'].filter((query) => summaries[query].PostGraphile !== undefined)
  return [...rivals.map((query) => rivalOutcome(query, summaries[query])), ceilingOutcome(summaries.b)]
}

function rivalOutcome(query, { orgscope, PostGraphile }) {
  const processor = orgscope.program / PostGraphile.program
  const isPostgresBound = orgscope.postgres > orgscope.program
  const { ratio } = PostGraphile
  const met = ratio >= TARGET.requests || (isPostgresBound && processor <= TARGET.processor)
  return {
    what: `${query} ${QUERIES[query].what}: requests/s (server time) to PostGraphile`,
    value: `${ratio.toFixed(2)} (${processor.toFixed(2)}${isPostgresBound ? ', Postgres-bound' : ''})${
      ratio < TO_EXPLAIN ? ' to be explained' : ''
    }`,
    target: '≥ 2.00, or (≤ 0.50) where Postgres-bound',
    met,
  }
}

function ceilingOutcome({ json_agg: ceiling }) {
  return {
    what: `b ${QUERIES.b.what}: share of the json_agg ceiling`,
    value: ceiling.ratio.toFixed(2),
    target: `≥ ${CEILING_SHARE.toFixed(2)}`,
    met: ceiling.ratio >= CEILING_SHARE,
  }
}
