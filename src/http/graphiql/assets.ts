import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bootScript } from './boot-script.js'
import { savedQueriesScript } from './saved-queries-script.js'

const require = createRequire(import.meta.url)

interface PackagedAsset {
  readonly package: string
  readonly file: string
  readonly type: string
}

const JAVASCRIPT = 'text/javascript; charset=utf-8'
const STYLE_SHEET = 'text/css; charset=utf-8'

/** Files of installed packages that the page loads: nothing comes from another host, so it works offline. */
const packaged = {
  'react.js': { package: 'react', file: 'umd/react.production.min.js', type: JAVASCRIPT },
  'react-dom.js': { package: 'react-dom', file: 'umd/react-dom.production.min.js', type: JAVASCRIPT },
  'graphiql.js': { package: 'graphiql', file: 'graphiql.min.js', type: JAVASCRIPT },
  'graphiql.css': { package: 'graphiql', file: 'graphiql.min.css', type: STYLE_SHEET },
} as const satisfies Record<string, PackagedAsset>

/** Scripts in the order in which they need each other, and the style sheets. */
export const pageScripts = ['react.js', 'react-dom.js', 'graphiql.js', 'saved-queries.js', 'boot.js'] as const
export const pageStyles = ['graphiql.css', 'page.css'] as const

export const assetsPath = '/graphiql/assets'

export interface Asset {
  readonly type: string
  readonly content: Buffer | string
  /** Changes with the content: browsers ask with it whether theirs is still good. */
  readonly tag: string
}

/** The page's own files; like the script, the style sheet may not be inline. */
const own = {
  'saved-queries.js': { content: savedQueriesScript, type: JAVASCRIPT },
  'boot.js': { content: bootScript, type: JAVASCRIPT },
  'page.css': {
    content: `body { margin: 0 }
#graphiql { height: 100vh }
#graphiql > p { font-family: sans-serif; padding: 2rem }
.saved-queries h2 { font-size: 1.3rem; margin: 0 0 1rem }
.saved-queries form { display: grid; gap: 0.5rem }
.saved-queries input:not([type]) { padding: 0.4rem }
.saved-queries ul { list-style: none; padding: 0 }
.saved-queries li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.3rem 0 }
.saved-queries li > button { background: none; border: 0; cursor: pointer; padding: 0; text-align: left;
  color: hsl(var(--color-primary)); font: inherit }
.saved-queries li > span { opacity: 0.6 }
`,
    type: STYLE_SHEET,
  },
} as const

/** One of the page's files, or undefined when there is none of that name. */
export async function readAsset(name: string): Promise<Asset | undefined> {
  if (Object.hasOwn(own, name)) {
    const asset = own[name as keyof typeof own]
    const hash = createHash('sha256').update(asset.content).digest('base64url')
    return { ...asset, tag: `"${hash}"` }
  }
  if (!Object.hasOwn(packaged, name)) return undefined
  const asset = packaged[name as keyof typeof packaged]
  const manifest = require.resolve(`${asset.package}/package.json`)
  const { version } = require(manifest) as { version: string }
  return {
    type: asset.type,
    content: await readFile(join(dirname(manifest), asset.file)),
    tag: `"${asset.package}-${version}"`,
  }
}
