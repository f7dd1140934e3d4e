import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { onTestFinished } from 'vitest'
import { findBinaryPackage, prepareBinaries } from '../../../../src/database/embedded/binaries.js'
import { readPostmasterFile } from '../../../../src/database/embedded/postmaster.js'
import { chooseServiceAccount } from '../../../../src/database/embedded/service-account.js'
import { isRoot, until } from './sandbox.js'

/**
 * Starts a Postgres on an existing data directory the way a killed program leaves one behind when its watchdog was
 * killed as well. Returns its pid.
 */
export async function startOrphan(dataDirectory: string, port: number): Promise<number> {
  const account = isRoot ? chooseServiceAccount(statSync(dataDirectory).uid) : undefined
  const { postgres } = prepareBinaries(findBinaryPackage(), account, dirname(dataDirectory), () => undefined)
  const options = [
    '-D',
    dataDirectory,
    '-p',
    String(port),
    '-c',
    'unix_socket_directories=',
    '-c',
    'fsync=off',
  ]
  const child = spawn(postgres, options, {
    ...(account && { uid: account.uid, gid: account.gid }),
    cwd: '/',
    stdio: 'ignore',
    detached: true,
  })
  onTestFinished(() => void child.kill('SIGQUIT'))
  await until(() => readPostmasterFile(dataDirectory)?.status === 'ready')
  return child.pid as number
}
