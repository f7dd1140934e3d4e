import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { EmbeddedServerError, USE_ANOTHER_SERVER, isSystemError } from './embedded-server-error.js'

/** The unprivileged user that runs Postgres, which refuses to be run by root. */
export interface ServiceAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Accounts made for having no rights; the first that exists and can be switched to is taken. */
const PREFERRED_NAMES = ['nobody', 'postgres', '_postgres', 'daemon']

/** True when this process runs as root and Postgres therefore needs another user. */
export function needsServiceAccount(): boolean {
  return process.getuid?.() === 0
}

/**
 * Picks the user that runs Postgres for root: the owner of an existing data directory, else a user without rights.
 * initdb insists on an entry in the list of users, so one is picked from there.
 */
export function chooseServiceAccount(dataOwner: number | undefined): ServiceAccount {
  const accounts = readAccounts('/etc/passwd')
  if (dataOwner !== undefined) {
    const owner = accounts.find((account) => account.uid === dataOwner)
    return owner ?? { name: `uid ${dataOwner}`, uid: dataOwner, gid: dataOwner }
  }
  const preferred = PREFERRED_NAMES.flatMap((name) => accounts.filter((account) => account.name === name))
  const others = accounts.filter((account) => !PREFERRED_NAMES.includes(account.name))
  const account = [...preferred, ...others].find((candidate) => canSwitchTo(candidate))
  if (account !== undefined) return account
  throw new EmbeddedServerError(
    'Postgres refuses to run as root, and this process, though it runs as root, cannot switch to any other user ' +
      'of /etc/passwd. Start it as a normal user, or allow it to change its user id (the capabilities SETUID, ' +
      `SETGID and CHOWN). ${USE_ANOTHER_SERVER}`,
  )
}

/** Options for `spawn`: the user, a folder every user may stand in, and nothing inherited that alters Postgres. */
export function spawnOptionsFor(account: ServiceAccount | undefined): {
  uid?: number
  gid?: number
  cwd: string
  env: NodeJS.ProcessEnv
} {
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid }
  return { ...identity, cwd: '/', env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } }
}

/** Whether the user may enter the folder; asked of the kernel, which alone knows modes, ACLs and mounts. */
export function canEnter(account: ServiceAccount, folder: string): boolean {
  return runTest(account, 'test -d "$1" && test -x "$1"', folder).status === 0
}

/** Users of the list with a positive id that fits a 32-bit signed number (macOS gives `nobody` a negative one). */
function readAccounts(file: string): ServiceAccount[] {
  return readPasswd(file)
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name: name ?? '', uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => name !== '' && uid > 0 && uid < 2 ** 31 && gid > 0)
}

function readPasswd(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return ''
    throw error
  }
}

/** A user id may be listed and still be out of reach: not mapped into this container, or no right to switch. */
function canSwitchTo(account: ServiceAccount): boolean {
  return !isSystemError(runTest(account, ':').error, 'EPERM', 'EINVAL', 'EAGAIN')
}

function runTest(account: ServiceAccount, script: string, ...parameters: string[]) {
  return spawnSync('/bin/sh', ['-c', script, 'sh', ...parameters], {
    ...spawnOptionsFor(account),
    stdio: 'ignore',
  })
}
