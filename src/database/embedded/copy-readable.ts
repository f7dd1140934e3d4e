import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Copies a folder so that every user can read it and nobody but the owner can change it, whatever the modes of the
 * source and the umask are. Links are copied as they are; they are relative in the packages this is used for.
 */
export function copyReadable(source: string, target: string): void {
  const found = lstatSync(source)
  if (found.isSymbolicLink()) {
    symlinkSync(readlinkSync(source), target)
  } else if (found.isDirectory()) {
    mkdirSync(target)
    chmodSync(target, 0o755)
    for (const name of readdirSync(source)) copyReadable(join(source, name), join(target, name))
  } else {
    copyFileSync(source, target, constants.COPYFILE_FICLONE)
    chmodSync(target, (found.mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}
