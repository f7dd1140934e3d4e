import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'

/** Runs benchmarks as `npm run bench` does, without anything that would have to be installed first. */
function bench(names: readonly string[], env = process.env) {
  const words = [join(packageRoot, 'bench/run.js'), '--quick', '--offline', ...names]
  return promisify(execFile)(process.execPath, words, { cwd: packageRoot, env })
}

test('every benchmark runs, compares its answers and reports its ratios', { timeout: 400_000 }, async () => {
  const { stdout } = await bench([])
  for (const name of ['session', 'request', 'graphql', 'provisioning', 'fleet', 'import', 'memory']) {
    expect(stdout).toMatch(new RegExp(`^${name}\\b.*\\d`, 'm'))
  }
})

test(
  'servers that answer differently are not timed: the first difference is named, and the exit code is 1',
  {
    timeout: 120_000,
  },
  async () => {
    const lying = `--import ${pathToFileURL(join(packageRoot, 'test/bench/lying-peer.js')).href}`
    const failure = await bench(['graphql'], { ...process.env, NODE_OPTIONS: lying }).catch((error) => error)
    expect(failure).toMatchObject({ code: 1, stdout: expect.stringMatching(/^graphql +failed/m) })
    expect(failure.stderr).toMatch(
      /query c of bench_\d+, A orgscope, B naive Apollo: the answers differ at 1\.members\.0\.name\.\s+A … Person 1 of \S+\s+B … Parson 1 of/,
    )
    expect(failure.stdout).not.toContain('round 1')
  },
)
