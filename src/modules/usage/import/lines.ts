import { StringDecoder } from 'node:string_decoder'

/** One line of a text without its line break. */
export interface Line {
  /** Counted from 1. */
  readonly number: number
  readonly text: string
}

const BYTE_ORDER_MARK = '\ufeff'

/**
 * The lines of a UTF-8 text of any size, in the groups in which they arrive. A line longer than `longest`
 * characters is cut there, so that a file without line breaks cannot fill memory.
 */
export async function* linesOf(
  source: AsyncIterable<Buffer | string>,
  longest: number,
): AsyncGenerator<Line[]> {
  const decoder = new StringDecoder('utf8')
  let number = 0
  let open = ''
  const take = (text: string): Line => {
    const line = text.length > longest ? text.slice(0, longest) : text
    return { number: ++number, text: line.endsWith('\r') ? line.slice(0, -1) : line }
  }
  for await (const chunk of source) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk)
    const parts = text.split('\n')
    parts[0] = open + (parts[0] as string)
    open = parts.pop() as string
    if (open.length > longest) open = open.slice(0, longest)
    if (number === 0 && parts[0]?.startsWith(BYTE_ORDER_MARK)) parts[0] = parts[0].slice(1)
    if (parts.length > 0) yield parts.map(take)
  }
  open += decoder.end()
  if (number === 0 && open.startsWith(BYTE_ORDER_MARK)) open = open.slice(1)
  if (open !== '') yield [take(open)]
}
