import { spawn } from 'node:child_process'
import { spawnOptionsFor } from './service-account.js'
import type { ServiceAccount } from './service-account.js'

/** A helper that ends the server when this process dies without being able to. */
export interface Watchdog {
  /** Ends the helper; call it once the server is gone. */
  dismiss(): void
}

/**
 * Starts a shell that waits for the end of a pipe held by this process, then asks the server to shut down. The
 * system closes the pipe however this process ends, kill -9 included, on Linux and macOS alike. Where no shell can
 * be started the server merely outlives a killed process, and the next start ends it.
 */
export function watchOver(serverPid: number, account: ServiceAccount | undefined): Watchdog {
  const shell = spawn(
    '/bin/sh',
    ['-c', 'read -r line; kill -INT "$1"', 'orgscope-watchdog', String(serverPid)],
    {
      ...spawnOptionsFor(account),
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  )
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  // The pipe must not keep this process alive when everything else is done; sockets know unref, their type does not.
  ;(shell.stdin as unknown as { unref(): void }).unref()
  return { dismiss: () => void shell.kill('SIGKILL') }
}
