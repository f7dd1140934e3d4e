import graphql from '@graphql-eslint/eslint-plugin'

const { 'flat/schema-recommended': recommended, 'flat/schema-relay': relay } = graphql.configs

/** `@deprecated(reason: "Use x instead. Removed after 2027-01-31.")`: clients can plan with it. */
const REMOVAL = 'Removed after \\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])\\.'

const naming = [
  'error',
  {
    types: 'PascalCase',
    FieldDefinition: 'camelCase',
    InputValueDefinition: 'camelCase',
    DirectiveDefinition: 'camelCase',
    EnumValueDefinition: 'UPPER_CASE',
    // `savedQuery` is one of the `savedQueries`: the suffix that schema-recommended forbids is the thing itself.
    'FieldDefinition[parent.name.value=Query]': { forbiddenPrefixes: ['query', 'get'] },
    'FieldDefinition[parent.name.value=Mutation]': {
      forbiddenPrefixes: ['mutation'],
      forbiddenSuffixes: ['Mutation'],
    },
    'FieldDefinition[parent.name.value=Subscription]': {
      forbiddenPrefixes: ['subscription'],
      forbiddenSuffixes: ['Subscription'],
    },
    EnumTypeDefinition: { forbiddenPrefixes: ['Enum'], forbiddenSuffixes: ['Enum'] },
    InterfaceTypeDefinition: { forbiddenPrefixes: ['Interface'], forbiddenSuffixes: ['Interface'] },
    UnionTypeDefinition: { forbiddenPrefixes: ['Union'], forbiddenSuffixes: ['Union'] },
    ObjectTypeDefinition: { forbiddenPrefixes: ['Type'], forbiddenSuffixes: ['Type'] },
  },
]

/**
 * Lints emitted SDL. `schemas` says which schema a file belongs to, as a configuration of graphql-config; its paths
 * are relative to the working directory. Rules of schema-recommended and schema-all that are missing are so on purpose:
 *
 * - alphabetize: files are written sorted already, in another order than the rule's.
 * - input-name: ids, `expectedUpdatedAt` and `idempotencyKey` stand beside the input, not in it.
 * - no-root-type: every root type is wanted where it is.
 * - require-field-of-type-query-in-mutation-result: a root field's transaction is over when the field is answered; what
 *   else a client wants to know is a query.
 * - strict-id-in-types: payloads, pages, sums and amounts are values. What has an id implements `Node`.
 */
export function schemaLint(schemas) {
  return {
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: schemas } },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      '@graphql-eslint/naming-convention': naming,
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
        },
      ],
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
      '@graphql-eslint/require-type-pattern-with-oneof': 'error',
      // Connections offer `nodes` beside `edges`; small closed lists, such as modules, are plain.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, listTypeCanWrapOnlyEdgeType: false },
      ],
      // See above.
      '@graphql-eslint/strict-id-in-types': 'off',
      // `username` is a word; `modelName` is the same key on models, prices and usage, `providerType` a column's name.
      '@graphql-eslint/no-typename-prefix': 'off',
      'no-restricted-syntax': [
        'error',
        {
          // Instead of require-nullable-result-in-root, which knows neither lists nor exceptions: who asks is known
          // before anything runs, so these cannot fail by themselves.
          selector:
            'ObjectTypeDefinition[name.value=/^(Query|Mutation|Subscription)$/] > FieldDefinition:not([name.value=/^(viewer|me|myOrganizations)$/]) > NonNullType.gqlType',
          message:
            'A root field may be null: one that fails must not take the answers of its siblings along.',
        },
        {
          selector:
            'ObjectTypeDefinition[name.value=Mutation] > FieldDefinition > NamedType.gqlType:not([name.value=/Payload$/])',
          message: 'A mutation answers with a payload of its own: a type whose name ends with Payload.',
        },
        {
          selector:
            'ObjectTypeDefinition[name.value=Mutation] InputValueDefinition[name.value=/^inputs?$/] NamedType:not([name.value=/Input$/])',
          message: 'What a mutation takes is an input of its own: a type whose name ends with Input.',
        },
        {
          selector: `Directive[name.value=deprecated]:not(:has(Argument[name.value=reason] > StringValue[value=/${REMOVAL}/]))`,
          message: 'Say what to use instead and until when: `… Removed after YYYY-MM-DD.`',
        },
      ],
    },
  }
}
