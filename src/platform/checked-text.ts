import { AppError } from '../errors.js'

/**
 * A client's text without the spaces around it. Throws BAD_USER_INPUT when nothing is left or it is too long.
 *
 * @param longest - characters
 */
export function checkedText(text: string, field: string, longest: number): string {
  const trimmed = text.trim()
  if (trimmed.length > 0 && trimmed.length <= longest && !trimmed.includes('\0')) return trimmed
  throw new AppError('BAD_USER_INPUT', `${field} must have 1 to ${longest} characters.`, { field })
}
