/**
 * The statements of a script, one by one, without their semicolons: what cannot run inside a transaction has to be
 * sent alone. Knows comments (nested ones too), quoted strings and names, `E''` escapes and dollar quotes; a `begin
 * atomic` body is not known.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = []
  let start = 0
  let meaningful = false
  let at = 0
  const close = (end: number): void => {
    if (meaningful) statements.push(script.slice(start, end).trim())
    start = end + 1
    meaningful = false
  }
  while (at < script.length) {
    const comment = endOfComment(script, at)
    if (comment !== undefined) at = comment
    else if (script[at] === ';') close(at++)
    else {
      meaningful ||= /\S/.test(script[at]!)
      at = endOfQuoted(script, at) ?? at + 1
    }
  }
  close(script.length)
  return statements
}

/** The comments of a script, and where each begins, in characters. */
export function scriptComments(script: string): { readonly text: string; readonly at: number }[] {
  const comments: { text: string; at: number }[] = []
  for (let at = 0; at < script.length;) {
    const end = endOfComment(script, at)
    if (end !== undefined) comments.push({ text: script.slice(at, end), at })
    at = end ?? endOfQuoted(script, at) ?? at + 1
  }
  return comments
}

/** Where the comment that begins here ends, or undefined when none begins here. */
function endOfComment(script: string, at: number): number | undefined {
  if (script.startsWith('--', at)) return endOr(script.indexOf('\n', at), script)
  if (!script.startsWith('/*', at)) return undefined
  let depth = 0
  for (let index = at; index < script.length; index += 1) {
    if (script.startsWith('/*', index)) {
      depth += 1
      index += 1
    } else if (script.startsWith('*/', index)) {
      depth -= 1
      index += 1
      if (depth === 0) return index + 1
    }
  }
  return script.length
}

/** Where the string, name or dollar quote that begins here ends, or undefined when none begins here. */
function endOfQuoted(script: string, at: number): number | undefined {
  const character = script[at]
  if (character === '"' || character === "'") {
    const escapes = character === "'" && /(^|[^a-z0-9_$"])e$/i.test(script.slice(Math.max(0, at - 2), at))
    return endOfString(script, at, character, escapes)
  }
  if (character !== '$' || /[a-z0-9_$\u0080-\uffff]/i.test(script[at - 1] ?? '')) return undefined
  const tag = /^\$([a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]*)?\$/i.exec(script.slice(at, at + 70))?.[0]
  if (tag === undefined) return undefined
  const end = script.indexOf(tag, at + tag.length)
  return end < 0 ? script.length : end + tag.length
}

/** A doubled quote does not end a string; after a backslash any character belongs to an `E''` string. */
function endOfString(script: string, at: number, quote: string, escapes: boolean): number {
  for (let index = at + 1; index < script.length; index += 1) {
    if (escapes && script[index] === '\\') index += 1
    else if (script[index] === quote) {
      if (script[index + 1] !== quote) return index + 1
      index += 1
    }
  }
  return script.length
}

function endOr(index: number, script: string): number {
  return index < 0 ? script.length : index
}
