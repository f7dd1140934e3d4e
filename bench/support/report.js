import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { packageRoot } from '../../dist/package-root.js'

/** The two sides of a benchmark answer differently, so there is nothing to compare. */
export class UnequalAnswers extends Error {
  name = 'UnequalAnswers'
}

/** Throws UnequalAnswers, showing where two answers part, unless they are the same. */
export function assertEqualAnswers(what, a, b) {
  if (isDeepStrictEqual(a, b)) return
  const { path, left, right } = firstDifference(a, b)
  throw new UnequalAnswers(
    `${what}: the answers differ${path === '' ? '' : ` at ${path}`}.\nA … ${left}\nB … ${right}`,
  )
}

/** Where two answers that are not the same part first: the path to it, and what is there on either side. */
export function firstDifference(a, b, path = '') {
  if (isRecord(a) && isRecord(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    const key = [...keys].find((name) => !isDeepStrictEqual(a[name], b[name]))
    if (key !== undefined) return firstDifference(a[key], b[key], path === '' ? key : `${path}.${key}`)
  }
  const [left, right] = [a, b].map((value) =>
    typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'),
  )
  let at = 0
  while (left[at] === right[at] && at < left.length) at += 1
  const part = (text) => text.slice(Math.max(0, at - 40), at + 120)
  return { path, left: part(left), right: part(right) }
}

/** A list or an object; a date is a value. */
function isRecord(value) {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

/** What one benchmark says: printed at once, and kept for its file of raw output. */
export class Report {
  #lines = []
  #name

  constructor(name) {
    this.#name = name
  }

  say(line = '') {
    console.log(line)
    this.#lines.push(line)
  }

  /** Writes bench/results/<name>.txt. */
  async save() {
    const folder = join(packageRoot, 'bench', 'results')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${this.#name}.txt`), `${this.#lines.join('\n')}\n`)
  }
}

/** The machine and the versions, one line each: no number means anything without them. */
export function describeMachine(postgresVersion, isDurable) {
  const processors = cpus()
  return [
    `date      ${new Date().toISOString()}`,
    `commit    ${commit()}`,
    `processor ${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`,
    `memory    ${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `system    ${type()} ${release()}`,
    `node      ${process.version}`,
    `postgres  ${postgresVersion}, embedded, ${isDurable ? 'default settings (fsync and synchronous_commit on)' : 'fsync and synchronous_commit off'}`,
  ]
}

function commit() {
  const git = (...words) =>
    execFileSync('git', words, { cwd: packageRoot, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'migrations', 'bench').toString().trim() !== ''
    return `${git('rev-parse', 'HEAD').toString().trim()}${changed ? ' with uncommitted changes' : ''}`
  } catch {
    return 'unknown (not a git checkout)'
  }
}

/** `12,345.6`: digits grouped for reading. */
export function number(value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
