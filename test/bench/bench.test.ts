import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'

test('every benchmark runs, compares its answers and reports its ratios', { timeout: 240_000 }, async () => {
  const program = join(packageRoot, 'bench/run.js')
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--quick', '--offline'], {
    cwd: packageRoot,
  })
  for (const name of ['session', 'request', 'graphql', 'provisioning', 'import', 'memory']) {
    expect(stdout).toMatch(new RegExp(`^${name}\\b.*\\d`, 'm'))
  }
})
