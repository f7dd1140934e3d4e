import { assetsPath, pageScripts, pageStyles } from './assets.js'

export interface PageSettings {
  readonly title: string
  /** Path the queries are sent to. */
  readonly endpoint: string
  /** What the headers editor starts with. */
  readonly headers: Readonly<Record<string, string>>
  /** True when the headers hold working credentials rather than a form to fill in. */
  readonly prefilled: boolean
  readonly queries: readonly string[]
  /** Whether the endpoint keeps queries of its users, to be listed and loaded. */
  readonly savedQueries: boolean
  /** Of the Content-Security-Policy; another one for each page sent. */
  readonly nonce: string
}

/**
 * Everything comes from this origin and nothing is inline, but for the style elements that the editor's dialogs make:
 * they carry the page's nonce. Fonts are inside the style sheet.
 */
export function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The HTML page that starts GraphiQL for one endpoint. */
export function graphiqlPage(settings: PageSettings): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escapeHtml(settings.title)}</title>
    <link rel="icon" href="data:," />
${pageStyles.map((style) => `    <link rel="stylesheet" href="${assetsPath}/${style}" />`).join('\n')}
    <script type="application/json" id="settings">${jsonForHtml(settings)}</script>
${pageScripts.map((script) => `    <script src="${assetsPath}/${script}" defer></script>`).join('\n')}
  </head>
  <body>
    <main id="graphiql"><p>Loading the query editor… It needs JavaScript.</p></main>
  </body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** JSON that cannot end its script element or open a comment in it. */
function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
