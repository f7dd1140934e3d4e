/** The forms in which rows are answered instead of JSON in one piece. */
export const tableFormats = {
  csv: { type: 'text/csv', header: 'text/csv; charset=utf-8; header=present' },
  ndjson: { type: 'application/x-ndjson', header: 'application/x-ndjson; charset=utf-8' },
} as const

export type TableFormat = keyof typeof tableFormats

/** The form a client prefers by its header `accept`, or undefined when it takes JSON as least as gladly. */
export function tableFormatOf(accept: string | undefined): TableFormat | undefined {
  if (accept === undefined || !/csv|ndjson/i.test(accept)) return undefined
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 }
  })
  const [best] = ranges.sort((a, b) => b.quality - a.quality)
  if (best === undefined || best.quality === 0) return undefined
  const found = Object.entries(tableFormats).find(([, { type }]) => type === best.type)
  return found?.[0] as TableFormat | undefined
}
