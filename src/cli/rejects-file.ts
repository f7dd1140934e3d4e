import { closeSync, openSync, writeSync } from 'node:fs'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RejectedRow } from '../modules/usage/import/trace-row.js'
import { exitCodes } from './exit-codes.js'
import { CliError } from './failure.js'

/** A CSV file of rejected rows, made with the first of them: `line,reason,row`. */
export class RejectsFile {
  readonly path: string
  #file: number | undefined
  #problem: string | undefined

  private constructor(path: string) {
    this.path = path
  }

  /** @param isWanted - the user named the file, so that it has to be writable before anything begins */
  static async open(path: string, isWanted: boolean): Promise<RejectsFile> {
    try {
      if (isWanted) await access(dirname(path), constants.W_OK)
    } catch (error) {
      throw new CliError(
        `The rejects file ${path} cannot be written: ${(error as Error).message}`,
        exitCodes.usage,
      )
    }
    return new RejectsFile(path)
  }

  add({ line, reason, row }: RejectedRow): void {
    if (this.#problem !== undefined) return
    try {
      this.#file ??= this.#begin()
      writeSync(this.#file, `${line},${quoted(reason)},${quoted(row)}\n`)
    } catch (error) {
      // The import is worth more than the list: it goes on, and its summary says why there is no file.
      this.#problem = (error as Error).message
    }
  }

  /** Where the rejected rows are, or why they are nowhere; undefined when there were none. */
  close(): { readonly path: string } | { readonly problem: string } | undefined {
    if (this.#file !== undefined) closeSync(this.#file)
    if (this.#problem !== undefined) return { problem: this.#problem }
    return this.#file === undefined ? undefined : { path: this.path }
  }

  #begin(): number {
    const file = openSync(this.path, 'w')
    writeSync(file, 'line,reason,row\n')
    return file
  }
}

/** RFC 4180, section 2: a field in quotes, with its quotes doubled. */
function quoted(field: string): string {
  return `"${field.replaceAll('"', '""')}"`
}
