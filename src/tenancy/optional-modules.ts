/** Every optional module there is, installed here or not; the catalogue `public.modules` holds the same names. */
export const optionalModules = ['usage', 'compliance', 'llm', 'workspace', 'portfolio', 'records'] as const

export type OptionalModule = (typeof optionalModules)[number]
