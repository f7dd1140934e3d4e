import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/package-root.js'

/** A fenced block of a page of documentation. */
export interface CodeBlock {
  readonly file: string
  /** Line of its opening fence, counted from 1. */
  readonly line: number
  readonly language: string
  /** What follows the language: for queries, the organization (or API) and the person who asks. */
  readonly words: readonly string[]
  readonly text: string
}

export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/analyst.md',
  'docs/cookbook.md',
  'docs/frontend.md',
  'docs/platform-admin.md',
  'docs/tenancy.md',
  'docs/operations.md',
  'docs/backup.md',
  'docs/export-format.md',
]

export function readPage(file: string): string {
  return readFileSync(join(packageRoot, file), 'utf8')
}

/** The fenced blocks of a page, in order. */
export function codeBlocks(file: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { line: number; info: string; lines: string[] } | undefined
  for (const [index, line] of readPage(file).split('\n').entries()) {
    if (open === undefined) {
      if (line.startsWith('```')) open = { line: index + 1, info: line.slice(3).trim(), lines: [] }
    } else if (line === '```') {
      const [language = '', ...words] = open.info.split(/\s+/)
      blocks.push({ file, line: open.line, language, words, text: open.lines.join('\n') })
      open = undefined
    } else open.lines.push(line)
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is not closed`)
  return blocks
}
