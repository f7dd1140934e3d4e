import { fileURLToPath } from 'node:url'

/** Absolute path of the installed package: the folder that holds migrations/, schema/ and tenants/. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url))
