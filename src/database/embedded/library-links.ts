import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { isSystemError } from './embedded-server-error.js'

/** One entry of native/pg-symlinks.json: `target` is the link, `source` what it points to, both in the package. */
interface LibraryLink {
  readonly source: string
  readonly target: string
}

/**
 * Does what the install script of a binary package does, where npm was told not to run such scripts: npm packages
 * cannot hold symbolic links, so the links between the libraries are listed in a file and created afterwards.
 * Creates what is missing, and only that. Throws the system's error when the folder cannot be written.
 */
export function hydrateLinks(packageRoot: string): void {
  for (const { source, target } of readLinks(packageRoot)) {
    const link = join(packageRoot, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(link), join(packageRoot, source)), link)
    } catch (error) {
      // Another start at the same time may have been quicker.
      if (!isSystemError(error, 'EEXIST')) throw error
    }
  }
  for (const program of ['initdb', 'postgres']) makeExecutable(join(packageRoot, 'native', 'bin', program))
}

function readLinks(packageRoot: string): LibraryLink[] {
  try {
    return JSON.parse(readFileSync(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8')) as LibraryLink[]
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

function makeExecutable(program: string): void {
  const { mode } = statSync(program)
  if ((mode & 0o100) === 0) chmodSync(program, mode | 0o111)
}
