import { BenchServer } from './support/server.js'
import { describeMachine, Report } from './support/report.js'
import * as usageImport from './import.js'
import * as drift from './drift.js'
import * as execution from './execution.js'
import * as graphql from './graphql.js'
import * as fleet from './fleet.js'
import * as memory from './memory.js'
import * as provisioning from './provisioning.js'
import * as request from './request.js'
import * as session from './session.js'

/**
 * `npm run bench -- [--quick] [--offline] [name …]`: runs all benchmarks or the named ones and prints a table. Targets are
 * reported, not enforced; unequal answers and errors end with exit code 1. `--quick` only shows that everything
 * works: its numbers mean nothing, so it writes no results. `--offline` leaves out what would have to be installed
 * first (PostGraphile), and writes no results either.
 */

const benchmarks = {
  session,
  request,
  execution,
  graphql,
  provisioning,
  fleet,
  drift,
  import: usageImport,
  memory,
}

const FAILED = { what: 'failed', met: false }
const WORD = { true: 'yes', false: 'no' }

const words = process.argv.slice(2)
const [quick, offline] = ['--quick', '--offline'].map((option) => words.includes(option))
const names = words.filter((word) => !['--quick', '--offline'].includes(word))
const unknown = names.filter((name) => !(name in benchmarks))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}. There are ${Object.keys(benchmarks).join(', ')}.`,
  )
  process.exit(2)
}

const failed = await runAll(names.length > 0 ? names : Object.keys(benchmarks))
process.exitCode = failed.length === 0 ? 0 : 1

/** Resolves to the names of the benchmarks that were not finished or whose answers were not equal. */
async function runAll(chosen) {
  const server = await BenchServer.start({ durable: !quick })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void server.stop().finally(() => process.exit(1)))
  }
  const rows = []
  const failures = []
  try {
    for (const name of chosen) {
      const outcomes = await runOne(server, name)
      if (outcomes === undefined) failures.push(name)
      rows.push(...(outcomes ?? [FAILED]).map((outcome) => ({ name, ...outcome })))
    }
  } finally {
    await server.stop()
  }
  console.log(`\n${table(rows)}`)
  return failures
}

/** A benchmark's outcomes, or undefined when it failed. */
async function runOne(server, name) {
  const report = new Report(name)
  report.say(`# ${name}${quick ? ' (quick: the numbers mean nothing)' : ''}`)
  for (const line of describeMachine(server.version, !quick)) report.say(line)
  report.say()
  try {
    const outcomes = await benchmarks[name].run({ server, report, quick, offline })
    report.say()
    for (const { what, value, target, met } of outcomes) {
      report.say(
        `${what}: ${value}${target === undefined ? '' : `, target ${target}: ${met ? 'met' : 'NOT MET'}`}`,
      )
    }
    if (!quick && !offline) await report.save()
    return outcomes
  } catch (error) {
    console.error(`${name} failed:`, error)
    return undefined
  }
}

function table(rows) {
  const lines = [
    ['bench', 'measured', '', 'target', 'met'],
    ...rows.map(({ name, what, value = '', target = '', met }) => [
      name,
      what,
      value,
      target,
      WORD[met] ?? '',
    ]),
  ]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
