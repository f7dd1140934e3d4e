/** `1234567` → `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `count(1, 'row')` → `1 row`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`
}

/** Columns aligned by spaces; the last one is not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** One `name  value` a line. */
export function facts(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

/** A list in words, or `none`. */
export function listed(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.join(', ')
}
