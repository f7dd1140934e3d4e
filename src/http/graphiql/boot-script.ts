/**
 * Starts GraphiQL in the page. Text, because it runs in the browser and the build compiles for Node only; a file
 * of its own, because the page's Content-Security-Policy allows no inline script.
 */
export const bootScript = `'use strict'
;(function () {
  const settings = JSON.parse(document.getElementById('settings').textContent)

  // Read by the dialogs' library for the style elements that it makes.
  window.__webpack_nonce__ = settings.nonce

  // Each endpoint keeps its own tabs, and forgets them with the browser tab: headers hold credentials.
  const prefix = settings.endpoint + ' '
  const storage = {
    getItem: (key) => sessionStorage.getItem(prefix + key),
    setItem: (key, value) => sessionStorage.setItem(prefix + key, value),
    removeItem: (key) => sessionStorage.removeItem(prefix + key),
    clear() {
      for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key)
    },
    get length() {
      return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix)).length
    },
  }

  function storedHeaders() {
    try {
      return JSON.parse(storage.getItem('graphiql:headers') || '{}')
    } catch {
      return {}
    }
  }

  // The schema is asked for before the headers editor is there to be read.
  const send = GraphiQL.createFetcher({ url: settings.endpoint })
  function fetcher(request, options) {
    const given = options && options.headers
    if (given !== undefined || request.operationName !== 'IntrospectionQuery') return send(request, options)
    return send(request, { headers: settings.prefilled ? settings.headers : storedHeaders() })
  }

  const headers = JSON.stringify(settings.headers, null, 2)
  const element = React.createElement(GraphiQL, {
    fetcher,
    storage,
    plugins: settings.savedQueries ? [savedQueriesPlugin(settings.endpoint)] : [],
    defaultTabs: settings.queries.map((query) => ({ query, headers })),
    defaultHeaders: headers,
    // Given credentials are renewed with every load; typed ones survive a reload.
    headers: settings.prefilled ? headers : undefined,
    shouldPersistHeaders: !settings.prefilled,
    isHeadersEditorEnabled: true,
    defaultEditorToolsVisibility: 'headers',
  })
  const root = document.getElementById('graphiql')
  root.textContent = ''
  ReactDOM.createRoot(root).render(element)
})()
`
