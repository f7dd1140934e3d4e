// Generated from test/documents/*.graphql by `npm run generate`. DO NOT EDIT.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] }
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never }
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core'
export type Maybe<T> = T | null
export type InputMaybe<T> = Maybe<T>
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string }
  String: { input: string; output: string }
  Boolean: { input: boolean; output: boolean }
  Int: { input: number; output: number }
  Float: { input: number; output: number }
  /** A moment in UTC by RFC 3339, to the microsecond: `2026-01-31T08:15:00.123456Z`. */
  DateTime: { input: string; output: string }
  /** An exact decimal number, written as a string of digits: `"0.0000015"`. It is never rounded. */
  Decimal: { input: string; output: string }
  /** The `JSONObject` scalar type represents JSON objects as specified by [ECMA-404](http://www.ecma-international.org/publications/files/ECMA-ST/ECMA-404.pdf). */
  JSONObject: { input: Record<string, unknown>; output: Record<string, unknown> }
  /** The `SafeInt` scalar type represents non-fractional signed whole numeric values that are considered safe as defined by the ECMAScript specification. */
  SafeInt: { input: number; output: number }
}

/** What a credential may do in the organization. */
export type AccessRole =
  /** Everything but what only an owner may. */
  | 'ADMIN'
  /** A key that reports usage. */
  | 'API_USER'
  /** Works, and sees own usage. */
  | 'MEMBER'
  /** Everything, including deleting the organization. */
  | 'OWNER'
  /** Reads. */
  | 'VIEWER'

/** Who joins which team, as what. */
export type AddTeamMemberInput = {
  /** What the person is in the team. */
  role?: TeamRole
  /** The team. */
  teamId: Scalars['ID']['input']
  /** The person. */
  userId: Scalars['ID']['input']
}

/** Which ApiKey objects are meant; all given conditions must hold. An empty filter means all. */
export type ApiKeyFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<ApiKeyFilter>>
  /** When it was made. */
  createdAt?: InputMaybe<DateTimeFilter>
  /** When it stops working by itself. */
  expiresAt?: InputMaybe<DateTimeFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** First characters of the key, to tell keys apart. */
  keyPrefix?: InputMaybe<StringFilter>
  /** When it was last used. */
  lastUsedAt?: InputMaybe<DateTimeFilter>
  /** What the key is for. */
  name?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<ApiKeyFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<ApiKeyFilter>>
  /** Whether the key works. */
  status?: InputMaybe<ApiKeyStatusFilter>
}

/** One sort criterion of a list of ApiKey objects. Ties are broken by the next one, at last by the id. */
export type ApiKeyOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: ApiKeyOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of ApiKey objects can be sorted by. */
export type ApiKeyOrderField =
  /** When it was made. */
  | 'CREATED_AT'
  /** When it stops working by itself. */
  | 'EXPIRES_AT'
  /** When it was last used. */
  | 'LAST_USED_AT'
  /** What the key is for. */
  | 'NAME'

/** Whether a key works. */
export type ApiKeyStatus =
  /** It works. */
  | 'ACTIVE'
  /** Its time is over. */
  | 'EXPIRED'
  /** It was revoked for good. */
  | 'REVOKED'
  /** It does not work for now. */
  | 'SUSPENDED'

/** Conditions on a value of ApiKeyStatus; all given ones must hold. */
export type ApiKeyStatusFilter = {
  /** Equal to. */
  eq?: InputMaybe<ApiKeyStatus>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<ApiKeyStatus>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<ApiKeyStatus>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<ApiKeyStatus>>
}

/** Which AuditEntry objects are meant; all given conditions must hold. An empty filter means all. */
export type AuditEntryFilter = {
  /** Kind of actor: `user`, `api_key`, `service`, `platform_admin` or `system`. */
  actorKind?: InputMaybe<StringFilter>
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<AuditEntryFilter>>
  /** Kind of event, for example `data_change`. */
  eventCategory?: InputMaybe<StringFilter>
  /** What was done: `create`, `update`, `delete`… */
  eventType?: InputMaybe<StringFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** This does not hold. */
  not?: InputMaybe<AuditEntryFilter>
  /** When it happened. */
  occurredAt?: InputMaybe<DateTimeFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<AuditEntryFilter>>
  /** Id of the request, as in the header `x-request-id`. */
  requestId?: InputMaybe<StringFilter>
  /** Key of the thing it was done to. */
  resourceId?: InputMaybe<StringFilter>
  /** Kind of thing it was done to. */
  resourceType?: InputMaybe<StringFilter>
  /** `success`, `denied` or `failure`. */
  result?: InputMaybe<StringFilter>
  /** The person who did it; null for a machine. */
  userId?: InputMaybe<IdFilter>
}

/** One sort criterion of a list of AuditEntry objects. Ties are broken by the next one, at last by the id. */
export type AuditEntryOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: AuditEntryOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of AuditEntry objects can be sorted by. */
export type AuditEntryOrderField =
  /** When it happened. */
  'OCCURRED_AT'

/** Conditions on a yes or no; all given ones must hold. */
export type BooleanFilter = {
  /** Equal to. */
  eq?: InputMaybe<Scalars['Boolean']['input']>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['Boolean']['input']>
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
  eq?: InputMaybe<CostSource>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<CostSource>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<CostSource>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<CostSource>>
}

/** What a new key is for and what it may do. */
export type CreateApiKeyInput = {
  /** When it stops working by itself; never when left out. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>
  /** What the key is for, 1 to 200 characters. */
  name: Scalars['String']['input']
  /** Role the key acts with: `owner`, `admin`, `member`, `viewer` or `api_user`; the last when left out. */
  role?: InputMaybe<Scalars['String']['input']>
}

/** What a new Team consists of. */
export type CreateTeamInput = {
  /** What the team is for. */
  description?: InputMaybe<Scalars['String']['input']>
  /** Who leads the team. */
  leadId?: InputMaybe<Scalars['ID']['input']>
  /** Name, unique among its siblings, 1 to 200 characters. */
  name: Scalars['String']['input']
  /** The team above; null at the top. */
  parentTeamId?: InputMaybe<Scalars['ID']['input']>
  /** Settings of the front end, kept as they are. */
  settings?: InputMaybe<Scalars['JSONObject']['input']>
}

/** Conditions on a moment; all given ones must hold. */
export type DateTimeFilter = {
  /** Equal to. */
  eq?: InputMaybe<Scalars['DateTime']['input']>
  /** Greater than (after). */
  gt?: InputMaybe<Scalars['DateTime']['input']>
  /** At least (not before). */
  gte?: InputMaybe<Scalars['DateTime']['input']>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<Scalars['DateTime']['input']>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Less than (before). */
  lt?: InputMaybe<Scalars['DateTime']['input']>
  /** At most (not after). */
  lte?: InputMaybe<Scalars['DateTime']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['DateTime']['input']>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<Scalars['DateTime']['input']>>
}

/** Conditions on an exact number; all given ones must hold. */
export type DecimalFilter = {
  /** Equal to. */
  eq?: InputMaybe<Scalars['Decimal']['input']>
  /** Greater than (after). */
  gt?: InputMaybe<Scalars['Decimal']['input']>
  /** At least (not before). */
  gte?: InputMaybe<Scalars['Decimal']['input']>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<Scalars['Decimal']['input']>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Less than (before). */
  lt?: InputMaybe<Scalars['Decimal']['input']>
  /** At most (not after). */
  lte?: InputMaybe<Scalars['Decimal']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['Decimal']['input']>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<Scalars['Decimal']['input']>>
}

/** How well something works. */
export type HealthStatus =
  /** With difficulties. */
  | 'DEGRADED'
  /** Not at all. */
  | 'DOWN'
  /** As it should. */
  | 'HEALTHY'
  /** Not looked at yet. */
  | 'UNKNOWN'

/** Conditions on a value of HealthStatus; all given ones must hold. */
export type HealthStatusFilter = {
  /** Equal to. */
  eq?: InputMaybe<HealthStatus>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<HealthStatus>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<HealthStatus>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<HealthStatus>>
}

/** Conditions on an id; all given ones must hold. */
export type IdFilter = {
  /** Equal to. */
  eq?: InputMaybe<Scalars['ID']['input']>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<Scalars['ID']['input']>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['ID']['input']>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<Scalars['ID']['input']>>
}

/** Conditions on a whole number; all given ones must hold. */
export type IntFilter = {
  /** Equal to. */
  eq?: InputMaybe<Scalars['SafeInt']['input']>
  /** Greater than (after). */
  gt?: InputMaybe<Scalars['SafeInt']['input']>
  /** At least (not before). */
  gte?: InputMaybe<Scalars['SafeInt']['input']>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<Scalars['SafeInt']['input']>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Less than (before). */
  lt?: InputMaybe<Scalars['SafeInt']['input']>
  /** At most (not after). */
  lte?: InputMaybe<Scalars['SafeInt']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['SafeInt']['input']>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<Scalars['SafeInt']['input']>>
}

/** Which Membership objects are meant; all given conditions must hold. An empty filter means all. */
export type MembershipFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<MembershipFilter>>
  /** When access ends by itself; null when it does not. */
  expiresAt?: InputMaybe<DateTimeFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** The person. */
  identityId?: InputMaybe<IdFilter>
  /** When the person joined. */
  joinedAt?: InputMaybe<DateTimeFilter>
  /** This does not hold. */
  not?: InputMaybe<MembershipFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<MembershipFilter>>
  /** What the person may do. */
  role?: InputMaybe<OrganizationRoleFilter>
  /** Whether it gives access. */
  status?: InputMaybe<MembershipStatusFilter>
}

/** One sort criterion of a list of Membership objects. Ties are broken by the next one, at last by the id. */
export type MembershipOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: MembershipOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of Membership objects can be sorted by. */
export type MembershipOrderField =
  /** When the person joined. */
  | 'JOINED_AT'
  /** What the person may do. */
  | 'ROLE'
  /** Whether it gives access. */
  | 'STATUS'

/** Whether a membership gives access. */
export type MembershipStatus =
  /** Gives access. */
  | 'ACTIVE'
  /** Waits for the person to accept. */
  | 'INVITED'
  /** Has ended. */
  | 'LEFT'
  /** Gives no access for now. */
  | 'SUSPENDED'

/** Conditions on a value of MembershipStatus; all given ones must hold. */
export type MembershipStatusFilter = {
  /** Equal to. */
  eq?: InputMaybe<MembershipStatus>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<MembershipStatus>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<MembershipStatus>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<MembershipStatus>>
}

/** Which Model objects are meant; all given conditions must hold. An empty filter means all. */
export type ModelFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<ModelFilter>>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** False for models that are no longer used. */
  isActive?: InputMaybe<BooleanFilter>
  /** Length of its context in tokens. */
  maxTokens?: InputMaybe<IntFilter>
  /** Name by which it is called, unique for its provider. */
  modelName?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<ModelFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<ModelFilter>>
  /** Who serves it. */
  providerId?: InputMaybe<IdFilter>
  /** True when it can call functions. */
  supportsFunctions?: InputMaybe<BooleanFilter>
  /** True when it reads pictures. */
  supportsVision?: InputMaybe<BooleanFilter>
}

/** One sort criterion of a list of Model objects. Ties are broken by the next one, at last by the id. */
export type ModelOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: ModelOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of Model objects can be sorted by. */
export type ModelOrderField =
  /** When the entry was made. */
  | 'CREATED_AT'
  /** Name to show. */
  | 'DISPLAY_NAME'
  /** Length of its context in tokens. */
  | 'MAX_TOKENS'
  /** Name by which it is called, unique for its provider. */
  | 'MODEL_NAME'

/** Which ModelPrice objects are meant; all given conditions must hold. An empty filter means all. */
export type ModelPriceFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<ModelPriceFilter>>
  /** Currency of the rates by ISO 4217. */
  currency?: InputMaybe<StringFilter>
  /** First moment of the price; null when it has no lower bound, as the first known one. */
  effectiveFrom?: InputMaybe<DateTimeFilter>
  /** First moment after the price; null while it holds. */
  effectiveTo?: InputMaybe<DateTimeFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** The model. */
  modelId?: InputMaybe<IdFilter>
  /** Name of the model. */
  modelName?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<ModelPriceFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<ModelPriceFilter>>
  /** Name of the provider. */
  provider?: InputMaybe<StringFilter>
}

/** One sort criterion of a list of ModelPrice objects. Ties are broken by the next one, at last by the id. */
export type ModelPriceOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: ModelPriceOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of ModelPrice objects can be sorted by. */
export type ModelPriceOrderField =
  /** First moment of the price; null when it has no lower bound, as the first known one. */
  | 'EFFECTIVE_FROM'
  /** Name of the model. */
  | 'MODEL_NAME'

/** Where a team is to stand in the tree. */
export type MoveTeamInput = {
  /** The team to move, with everything below it. */
  id: Scalars['ID']['input']
  /** The team that is to be above; the top when left out. */
  under?: InputMaybe<Scalars['ID']['input']>
}

/** Where objects without a value stand in a sorted list. */
export type NullsOrder =
  /** On top. */
  | 'FIRST'
  /** At the bottom. */
  | 'LAST'

/** What a person may do in the organization as a whole. */
export type OrganizationRole =
  /** Everything but what only an owner may. */
  | 'ADMIN'
  /** Works, and sees own usage. */
  | 'MEMBER'
  /** Everything, including deleting the organization. */
  | 'OWNER'
  /** Reads. */
  | 'VIEWER'

/** Conditions on a value of OrganizationRole; all given ones must hold. */
export type OrganizationRoleFilter = {
  /** Equal to. */
  eq?: InputMaybe<OrganizationRole>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<OrganizationRole>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<OrganizationRole>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<OrganizationRole>>
}

/** What the organization has subscribed to. */
export type Plan =
  /** For companies. */
  | 'ENTERPRISE'
  /** Free of charge. */
  | 'FREE'
  /** For teams. */
  | 'PRO'

/** What a rate is charged for. */
export type PriceComponent =
  /** Tokens of sound sent. */
  | 'AUDIO_INPUT'
  /** Tokens of sound answered. */
  | 'AUDIO_OUTPUT'
  /** Tokens sent that the provider had in its cache. */
  | 'CACHED_INPUT'
  /** Tokens the provider put into its cache. */
  | 'CACHE_WRITE'
  /** Pictures. */
  | 'IMAGE'
  /** Tokens sent. */
  | 'INPUT'
  /** Tokens answered. */
  | 'OUTPUT'
  /** Tokens of hidden reasoning. */
  | 'REASONING'
  /** Each request. */
  | 'REQUEST'

/** What a rate’s amount is for. */
export type PriceUnit =
  /** For 1,000,000 tokens. */
  | 'PER_1M_TOKENS'
  /** For one picture. */
  | 'PER_IMAGE'
  /** For one request. */
  | 'PER_REQUEST'

/** Which Provider objects are meant; all given conditions must hold. An empty filter means all. */
export type ProviderFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<ProviderFilter>>
  /** How well it works. */
  healthStatus?: InputMaybe<HealthStatusFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** False for providers that are no longer used. */
  isActive?: InputMaybe<BooleanFilter>
  /** Name, unique in the catalogue. */
  name?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<ProviderFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<ProviderFilter>>
  /** By which API its models are called. */
  providerType?: InputMaybe<ProviderTypeFilter>
}

/** One sort criterion of a list of Provider objects. Ties are broken by the next one, at last by the id. */
export type ProviderOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: ProviderOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of Provider objects can be sorted by. */
export type ProviderOrderField =
  /** When the entry was made. */
  | 'CREATED_AT'
  /** Name, unique in the catalogue. */
  | 'NAME'

/** By which API a provider’s models are called. */
export type ProviderType =
  /** Anthropic’s. */
  | 'ANTHROPIC'
  /** Microsoft Azure’s. */
  | 'AZURE'
  /** Amazon Bedrock’s. */
  | 'BEDROCK'
  /** Google’s. */
  | 'GOOGLE'
  /** One of the organization’s own. */
  | 'LOCAL'
  /** Mistral’s. */
  | 'MISTRAL'
  /** OpenAI’s. */
  | 'OPENAI'
  /** Another one. */
  | 'OTHER'

/** Conditions on a value of ProviderType; all given ones must hold. */
export type ProviderTypeFilter = {
  /** Equal to. */
  eq?: InputMaybe<ProviderType>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<ProviderType>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<ProviderType>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<ProviderType>>
}

/** What became of a reported event. */
export type RecordStatus =
  /** Recorded. */
  | 'ACCEPTED'
  /** Recorded before; nothing was added. */
  | 'DUPLICATE'
  /** Not recorded; `field` and `reason` say why. */
  | 'REJECTED'

/** One use of an AI tool or model, as its sender reports it. */
export type RecordUsageInput = {
  /** What was done; `api_call` when left out. */
  actionType?: InputMaybe<Scalars['String']['input']>
  /** Of the tokens sent, those the provider had in its cache. */
  cachedInputTokens?: InputMaybe<Scalars['SafeInt']['input']>
  /** What kind of failure it was. */
  errorType?: InputMaybe<Scalars['String']['input']>
  /** The sender’s own id of the event. Sent again, it changes nothing. */
  eventId?: InputMaybe<Scalars['String']['input']>
  /** Tokens sent, cached ones included. Required with a model. */
  inputTokens?: InputMaybe<Scalars['SafeInt']['input']>
  /** Further facts. */
  metadata?: InputMaybe<Scalars['JSONObject']['input']>
  /** The model of the catalogue. */
  modelId?: InputMaybe<Scalars['ID']['input']>
  /** Name of the model, when its id is not known. */
  modelName?: InputMaybe<Scalars['String']['input']>
  /** When it happened; at most one hour ahead of now. */
  occurredAt: Scalars['DateTime']['input']
  /** The operation, for example `summarize`. */
  operationType?: InputMaybe<Scalars['String']['input']>
  /** Tokens answered. Required with a model. */
  outputTokens?: InputMaybe<Scalars['SafeInt']['input']>
  /** Name of the provider. */
  provider?: InputMaybe<Scalars['String']['input']>
  /** What the sender says it cost. */
  reportedCost?: InputMaybe<ReportedCostInput>
  /** The caller’s id of the request. */
  requestId?: InputMaybe<Scalars['String']['input']>
  /** Time to the answer in milliseconds. */
  responseTimeMs?: InputMaybe<Scalars['Int']['input']>
  /** What kind of work it was. */
  service?: InputMaybe<UsageService>
  /** Session the use belongs to. */
  sessionId?: InputMaybe<Scalars['String']['input']>
  /** By which way it was seen; `API` when left out. */
  source?: InputMaybe<UsageSource>
  /** False when the call failed; true when left out. */
  success?: InputMaybe<Scalars['Boolean']['input']>
  /** The tool of the catalogue. */
  toolId?: InputMaybe<Scalars['ID']['input']>
  /** Name of the tool, when its id is not known. */
  toolName?: InputMaybe<Scalars['String']['input']>
  /** Who used the tool. */
  userId?: InputMaybe<Scalars['ID']['input']>
}

/** Who leaves which team. */
export type RemoveTeamMemberInput = {
  /** The team. */
  teamId: Scalars['ID']['input']
  /** The person. */
  userId: Scalars['ID']['input']
}

/** What the sender says a use cost. It is kept beside our own figure and never replaces it. */
export type ReportedCostInput = {
  /** The amount. */
  amount: Scalars['Decimal']['input']
  /** Currency by ISO 4217. */
  currency: Scalars['String']['input']
}

/** Which way a list is sorted. */
export type SortDirection =
  /** Smallest, earliest or alphabetically first on top. */
  | 'ASC'
  /** Largest, latest or alphabetically last on top. */
  | 'DESC'

/** Conditions on a text; all given ones must hold. */
export type StringFilter = {
  /** Holds this text, letter case as given. */
  contains?: InputMaybe<Scalars['String']['input']>
  /** Equal to. */
  eq?: InputMaybe<Scalars['String']['input']>
  /** Greater than (after). */
  gt?: InputMaybe<Scalars['String']['input']>
  /** At least (not before). */
  gte?: InputMaybe<Scalars['String']['input']>
  /** Holds this text, whatever the letter case. */
  iContains?: InputMaybe<Scalars['String']['input']>
  /** Begins with this text, whatever the letter case. */
  iStartsWith?: InputMaybe<Scalars['String']['input']>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<Scalars['String']['input']>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Less than (before). */
  lt?: InputMaybe<Scalars['String']['input']>
  /** At most (not after). */
  lte?: InputMaybe<Scalars['String']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<Scalars['String']['input']>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<Scalars['String']['input']>>
  /** Begins with this text, letter case as given. */
  startsWith?: InputMaybe<Scalars['String']['input']>
}

/** Which Team objects are meant; all given conditions must hold. An empty filter means all. */
export type TeamFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<TeamFilter>>
  /** When the team was made. */
  createdAt?: InputMaybe<DateTimeFilter>
  /** What the team is for. */
  description?: InputMaybe<StringFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** Who leads the team. */
  leadId?: InputMaybe<IdFilter>
  /** Name, unique among its siblings, 1 to 200 characters. */
  name?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<TeamFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<TeamFilter>>
  /** The team above; null at the top. */
  parentTeamId?: InputMaybe<IdFilter>
}

/** Which TeamMember objects are meant; all given conditions must hold. An empty filter means all. */
export type TeamMemberFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<TeamMemberFilter>>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** When the person joined. */
  joinedAt?: InputMaybe<DateTimeFilter>
  /** When the person left; null while in the team. */
  leftAt?: InputMaybe<DateTimeFilter>
  /** This does not hold. */
  not?: InputMaybe<TeamMemberFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<TeamMemberFilter>>
  /** What the person is in the team. */
  role?: InputMaybe<TeamRoleFilter>
  /** The team. */
  teamId?: InputMaybe<IdFilter>
  /** The person. */
  userId?: InputMaybe<IdFilter>
}

/** One sort criterion of a list of TeamMember objects. Ties are broken by the next one, at last by the id. */
export type TeamMemberOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: TeamMemberOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of TeamMember objects can be sorted by. */
export type TeamMemberOrderField =
  /** When the person joined. */
  | 'JOINED_AT'
  /** When the person left; null while in the team. */
  | 'LEFT_AT'
  /** What the person is in the team. */
  | 'ROLE'

/** One sort criterion of a list of Team objects. Ties are broken by the next one, at last by the id. */
export type TeamOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: TeamOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of Team objects can be sorted by. */
export type TeamOrderField =
  /** When the team was made. */
  | 'CREATED_AT'
  /** Name, unique among its siblings, 1 to 200 characters. */
  | 'NAME'
  /** When the team last changed. */
  | 'UPDATED_AT'

/** What a person is in a team. */
export type TeamRole =
  /** Leads the team. */
  | 'LEAD'
  /** Works in the team. */
  | 'MEMBER'

/** Conditions on a value of TeamRole; all given ones must hold. */
export type TeamRoleFilter = {
  /** Equal to. */
  eq?: InputMaybe<TeamRole>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<TeamRole>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<TeamRole>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<TeamRole>>
}

/** A length of time by which moments are grouped. */
export type TimeBucket =
  /** Calendar days. */
  | 'DAY'
  /** Calendar hours. */
  | 'HOUR'
  /** Calendar minutes. */
  | 'MINUTE'
  /** Calendar months. */
  | 'MONTH'
  /** Quarters of the calendar year. */
  | 'QUARTER'
  /** Weeks by ISO 8601: they begin on Monday. */
  | 'WEEK'
  /** Calendar years. */
  | 'YEAR'

/** Which Tool objects are meant; all given conditions must hold. An empty filter means all. */
export type ToolFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<ToolFilter>>
  /** True when programs can call it. */
  apiAvailable?: InputMaybe<BooleanFilter>
  /** When the entry was made. */
  createdAt?: InputMaybe<DateTimeFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** Name, unique in the catalogue. */
  name?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<ToolFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<ToolFilter>>
  /** What the tool is for. */
  type?: InputMaybe<ToolTypeFilter>
  /** Who sells it. */
  vendor?: InputMaybe<StringFilter>
}

/** One sort criterion of a list of Tool objects. Ties are broken by the next one, at last by the id. */
export type ToolOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: ToolOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of Tool objects can be sorted by. */
export type ToolOrderField =
  /** When the entry was made. */
  | 'CREATED_AT'
  /** Name, unique in the catalogue. */
  | 'NAME'
  /** What the tool is for. */
  | 'TYPE'
  /** Who sells it. */
  | 'VENDOR'

/** What a tool is for. */
export type ToolType =
  /** Acts by itself. */
  | 'AGENT'
  /** A general assistant. */
  | 'ASSISTANT'
  /** Makes or reads sound. */
  | 'AUDIO'
  /** Helps to write software. */
  | 'CODE_ASSISTANT'
  /** Turns text into vectors. */
  | 'EMBEDDING'
  /** Makes or reads pictures. */
  | 'IMAGE'
  /** A language model used directly. */
  | 'LLM'
  /** Anything else. */
  | 'OTHER'
  /** Answers with sources. */
  | 'SEARCH'
  /** Makes or reads video. */
  | 'VIDEO'

/** Conditions on a value of ToolType; all given ones must hold. */
export type ToolTypeFilter = {
  /** Equal to. */
  eq?: InputMaybe<ToolType>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<ToolType>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<ToolType>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<ToolType>>
}

/** What to change of a Team; what is left out stays as it is. */
export type UpdateTeamInput = {
  /** What the team is for. */
  description?: InputMaybe<Scalars['String']['input']>
  /** Which Team to change. */
  id: Scalars['ID']['input']
  /** Who leads the team. */
  leadId?: InputMaybe<Scalars['ID']['input']>
  /** Name, unique among its siblings, 1 to 200 characters. */
  name?: InputMaybe<Scalars['String']['input']>
  /** Settings of the front end, kept as they are. */
  settings?: InputMaybe<Scalars['JSONObject']['input']>
}

/** What to change of a User; what is left out stays as it is. */
export type UpdateUserInput = {
  /** Address of a picture. */
  avatarUrl?: InputMaybe<Scalars['String']['input']>
  /** Department, as the organization calls it. */
  department?: InputMaybe<Scalars['String']['input']>
  /** Name to show. */
  displayName?: InputMaybe<Scalars['String']['input']>
  /** Full name. */
  fullName?: InputMaybe<Scalars['String']['input']>
  /** Which User to change. */
  id: Scalars['ID']['input']
  /** Job title. */
  jobTitle?: InputMaybe<Scalars['String']['input']>
  /** Language and region by BCP 47, for example `en-US`. */
  locale?: InputMaybe<Scalars['String']['input']>
  /** Primary team. */
  teamId?: InputMaybe<Scalars['ID']['input']>
  /** Time zone by its IANA name, for example `Europe/Berlin`. */
  timezone?: InputMaybe<Scalars['String']['input']>
  /** Name for mentions, unique in the organization. */
  username?: InputMaybe<Scalars['String']['input']>
}

/** Which UsageEvent objects are meant; all given conditions must hold. An empty filter means all. */
export type UsageEventFilter = {
  /** What was done, for example `api_call` or `login`. */
  actionType?: InputMaybe<StringFilter>
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<UsageEventFilter>>
  /** True when everything that points at a person was removed. */
  anonymized?: InputMaybe<BooleanFilter>
  /** Where the cost comes from. */
  costSource?: InputMaybe<CostSourceFilter>
  /** The person’s department at that time. */
  department?: InputMaybe<StringFilter>
  /** What kind of failure it was. */
  errorType?: InputMaybe<StringFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** Tokens sent, cached ones included. */
  inputTokens?: InputMaybe<IntFilter>
  /** The model, where the catalogue knows it. */
  modelId?: InputMaybe<IdFilter>
  /** Name of the model as reported. */
  modelName?: InputMaybe<StringFilter>
  /** This does not hold. */
  not?: InputMaybe<UsageEventFilter>
  /** When it happened. */
  occurredAt?: InputMaybe<DateTimeFilter>
  /** The operation, for example `summarize`. */
  operationType?: InputMaybe<StringFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<UsageEventFilter>>
  /** Tokens answered. */
  outputTokens?: InputMaybe<IntFilter>
  /** Name of the provider. */
  provider?: InputMaybe<StringFilter>
  /** When it was reported to us. */
  recordedAt?: InputMaybe<DateTimeFilter>
  /** The caller’s id of the request. */
  requestId?: InputMaybe<StringFilter>
  /** Time to the answer in milliseconds. */
  responseTimeMs?: InputMaybe<IntFilter>
  /** What kind of work it was. */
  service?: InputMaybe<UsageServiceFilter>
  /** Session the use belongs to. */
  sessionId?: InputMaybe<StringFilter>
  /** By which way the event reached us. */
  source?: InputMaybe<UsageSourceFilter>
  /** False when the call failed. */
  success?: InputMaybe<BooleanFilter>
  /** The person’s team at that time. */
  teamId?: InputMaybe<IdFilter>
  /** The tool, where the catalogue knows it. */
  toolId?: InputMaybe<IdFilter>
  /** Name of the tool as reported. */
  toolName?: InputMaybe<StringFilter>
  /** Exact cost at the price in force then; null when no price is known, which is not the same as free. */
  totalCost?: InputMaybe<DecimalFilter>
  /** Tokens sent and answered. */
  totalTokens?: InputMaybe<IntFilter>
  /** Who used the tool. */
  userId?: InputMaybe<IdFilter>
}

/** One criterion by which UsageEvent objects are grouped. */
export type UsageEventGroupBy = {
  /** For moments: the length of time that makes a group. Required there, refused elsewhere. */
  bucket?: InputMaybe<TimeBucket>
  /** What to group by. */
  field: UsageEventGroupField
  /** For moments: the time zone in which days, weeks and longer begin, e.g. `Europe/Berlin`. UTC when left out. */
  timeZone?: InputMaybe<Scalars['String']['input']>
}

/** What UsageEvent objects can be grouped by. */
export type UsageEventGroupField =
  /** What was done, for example `api_call` or `login`. */
  | 'ACTION_TYPE'
  /** Where the cost comes from. */
  | 'COST_SOURCE'
  /** Currency of the costs by ISO 4217. */
  | 'CURRENCY'
  /** The person’s department at that time. */
  | 'DEPARTMENT'
  /** What kind of failure it was. */
  | 'ERROR_TYPE'
  /** The model, where the catalogue knows it. */
  | 'MODEL_ID'
  /** Name of the model as reported. */
  | 'MODEL_NAME'
  /** When it happened. */
  | 'OCCURRED_AT'
  /** Name of the provider. */
  | 'PROVIDER'
  /** What kind of work it was. */
  | 'SERVICE'
  /** By which way the event reached us. */
  | 'SOURCE'
  /** False when the call failed. */
  | 'SUCCESS'
  /** The person’s team at that time. */
  | 'TEAM_ID'
  /** The tool, where the catalogue knows it. */
  | 'TOOL_ID'
  /** Name of the tool as reported. */
  | 'TOOL_NAME'
  /** Who used the tool. */
  | 'USER_ID'

/** One sort criterion of a list of UsageEvent objects. Ties are broken by the next one, at last by the id. */
export type UsageEventOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: UsageEventOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of UsageEvent objects can be sorted by. */
export type UsageEventOrderField =
  /** Tokens sent, cached ones included. */
  | 'INPUT_TOKENS'
  /** When it happened. */
  | 'OCCURRED_AT'
  /** Tokens answered. */
  | 'OUTPUT_TOKENS'
  /** When it was reported to us. */
  | 'RECORDED_AT'
  /** Time to the answer in milliseconds. */
  | 'RESPONSE_TIME_MS'
  /** Exact cost at the price in force then; null when no price is known, which is not the same as free. */
  | 'TOTAL_COST'
  /** Tokens sent and answered. */
  | 'TOTAL_TOKENS'

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
  eq?: InputMaybe<UsageService>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<UsageService>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<UsageService>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<UsageService>>
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
  eq?: InputMaybe<UsageSource>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<UsageSource>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<UsageSource>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<UsageSource>>
}

/** Which User objects are meant; all given conditions must hold. An empty filter means all. */
export type UserFilter = {
  /** All of these hold. An empty list holds. */
  and?: InputMaybe<Array<UserFilter>>
  /** When the entry was made. */
  createdAt?: InputMaybe<DateTimeFilter>
  /** Department, as the organization calls it. */
  department?: InputMaybe<StringFilter>
  /** Name to show. */
  displayName?: InputMaybe<StringFilter>
  /** E-mail address the person signs in with. */
  email?: InputMaybe<StringFilter>
  /** Full name. */
  fullName?: InputMaybe<StringFilter>
  /** Opaque id. */
  id?: InputMaybe<IdFilter>
  /** Job title. */
  jobTitle?: InputMaybe<StringFilter>
  /** When the person was last active. */
  lastSeenAt?: InputMaybe<DateTimeFilter>
  /** This does not hold. */
  not?: InputMaybe<UserFilter>
  /** At least one of these holds. An empty list does not. */
  or?: InputMaybe<Array<UserFilter>>
  /** Whether the person may work. */
  status?: InputMaybe<UserStatusFilter>
  /** Primary team. */
  teamId?: InputMaybe<IdFilter>
  /** Name for mentions, unique in the organization. */
  username?: InputMaybe<StringFilter>
}

/** One sort criterion of a list of User objects. Ties are broken by the next one, at last by the id. */
export type UserOrder = {
  /** Which way to sort. */
  direction?: SortDirection
  /** What to sort by. */
  field: UserOrderField
  /** Where objects without a value stand. */
  nulls?: NullsOrder
}

/** What a list of User objects can be sorted by. */
export type UserOrderField =
  /** When the entry was made. */
  | 'CREATED_AT'
  /** Department, as the organization calls it. */
  | 'DEPARTMENT'
  /** Name to show. */
  | 'DISPLAY_NAME'
  /** E-mail address the person signs in with. */
  | 'EMAIL'
  /** Full name. */
  | 'FULL_NAME'
  /** When the person was last active. */
  | 'LAST_SEEN_AT'
  /** Whether the person may work. */
  | 'STATUS'
  /** When the entry last changed. */
  | 'UPDATED_AT'

/** Whether a person may work in the organization. */
export type UserStatus =
  /** May work. */
  | 'ACTIVE'
  /** Does not work here at present. */
  | 'INACTIVE'
  /** Has registered and waits for approval. */
  | 'PENDING_APPROVAL'
  /** Was locked out by an administrator. */
  | 'SUSPENDED'

/** Conditions on a value of UserStatus; all given ones must hold. */
export type UserStatusFilter = {
  /** Equal to. */
  eq?: InputMaybe<UserStatus>
  /** One of these. An empty list matches nothing. */
  in?: InputMaybe<Array<UserStatus>>
  /** True: has no value. False: has one. */
  isNull?: InputMaybe<Scalars['Boolean']['input']>
  /** Not equal to; true for an empty value. */
  ne?: InputMaybe<UserStatus>
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: InputMaybe<Array<UserStatus>>
}

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
