// Generated from test/documents/*.graphql by `npm run generate`. DO NOT EDIT.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] }
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never }
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core'
/** Conditions on a yes or no; all given ones must hold. */
export type BooleanFilter = {
  /** Equal to. */
  eq?: boolean | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: boolean | null | undefined
}

/** Where a cost comes from. */
export type CostSource =
  /** A price the organization negotiated. */
  | 'OVERRIDE'
  /** The list price in force. */
  | 'PRICED'
  /** No price is known. */
  | 'UNPRICED'

/** Conditions on a value of CostSource; all given ones must hold. */
export type CostSourceFilter = {
  /** Equal to. */
  eq?: CostSource | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<CostSource> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: CostSource | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<CostSource> | null | undefined
}

/** Conditions on a moment; all given ones must hold. */
export type DateTimeFilter = {
  /** Equal to. */
  eq?: string | null | undefined
  /** Greater than (after). */
  gt?: string | null | undefined
  /** At least (not before). */
  gte?: string | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<string> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Less than (before). */
  lt?: string | null | undefined
  /** At most (not after). */
  lte?: string | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: string | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<string> | null | undefined
}

/** Conditions on an exact number; all given ones must hold. */
export type DecimalFilter = {
  /** Equal to. */
  eq?: string | null | undefined
  /** Greater than (after). */
  gt?: string | null | undefined
  /** At least (not before). */
  gte?: string | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<string> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Less than (before). */
  lt?: string | null | undefined
  /** At most (not after). */
  lte?: string | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: string | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<string> | null | undefined
}

/** Conditions on an id; all given ones must hold. */
export type IdFilter = {
  /** Equal to. */
  eq?: string | number | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<string | number> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: string | number | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<string | number> | null | undefined
}

/** Conditions on a whole number; all given ones must hold. */
export type IntFilter = {
  /** Equal to. */
  eq?: number | null | undefined
  /** Greater than (after). */
  gt?: number | null | undefined
  /** At least (not before). */
  gte?: number | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<number> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Less than (before). */
  lt?: number | null | undefined
  /** At most (not after). */
  lte?: number | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: number | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<number> | null | undefined
}

/** Conditions on a text; all given ones must hold. */
export type StringFilter = {
  /** Holds this text, letter case as given. */
  contains?: string | null | undefined
  /** Equal to. */
  eq?: string | null | undefined
  /** Greater than (after). */
  gt?: string | null | undefined
  /** At least (not before). */
  gte?: string | null | undefined
  /** Holds this text, whatever the letter case. */
  iContains?: string | null | undefined
  /** Begins with this text, whatever the letter case. */
  iStartsWith?: string | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<string> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Less than (before). */
  lt?: string | null | undefined
  /** At most (not after). */
  lte?: string | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: string | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<string> | null | undefined
  /** Begins with this text, letter case as given. */
  startsWith?: string | null | undefined
}

/** Which UsageEvent objects are meant; all given conditions must hold. An empty filter means all. */
export type UsageEventFilter = {
  /** What was done, for example `api_call` or `login`. */
  actionType?: StringFilter | null | undefined
  /** All of these hold. An empty list holds. */
  and?: Array<UsageEventFilter> | null | undefined
  /** True when everything that points at a person was removed. */
  anonymized?: BooleanFilter | null | undefined
  /** Where the cost comes from. */
  costSource?: CostSourceFilter | null | undefined
  /** The person’s department at that time. */
  department?: StringFilter | null | undefined
  /** What kind of failure it was. */
  errorType?: StringFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** Tokens sent, cached ones included. */
  inputTokens?: IntFilter | null | undefined
  /** The model, where the catalogue knows it. */
  modelId?: IdFilter | null | undefined
  /** Name of the model as reported. */
  modelName?: StringFilter | null | undefined
  /** This does not hold. */
  not?: UsageEventFilter | null | undefined
  /** When it happened. */
  occurredAt?: DateTimeFilter | null | undefined
  /** The operation, for example `summarize`. */
  operationType?: StringFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<UsageEventFilter> | null | undefined
  /** Tokens answered. */
  outputTokens?: IntFilter | null | undefined
  /** Name of the provider. */
  provider?: StringFilter | null | undefined
  /** When it was reported to us. */
  recordedAt?: DateTimeFilter | null | undefined
  /** The caller’s id of the request. */
  requestId?: StringFilter | null | undefined
  /** Time to the answer in milliseconds. */
  responseTimeMs?: IntFilter | null | undefined
  /** What kind of work it was. */
  service?: UsageServiceFilter | null | undefined
  /** Session the use belongs to. */
  sessionId?: StringFilter | null | undefined
  /** By which way the event reached us. */
  source?: UsageSourceFilter | null | undefined
  /** False when the call failed. */
  success?: BooleanFilter | null | undefined
  /** The person’s team at that time. */
  teamId?: IdFilter | null | undefined
  /** The tool, where the catalogue knows it. */
  toolId?: IdFilter | null | undefined
  /** Name of the tool as reported. */
  toolName?: StringFilter | null | undefined
  /** Exact cost at the price in force then; null when no price is known, which is not the same as free. */
  totalCost?: DecimalFilter | null | undefined
  /** Tokens sent and answered. */
  totalTokens?: IntFilter | null | undefined
  /** Who used the tool. */
  userId?: IdFilter | null | undefined
}

/** What kind of work a use was. */
export type UsageService =
  /** A step of an agent. */
  | 'AGENT'
  /** Sound. */
  | 'AUDIO'
  /** A turn of a conversation. */
  | 'CHAT'
  /** A text completed. */
  | 'COMPLETION'
  /** A document processed. */
  | 'DOCUMENT'
  /** Text turned into vectors. */
  | 'EMBEDDING'
  /** Pictures. */
  | 'IMAGE'
  /** Anything else. */
  | 'OTHER'
  /** A search. */
  | 'SEARCH'

/** Conditions on a value of UsageService; all given ones must hold. */
export type UsageServiceFilter = {
  /** Equal to. */
  eq?: UsageService | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<UsageService> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: UsageService | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<UsageService> | null | undefined
}

/** By which way an event reached us. */
export type UsageSource =
  /** A call of this API. */
  | 'API'
  /** An extension of a browser. */
  | 'BROWSER_EXTENSION'
  /** A file. */
  | 'IMPORT'
  /** A proxy between the caller and the provider. */
  | 'PROXY'
  /** A library in the caller’s program. */
  | 'SDK'
  /** The platform itself. */
  | 'SYSTEM'
  /** A web page. */
  | 'WEB_INTERFACE'

/** Conditions on a value of UsageSource; all given ones must hold. */
export type UsageSourceFilter = {
  /** Equal to. */
  eq?: UsageSource | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<UsageSource> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: UsageSource | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<UsageSource> | null | undefined
}

export type UsagePerMinuteQueryVariables = Exact<{
  filter?: UsageEventFilter | null | undefined
}>

export type UsagePerMinuteQuery = {
  usageEventsAggregate: Array<{
    count: number
    group: { occurredAt: string | null }
    sum: {
      inputTokens: number | null
      outputTokens: number | null
      totalCost: { amount: string; currency: string } | null
    }
  }> | null
}

export type LatestUsageQueryVariables = Exact<{
  first?: number | null | undefined
}>

export type LatestUsageQuery = {
  usageEvents: {
    totalCount: number
    nodes: Array<{
      id: string
      occurredAt: string
      totalCost: { amount: string; currency: string } | null
      tool: { name: string } | null
      user: { displayName: string | null } | null
    }>
  } | null
}

export const UsagePerMinuteDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'UsagePerMinute' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'UsageEventFilter' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'usageEventsAggregate' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'filter' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'groupBy' },
                value: {
                  kind: 'ListValue',
                  values: [
                    {
                      kind: 'ObjectValue',
                      fields: [
                        {
                          kind: 'ObjectField',
                          name: { kind: 'Name', value: 'field' },
                          value: { kind: 'EnumValue', value: 'OCCURRED_AT' },
                        },
                        {
                          kind: 'ObjectField',
                          name: { kind: 'Name', value: 'bucket' },
                          value: { kind: 'EnumValue', value: 'MINUTE' },
                        },
                      ],
                    },
                  ],
                },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'group' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [{ kind: 'Field', name: { kind: 'Name', value: 'occurredAt' } }],
                  },
                },
                { kind: 'Field', name: { kind: 'Name', value: 'count' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'sum' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'inputTokens' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'outputTokens' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'totalCost' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                          ],
                        },
                      },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<UsagePerMinuteQuery, UsagePerMinuteQueryVariables>
export const LatestUsageDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'LatestUsage' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'Int' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'usageEvents' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'first' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'totalCount' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'nodes' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'occurredAt' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'totalCost' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'tool' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'name' } }],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'user' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'displayName' } }],
                        },
                      },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<LatestUsageQuery, LatestUsageQueryVariables>
