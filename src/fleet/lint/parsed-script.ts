import type { parseSync } from 'pgsql-parser'
import { scriptComments } from '../split-statements.js'
import type { MigrationScript } from '../migration-files.js'
import type { SyntaxNode } from './syntax-tree.js'

type Parse = typeof parseSync

/** One statement of a script, in Postgres' own syntax tree. */
export interface ParsedStatement {
  readonly node: SyntaxNode
  /** As it stands in the file, without its semicolon and the comments in front of it. */
  readonly text: string
  /** Bytes from the beginning of the script to its first and behind its last one. */
  readonly start: number
  readonly end: number
}

/** A script and its statements; those of one that Postgres' grammar refuses are empty. */
export interface ParsedScript {
  readonly file: string
  /** False when the script says `-- orgscope: no-transaction`. */
  readonly transactional: boolean
  readonly statements: readonly ParsedStatement[]
  readonly comments: readonly ScriptComment[]
  readonly syntaxError: { readonly message: string; readonly line: number } | undefined
  /** The line, counted from 1, of a position in bytes. */
  lineAt(position: number): number
}

export interface ScriptComment {
  readonly text: string
  /** Bytes from the beginning of the script. */
  readonly position: number
}

/** Loads Postgres' grammar, which only those who judge scripts need in memory. */
export async function loadParser(): Promise<Parse> {
  const { loadModule, parseSync } = await import('pgsql-parser')
  await loadModule()
  return parseSync
}

/** What stands for the tenant's role in a parsed script: as long as `:tenant_role`, so that positions stay. */
export const ROLE_STAND_IN = 'tenant_role_'

/** Reads a script with a parser of `loadParser`. */
export function parseScript(parse: Parse, { file, sql, transactional }: MigrationScript): ParsedScript {
  const text = sql.replace(/(?<!:):tenant_role\b/g, ROLE_STAND_IN)
  const bytes = Buffer.from(sql)
  const lineAt = (position: number): number => bytes.subarray(0, position).toString().split('\n').length
  const comments = scriptComments(sql).map(({ text: comment, at }) => ({
    text: comment,
    position: Buffer.byteLength(sql.slice(0, at)),
  }))
  const script = { file, transactional, comments, lineAt }
  try {
    const statements = (parse(text).stmts ?? []).map(({ stmt, stmt_location = 0, stmt_len }) => {
      const end = stmt_len === undefined || stmt_len === 0 ? bytes.length : stmt_location + stmt_len
      const start = codeStart(bytes, stmt_location, end, comments)
      return {
        node: stmt as SyntaxNode,
        text: bytes.subarray(start, end).toString().trimEnd(),
        start,
        end,
      }
    })
    return { ...script, statements, syntaxError: undefined }
  } catch (error) {
    return { ...script, statements: [], syntaxError: syntaxErrorOf(error, text) }
  }
}

/** A statement's place may begin with comments and blanks. */
function codeStart(bytes: Buffer, from: number, end: number, comments: readonly ScriptComment[]): number {
  let at = from
  while (at < end) {
    const comment = comments.find(({ position }) => position === at)
    if (comment !== undefined) at += Buffer.byteLength(comment.text)
    else if (/\s/.test(String.fromCharCode(bytes[at]!))) at += 1
    else break
  }
  return at
}

/** Postgres counts characters here, not bytes. */
function syntaxErrorOf(error: unknown, text: string): { message: string; line: number } {
  const { message } = error as Error
  const position = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition ?? 0
  return { message, line: text.slice(0, Math.max(0, position)).split('\n').length }
}
