import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../dist/package-root.js'
import { Child } from './child.js'

const FOLDER = join(packageRoot, 'bench', 'peers', 'postgraphile')
const MODULES = join(FOLDER, 'node_modules')
/** PostGraphile 5 runs on this version of Node and on later ones. */
const OLDEST_NODE = 22

/** PostGraphile in a process of its own, over one of the benchmarks' databases and its organizations. */
export async function startPostgraphile({ admin, gatewayUrl }, template, report) {
  await install(report)
  await admin.query(await readFile(join(FOLDER, 'totals.sql'), 'utf8'))
  return new Child('../peers/postgraphile/server.js', [JSON.stringify({ gatewayUrl, template })], {
    execPath: runtime(),
    env: { ...process.env, NODE_ENV: 'production', GRAPHILE_ENV: 'production' },
  })
}

/** It has a folder of its own, with its own lock file, which nobody needs but this benchmark. */
async function install(report) {
  const installed = join(MODULES, '.package-lock.json')
  const isCurrent =
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(join(FOLDER, 'package-lock.json')).mtimeMs
  if (isCurrent) return
  report.say('installing PostGraphile, once, into bench/peers/postgraphile: npm ci')
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER })
  } catch (error) {
    throw new Error(
      'PostGraphile could not be installed. Try `npm ci --ignore-scripts` in bench/peers/postgraphile, or leave it ' +
        `out with --offline.\n${error.stderr ?? error.message}`,
    )
  }
}

/** This Node if PostGraphile runs on it, else the one that was installed with it. */
function runtime() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return process.execPath
  const packaged = join(MODULES, `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(packaged)) return packaged
  throw new Error(
    `PostGraphile needs Node ${OLDEST_NODE} or later, and none comes with it for ${process.platform} ${process.arch}. ` +
      'Run the benchmark on one, or leave PostGraphile out with --offline.',
  )
}
