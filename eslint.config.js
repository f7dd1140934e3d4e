import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import importPlugin, { createNodeResolver } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'
import { schemaLint } from './eslint.schema.js'

const root = dirname(fileURLToPath(import.meta.url))

/** Layers from the bottom up: a file may import from its own layer and from those before it. */
const LAYERS = [
  [
    './src/errors.ts',
    './src/config.ts',
    './src/config-values.ts',
    './src/package-root.ts',
    './src/version.ts',
  ],
  ['./src/database'],
  ['./src/tenancy', './src/fleet', './src/events'],
  ['./src/entity'],
  ['./src/modules'],
  ['./src/graphql', './src/platform', './src/account'],
  ['./src/http', './src/cli'],
]
const downwardOnly = LAYERS.flatMap((layer, index) =>
  LAYERS.slice(index + 1).map((above) => ({
    target: layer,
    from: above,
    message:
      'Imports go downward only: cli, http > graphql, platform, account > modules > entity > tenancy, fleet, events > database.',
  })),
)

const schemas = Object.fromEntries(
  ['tenant', 'platform', 'account'].map((name) => [name, { schema: `schema/${name}.graphql` }]),
)

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/*.generated.ts', 'bench/reference/', '.orgscope/'] },
  { files: ['**/*.{js,ts}'], extends: tseslint.configs.recommended },
  { files: ['schema/*.graphql'], ...schemaLint({ projects: schemas }) },
  // The account API has no lists to page.
  { files: ['schema/account.graphql'], rules: { '@graphql-eslint/relay-page-info': 'off' } },
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importPlugin },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: root, zones: downwardOnly }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'The environment is read in src/config.ts only.' },
      ],
    },
  },
  { files: ['src/config.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.js', 'bench/**/*.js'],
    rules: { 'no-console': 'off' },
  },
)
