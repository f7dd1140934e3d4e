import type { LintRule, Offence } from '../rule.js'
import {
  allOf,
  callsIn,
  contentsOf,
  relationsIn,
  typesIn,
  walk,
  words,
  type SyntaxNode,
} from '../syntax-tree.js'

const SHARED = new Set(['public', 'pg_catalog', 'information_schema'])
/** Settings that belong to the runner: where a file runs, and as whom. */
const SETTINGS = new Set(['search_path', 'role', 'session_authorization'])
/** Functions of the shared schema. */
const SHARED_FUNCTIONS = new Set(['uuid_v7', 'uuid_of_name'])

/** What a file may name. */
export const nameRules: readonly LintRule[] = [
  {
    name: 'no-tenant-schema-name',
    files: 'all',
    what: 'No file names a tenant’s schema.',
    why: 'The same file runs in every tenant; the runner’s search path says in which.',
    statement: ({ node }) =>
      namesIn(node)
        .filter(({ schema }) => schema !== undefined && !SHARED.has(schema))
        .map(({ schema, name, position }) => ({
          message: `${schema}.${name} names a schema`,
          instead: `${name}, or public.${name} for a shared thing`,
          position,
        })),
  },
  {
    name: 'no-session-setting',
    files: 'all',
    what: 'No file sets the search path or the role, or resets what the runner set.',
    why: 'What follows would run in another schema, or as another role, and nobody would see it.',
    statement: ({ node }) => [...settingsOf(node), ...settingCalls(node)],
  },
  {
    name: 'no-create-schema',
    files: 'all',
    what: 'No file makes, renames or drops a schema.',
    why: 'Schemas belong to the provisioner, which records them.',
    statement: ({ node }) => {
      const renamed = contentsOf(node, 'RenameStmt')?.renameType === 'OBJECT_SCHEMA'
      const dropped = contentsOf(node, 'DropStmt')?.removeType === 'OBJECT_SCHEMA'
      if (contentsOf(node, 'CreateSchemaStmt') === undefined && !renamed && !dropped) return []
      return [
        { message: 'a schema is made, renamed or dropped', instead: 'orgscope tenant create or delete' },
      ]
    },
  },
  {
    name: 'qualify-shared',
    files: 'all',
    what: 'Shared tables and functions are written with `public.`.',
    why: 'A reader sees what is shared, and a tenant’s object of the same name can never be meant by accident.',
    statement: ({ node }, { sharedTables, tenantTables, scope }) => [
      ...relationsIn(node)
        .filter(({ schemaname, relname = '' }) => {
          const isShared = sharedTables.has(`public.${relname}`) && !tenantTables.has(relname)
          return schemaname === undefined && isShared
        })
        .map((table) => unqualified(table.relname ?? '', table.location)),
      ...callsIn(node)
        .filter(
          ({ funcname }) => words(funcname).length === 1 && SHARED_FUNCTIONS.has(words(funcname)[0] ?? ''),
        )
        .map(({ funcname, location }) => unqualified(words(funcname)[0] ?? '', location)),
      ...(scope === 'public' ? madeUnqualified(node) : []),
    ],
  },
]

interface NamedThing {
  readonly schema: string | undefined
  readonly name: string
  readonly position: number | undefined
}

/** Everything a statement names that can be qualified. */
function namesIn(node: SyntaxNode): NamedThing[] {
  const qualified = (names: readonly string[], position?: number): NamedThing => {
    const [name = '', schema] = names.toReversed()
    return { schema, name, position }
  }
  const dropped = contentsOf(node, 'DropStmt')
  const isRelation = dropped?.removeType !== 'OBJECT_POLICY' && dropped?.removeType !== 'OBJECT_TRIGGER'
  return [
    ...relationsIn(node).map(({ schemaname, relname = '', location }) => ({
      schema: schemaname,
      name: relname,
      position: location,
    })),
    ...callsIn(node).map(({ funcname, location }) => qualified(words(funcname), location)),
    ...typesIn(node).map(({ names, location }) => qualified(words(names), location)),
    ...(isRelation ? allOf(dropped?.objects, 'List').map(({ items }) => qualified(words(items))) : []),
    ...functionNames(node).map((names) => qualified(names)),
    ...[contentsOf(node, 'AlterObjectSchemaStmt')?.newschema].flatMap((schema) =>
      schema === undefined ? [] : [{ schema, name: '*', position: undefined }],
    ),
  ]
}

function functionNames(node: SyntaxNode): string[][] {
  const names: string[][] = []
  walk(node, (inner, member) => {
    if (member === 'ObjectWithArgs') names.push(words(inner['objname'] as SyntaxNode[]))
    if (member === 'CreateFunctionStmt') names.push(words(inner['funcname'] as SyntaxNode[]))
  })
  return names
}

function settingsOf(node: SyntaxNode): Offence[] {
  const set = contentsOf(node, 'VariableSetStmt')
  const isAll = set?.kind === 'VAR_RESET_ALL' || contentsOf(node, 'DiscardStmt') !== undefined
  if (!isAll && !SETTINGS.has(set?.name ?? '')) return []
  return [
    {
      message: `${isAll ? 'every setting' : set?.name} is set or reset`,
      instead: 'nothing: the runner sets it',
    },
  ]
}

function settingCalls(node: SyntaxNode): Offence[] {
  return callsIn(node).flatMap(({ funcname, args, location }) => {
    const setting = contentsOf(args?.[0], 'A_Const')?.sval?.sval ?? ''
    if (words(funcname).at(-1) !== 'set_config' || !SETTINGS.has(setting)) return []
    return [{ message: `${setting} is set`, instead: 'nothing: the runner sets it', position: location }]
  })
}

function unqualified(name: string, position: number | undefined): Offence {
  return { message: `${name} is shared and not qualified`, instead: `public.${name}`, position }
}

/** In a file of the shared schema, also views and functions that it makes. */
function madeUnqualified(node: SyntaxNode): Offence[] {
  const view = contentsOf(node, 'ViewStmt')?.view
  const [name, ...rest] = words(contentsOf(node, 'CreateFunctionStmt')?.funcname)
  return [
    ...(view !== undefined && view.schemaname === undefined
      ? [unqualified(view.relname ?? '', view.location)]
      : []),
    ...(name !== undefined && rest.length === 0 ? [unqualified(name, undefined)] : []),
  ]
}
