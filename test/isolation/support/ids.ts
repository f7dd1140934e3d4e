/** Type and key of an opaque id, taken apart. */
export function partsOf(id: string | undefined): readonly string[] {
  return Buffer.from(id ?? '', 'base64url')
    .toString('utf8')
    .split('\n')
}

/** An opaque id of these parts, sound or not. */
export function idOf(...parts: readonly string[]): string {
  return Buffer.from(parts.join('\n')).toString('base64url')
}

/** The id of an object of the same type that is nowhere. */
export function nowhere(id: string): string {
  return idOf(...partsOf(id).map((part) => part.replace(/^[0-9a-f]{8}-/, 'ffffffff-')))
}
