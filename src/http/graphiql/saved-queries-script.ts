/**
 * Lists saved queries in GraphiQL, loads them into its editors and saves what is there. Text like the boot script, for
 * the same reasons; the editors are found in the page, because GraphiQL's own ways to them are not in its browser build.
 */
export const savedQueriesScript = `'use strict'
;(function () {
  const LIST = \`query {
    viewer { userId }
    savedQueries(first: 500) {
      totalCount
      nodes { id name description visibility document variables ownerId owner { displayName } }
    }
  }\`
  const CREATE = \`mutation ($input: CreateSavedQueryInput!) { createSavedQuery(input: $input) { savedQuery { id } } }\`
  const UPDATE = \`mutation ($input: UpdateSavedQueryInput!) { updateSavedQuery(input: $input) { savedQuery { id } } }\`
  const h = React.createElement

  function editors() {
    const [variables, headers] = document.querySelectorAll('.graphiql-editor-tool .CodeMirror')
    const query = document.querySelector('.graphiql-query-editor .CodeMirror')
    return { query: query.CodeMirror, variables: variables.CodeMirror, headers: headers.CodeMirror }
  }

  /** Empty text stands for nothing. */
  function parsed(editor, name) {
    const text = editor.getValue().trim()
    if (text === '') return {}
    try {
      return JSON.parse(text)
    } catch {
      throw new Error('The ' + name + ' are not JSON.')
    }
  }

  async function ask(endpoint, query, variables) {
    const headers = { 'content-type': 'application/json', ...parsed(editors().headers, 'headers') }
    const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    const { data, errors } = await response.json()
    if (errors !== undefined) throw new Error(errors[0].message)
    return data
  }

  function load({ document: text, variables }) {
    const { query, variables: below } = editors()
    query.setValue(text)
    below.setValue(Object.keys(variables).length === 0 ? '' : JSON.stringify(variables, null, 2))
    query.focus()
  }

  function Icon() {
    const path = h('path', { d: 'M6 3h12v18l-6-4.5L6 21z' })
    return h('svg', { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5 }, path)
  }

  function Panel({ endpoint }) {
    const [found, setFound] = React.useState({ own: null, nodes: [], totalCount: 0 })
    const [name, setName] = React.useState('')
    const [shared, setShared] = React.useState(false)
    const [said, setSaid] = React.useState('')
    const attempt = (work) => work().catch((error) => setSaid(error.message))

    async function refresh() {
      const { viewer, savedQueries } = await ask(endpoint, LIST)
      setFound({ own: viewer.userId, ...savedQueries })
    }
    async function save() {
      const { query, variables } = editors()
      const kept = { name: name.trim(), document: query.getValue(), variables: parsed(variables, 'variables') }
      const input = { ...kept, visibility: shared ? 'SHARED' : 'PRIVATE' }
      const mine = found.nodes.find((node) => node.ownerId === found.own && node.name === kept.name)
      if (mine === undefined) await ask(endpoint, CREATE, { input })
      else await ask(endpoint, UPDATE, { input: { id: mine.id, ...input } })
      await refresh()
      setSaid('Saved ' + kept.name + '.')
    }
    React.useEffect(() => void attempt(refresh), [])

    const entry = (node) =>
      h('li', { key: node.id },
        h('button', { type: 'button', onClick: () => load(node), title: node.description || node.document },
          node.name),
        h('span', null, node.ownerId === found.own
          ? node.visibility === 'PRIVATE' ? 'yours' : 'yours, shared'
          : (node.owner && node.owner.displayName) || 'shared'))
    const submit = (event) => {
      event.preventDefault()
      setSaid('')
      void attempt(save)
    }
    return h('section', { className: 'saved-queries', 'aria-label': 'Saved queries' },
      h('h2', null, 'Saved queries'),
      h('form', { onSubmit: submit },
        h('input', { 'aria-label': 'Name', placeholder: 'Name', value: name, required: true, maxLength: 200,
          onChange: (event) => setName(event.target.value) }),
        h('label', null,
          h('input', { type: 'checkbox', checked: shared, onChange: (event) => setShared(event.target.checked) }),
          ' for everybody in the organization'),
        h('button', { type: 'submit', className: 'graphiql-button' }, 'Save what is in the editor')),
      h('p', { role: 'status' }, said),
      h('ul', null, found.nodes.map(entry)),
      found.own !== null && found.totalCount === 0 ? h('p', null, 'There are none yet: save what is in the editor.') : null,
      found.totalCount > found.nodes.length
        ? h('p', null, 'The first ' + found.nodes.length + ' of ' + found.totalCount + '.')
        : null,
      h('button', { type: 'button', className: 'graphiql-button', onClick: () => void attempt(refresh) }, 'Refresh'))
  }

  globalThis.savedQueriesPlugin = (endpoint) => ({
    title: 'Saved Queries',
    icon: Icon,
    content: () => h(Panel, { endpoint }),
  })
})()
`
