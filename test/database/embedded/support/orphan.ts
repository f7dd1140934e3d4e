import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { readPostmasterFile } from '../../../../src/database/embedded/postmaster.js'
import { isRoot, until } from './sandbox.js'

/** Starts a Postgres on an existing data directory the way a killed program leaves one behind: owned by nobody. */
export async function startByHand(postgres: string, dataDirectory: string, port: number): Promise<number> {
  const { uid, gid } = statSync(dataDirectory)
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
    ...(isRoot && { uid, gid }),
    cwd: '/',
    stdio: 'ignore',
    detached: true,
  })
  onTestFinished(() => void child.kill('SIGQUIT'))
  await until(() => readPostmasterFile(dataDirectory)?.status === 'ready')
  return child.pid as number
}
