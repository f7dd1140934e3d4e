// Generated from test/documents/*.graphql by `npm run generate`. DO NOT EDIT.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] }
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never }
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core'
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

/** Which AuditEntry objects are meant; all given conditions must hold. An empty filter means all. */
export type AuditEntryFilter = {
  /** Kind of actor: `user`, `api_key`, `service`, `platform_admin` or `system`. */
  actorKind?: StringFilter | null | undefined
  /** All of these hold. An empty list holds. */
  and?: Array<AuditEntryFilter> | null | undefined
  /** Kind of event, for example `data_change`. */
  eventCategory?: StringFilter | null | undefined
  /** What was done: `create`, `update`, `delete`… */
  eventType?: StringFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** This does not hold. */
  not?: AuditEntryFilter | null | undefined
  /** When it happened. */
  occurredAt?: DateTimeFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<AuditEntryFilter> | null | undefined
  /** Id of the request, as in the header `x-request-id`. */
  requestId?: StringFilter | null | undefined
  /** Key of the thing it was done to. */
  resourceId?: StringFilter | null | undefined
  /** Kind of thing it was done to. */
  resourceType?: StringFilter | null | undefined
  /** `success`, `denied` or `failure`. */
  result?: StringFilter | null | undefined
  /** The person who did it. Holds when there is one that may be seen and meets these conditions. */
  user?: UserFilter | null | undefined
  /** The person who did it; null for a machine. */
  userId?: IdFilter | null | undefined
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
  /** In this stretch of time, which may be counted from now. */
  range?: DateTimeRange | null | undefined
}

/** A stretch of time: its first moment belongs to it, its end does not. All given conditions must hold. `now` is the same moment in the whole operation; days and months are those of UTC. */
export type DateTimeRange = {
  /** Moves `last` and `next` back by this much: `last: "P30D", ago: "P30D"` are the 30 days before the last 30. */
  ago?: string | null | undefined
  /** Not before this moment. */
  from?: string | null | undefined
  /** In this length of time before now: `P30D` means the last 30 days. */
  last?: string | null | undefined
  /** In this length of time from now on. */
  next?: string | null | undefined
  /** Before this moment. */
  until?: string | null | undefined
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
  eq?: HealthStatus | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<HealthStatus> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: HealthStatus | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<HealthStatus> | null | undefined
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

/** Conditions on JSON; all given ones must hold. */
export type JsonFilter = {
  /** Holds all of this: members with these values, and lists with these items. */
  containsJson?: Record<string, unknown> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** What stands at these places; all must hold. */
  path?: Array<JsonPathFilter> | null | undefined
}

/** Conditions on one place in JSON; all given ones must hold. */
export type JsonPathFilter = {
  /** Where to look: names of members, and places in lists counted from `"0"`; at most 16 steps. */
  at: Array<string>
  /** Conditions on a yes or no; anything else counts as no value. */
  boolean?: BooleanFilter | null | undefined
  /** True: something stands there, be it null. False: nothing does. */
  exists?: boolean | null | undefined
  /** Conditions on a number; anything else counts as no value. */
  number?: DecimalFilter | null | undefined
  /** Conditions on a text; anything else counts as no value. */
  text?: StringFilter | null | undefined
}

/** Which Membership objects are meant; all given conditions must hold. An empty filter means all. */
export type MembershipFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<MembershipFilter> | null | undefined
  /** When access ends by itself; null when it does not. */
  expiresAt?: DateTimeFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** The person. */
  identityId?: IdFilter | null | undefined
  /** When the person joined. */
  joinedAt?: DateTimeFilter | null | undefined
  /** This does not hold. */
  not?: MembershipFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<MembershipFilter> | null | undefined
  /** What the person may do. */
  role?: OrganizationRoleFilter | null | undefined
  /** Whether it gives access. */
  status?: MembershipStatusFilter | null | undefined
  /** The person. Holds when there is one that may be seen and meets these conditions. */
  user?: UserFilter | null | undefined
}

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
  eq?: MembershipStatus | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<MembershipStatus> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: MembershipStatus | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<MembershipStatus> | null | undefined
}

/** Which Model objects are meant; all given conditions must hold. An empty filter means all. */
export type ModelFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<ModelFilter> | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** False for models that are no longer used. */
  isActive?: BooleanFilter | null | undefined
  /** Length of its context in tokens. */
  maxTokens?: IntFilter | null | undefined
  /** Name by which it is called, unique for its provider. */
  modelName?: StringFilter | null | undefined
  /** This does not hold. */
  not?: ModelFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<ModelFilter> | null | undefined
  /** Its list prices, the latest first. Conditions on these; those that may not be seen do not count. */
  prices?: ModelPriceListFilter | null | undefined
  /** Who serves it. Holds when there is one that may be seen and meets these conditions. */
  provider?: ProviderFilter | null | undefined
  /** Who serves it. */
  providerId?: IdFilter | null | undefined
  /** True when it can call functions. */
  supportsFunctions?: BooleanFilter | null | undefined
  /** True when it reads pictures. */
  supportsVision?: BooleanFilter | null | undefined
}

/** Conditions on a list of Model objects; all given ones must hold. */
export type ModelListFilter = {
  /** All meet these conditions, as they do where there are none. */
  every?: ModelFilter | null | undefined
  /** Not one meets these conditions. With no conditions: there is none. */
  none?: ModelFilter | null | undefined
  /** At least one meets these conditions. With no conditions: there is one. */
  some?: ModelFilter | null | undefined
}

/** Which ModelPrice objects are meant; all given conditions must hold. An empty filter means all. */
export type ModelPriceFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<ModelPriceFilter> | null | undefined
  /** Currency of the rates. */
  currency?: StringFilter | null | undefined
  /** First moment of the price; null when it has no lower bound, as the first known one. */
  effectiveFrom?: DateTimeFilter | null | undefined
  /** First moment after the price; null while it holds. */
  effectiveTo?: DateTimeFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** The model. Holds when there is one that may be seen and meets these conditions. */
  model?: ModelFilter | null | undefined
  /** The model. */
  modelId?: IdFilter | null | undefined
  /** Name of the model. */
  modelName?: StringFilter | null | undefined
  /** This does not hold. */
  not?: ModelPriceFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<ModelPriceFilter> | null | undefined
  /** Name of the provider. */
  provider?: StringFilter | null | undefined
}

/** Conditions on a list of ModelPrice objects; all given ones must hold. */
export type ModelPriceListFilter = {
  /** All meet these conditions, as they do where there are none. */
  every?: ModelPriceFilter | null | undefined
  /** Not one meets these conditions. With no conditions: there is none. */
  none?: ModelPriceFilter | null | undefined
  /** At least one meets these conditions. With no conditions: there is one. */
  some?: ModelPriceFilter | null | undefined
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
  eq?: OrganizationRole | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<OrganizationRole> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: OrganizationRole | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<OrganizationRole> | null | undefined
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
  and?: Array<ProviderFilter> | null | undefined
  /** How well it works. */
  healthStatus?: HealthStatusFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** False for providers that are no longer used. */
  isActive?: BooleanFilter | null | undefined
  /** Its models. Conditions on these; those that may not be seen do not count. */
  models?: ModelListFilter | null | undefined
  /** Name, unique in the catalogue. */
  name?: StringFilter | null | undefined
  /** This does not hold. */
  not?: ProviderFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<ProviderFilter> | null | undefined
  /** By which API its models are called. */
  providerType?: ProviderTypeFilter | null | undefined
}

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
  eq?: ProviderType | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<ProviderType> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: ProviderType | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<ProviderType> | null | undefined
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
  actionType?: string | null | undefined
  /** Of the tokens sent, those the provider had in its cache. */
  cachedInputTokens?: number | null | undefined
  /** What kind of failure it was. */
  errorType?: string | null | undefined
  /** The sender’s own id of the event. Sent again, it changes nothing. */
  eventId?: string | null | undefined
  /** Tokens sent, cached ones included. Required with a model. */
  inputTokens?: number | null | undefined
  /** Further facts. */
  metadata?: Record<string, unknown> | null | undefined
  /** The model of the catalogue. */
  modelId?: string | number | null | undefined
  /** Name of the model, when its id is not known. */
  modelName?: string | null | undefined
  /** When it happened; at most one hour ahead of now. */
  occurredAt: string
  /** The operation, for example `summarize`. */
  operationType?: string | null | undefined
  /** Tokens answered. Required with a model. */
  outputTokens?: number | null | undefined
  /** Name of the provider. */
  provider?: string | null | undefined
  /** What the sender says it cost. */
  reportedCost?: ReportedCostInput | null | undefined
  /** The caller’s id of the request. */
  requestId?: string | null | undefined
  /** Time to the answer in milliseconds. */
  responseTimeMs?: number | null | undefined
  /** What kind of work it was. */
  service?: UsageService | null | undefined
  /** Session the use belongs to. */
  sessionId?: string | null | undefined
  /** By which way it was seen; `API` when left out. */
  source?: UsageSource | null | undefined
  /** False when the call failed; true when left out. */
  success?: boolean | null | undefined
  /** The tool of the catalogue. */
  toolId?: string | number | null | undefined
  /** Name of the tool, when its id is not known. */
  toolName?: string | null | undefined
  /** Who used the tool. */
  userId?: string | number | null | undefined
}

/** What the sender says a use cost. It is kept beside our own figure and never replaces it. */
export type ReportedCostInput = {
  /** The amount. */
  amount: string
  /** Currency by ISO 4217. */
  currency: string
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

/** Which Team objects are meant; all given conditions must hold. An empty filter means all. */
export type TeamFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<TeamFilter> | null | undefined
  /** The teams directly below. Conditions on these; those that may not be seen do not count. */
  children?: TeamListFilter | null | undefined
  /** When the team was made. */
  createdAt?: DateTimeFilter | null | undefined
  /** What the team is for. */
  description?: StringFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** Who leads the team. Holds when there is one that may be seen and meets these conditions. */
  lead?: UserFilter | null | undefined
  /** Who leads the team. */
  leadId?: IdFilter | null | undefined
  /** The people in the team. Conditions on these; those that may not be seen do not count. */
  members?: UserListFilter | null | undefined
  /** Name, unique among its siblings, 1 to 200 characters. */
  name?: StringFilter | null | undefined
  /** This does not hold. */
  not?: TeamFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<TeamFilter> | null | undefined
  /** The team above. Holds when there is one that may be seen and meets these conditions. */
  parent?: TeamFilter | null | undefined
  /** The team above; null at the top. */
  parentTeamId?: IdFilter | null | undefined
  /** Settings of the front end, kept as they are. */
  settings?: JsonFilter | null | undefined
  /** What the team used. Conditions on these; those that may not be seen do not count. */
  usageEvents?: UsageEventListFilter | null | undefined
}

/** Conditions on a list of Team objects; all given ones must hold. */
export type TeamListFilter = {
  /** All meet these conditions, as they do where there are none. */
  every?: TeamFilter | null | undefined
  /** Not one meets these conditions. With no conditions: there is none. */
  none?: TeamFilter | null | undefined
  /** At least one meets these conditions. With no conditions: there is one. */
  some?: TeamFilter | null | undefined
}

/** Which Tool objects are meant; all given conditions must hold. An empty filter means all. */
export type ToolFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<ToolFilter> | null | undefined
  /** True when programs can call it. */
  apiAvailable?: BooleanFilter | null | undefined
  /** When the entry was made. */
  createdAt?: DateTimeFilter | null | undefined
  /** Further facts. */
  extra?: JsonFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** Name, unique in the shared catalogue and among an organization’s own tools. */
  name?: StringFilter | null | undefined
  /** This does not hold. */
  not?: ToolFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<ToolFilter> | null | undefined
  /** To whom the entry belongs. */
  origin?: ToolOriginFilter | null | undefined
  /** What the tool is for. */
  type?: ToolTypeFilter | null | undefined
  /** Uses of the tool. Conditions on these; those that may not be seen do not count. */
  usageEvents?: UsageEventListFilter | null | undefined
  /** Who sells it. */
  vendor?: StringFilter | null | undefined
}

/** To whom a tool’s entry belongs. */
export type ToolOrigin =
  /** To the organization, which writes it itself and alone sees it. */
  | 'IN_HOUSE'
  /** To the catalogue all organizations share; its operator writes it. */
  | 'SHARED'

/** Conditions on a value of ToolOrigin; all given ones must hold. */
export type ToolOriginFilter = {
  /** Equal to. */
  eq?: ToolOrigin | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<ToolOrigin> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: ToolOrigin | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<ToolOrigin> | null | undefined
}

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
  eq?: ToolType | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<ToolType> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: ToolType | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<ToolType> | null | undefined
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
  /** Further facts as reported. */
  metadata?: JsonFilter | null | undefined
  /** The model. Holds when there is one that may be seen and meets these conditions. */
  model?: ModelFilter | null | undefined
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
  /** The person’s team at that time. Holds when there is one that may be seen and meets these conditions. */
  team?: TeamFilter | null | undefined
  /** The person’s team at that time. */
  teamId?: IdFilter | null | undefined
  /** The tool. Holds when there is one that may be seen and meets these conditions. */
  tool?: ToolFilter | null | undefined
  /** The tool, where the catalogue knows it. */
  toolId?: IdFilter | null | undefined
  /** Name of the tool as reported. */
  toolName?: StringFilter | null | undefined
  /** Exact cost at the price in force then; null when no price is known, which is not the same as free. */
  totalCost?: DecimalFilter | null | undefined
  /** Tokens sent and answered. */
  totalTokens?: IntFilter | null | undefined
  /** Who used the tool. Holds when there is one that may be seen and meets these conditions. */
  user?: UserFilter | null | undefined
  /** Who used the tool. */
  userId?: IdFilter | null | undefined
}

/** Conditions on a list of UsageEvent objects; all given ones must hold. */
export type UsageEventListFilter = {
  /** All meet these conditions, as they do where there are none. */
  every?: UsageEventFilter | null | undefined
  /** Not one meets these conditions. With no conditions: there is none. */
  none?: UsageEventFilter | null | undefined
  /** At least one meets these conditions. With no conditions: there is one. */
  some?: UsageEventFilter | null | undefined
}

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

/** Which User objects are meant; all given conditions must hold. An empty filter means all. */
export type UserFilter = {
  /** All of these hold. An empty list holds. */
  and?: Array<UserFilter> | null | undefined
  /** When the entry was made. */
  createdAt?: DateTimeFilter | null | undefined
  /** Department, as the organization calls it. */
  department?: StringFilter | null | undefined
  /** Name to show. */
  displayName?: StringFilter | null | undefined
  /** E-mail address the person signs in with. */
  email?: StringFilter | null | undefined
  /** Full name. */
  fullName?: StringFilter | null | undefined
  /** Opaque id. */
  id?: IdFilter | null | undefined
  /** Job title. */
  jobTitle?: StringFilter | null | undefined
  /** When the person was last active. */
  lastSeenAt?: DateTimeFilter | null | undefined
  /** The membership that gives the person access. Holds when there is one that may be seen and meets these conditions. */
  membership?: MembershipFilter | null | undefined
  /** This does not hold. */
  not?: UserFilter | null | undefined
  /** At least one of these holds. An empty list does not. */
  or?: Array<UserFilter> | null | undefined
  /** Whether the person may work. */
  status?: UserStatusFilter | null | undefined
  /** Primary team. Holds when there is one that may be seen and meets these conditions. */
  team?: TeamFilter | null | undefined
  /** Primary team. */
  teamId?: IdFilter | null | undefined
  /** Every team the person is in. Conditions on these; those that may not be seen do not count. */
  teams?: TeamListFilter | null | undefined
  /** What the person used. Conditions on these; those that may not be seen do not count. */
  usageEvents?: UsageEventListFilter | null | undefined
  /** Name for mentions, unique in the organization. */
  username?: StringFilter | null | undefined
}

/** Conditions on a list of User objects; all given ones must hold. */
export type UserListFilter = {
  /** All meet these conditions, as they do where there are none. */
  every?: UserFilter | null | undefined
  /** Not one meets these conditions. With no conditions: there is none. */
  none?: UserFilter | null | undefined
  /** At least one meets these conditions. With no conditions: there is one. */
  some?: UserFilter | null | undefined
}

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
  eq?: UserStatus | null | undefined
  /** One of these. An empty list matches nothing. */
  in?: Array<UserStatus> | null | undefined
  /** True: has no value. False: has one. */
  isNull?: boolean | null | undefined
  /** Not equal to; true for an empty value. */
  ne?: UserStatus | null | undefined
  /** None of these; true for an empty value. An empty list matches everything. */
  notIn?: Array<UserStatus> | null | undefined
}

export type AuditTrailQueryVariables = Exact<{
  filter?: AuditEntryFilter | null | undefined
}>

export type AuditTrailQuery = {
  auditEntries: {
    totalCount: number
    nodes: Array<{
      id: string
      occurredAt: string
      eventType: string
      eventCategory: string
      result: string
      actorKind: string
      resourceType: string | null
      resourceId: string | null
      oldValues: Record<string, unknown> | null
      newValues: Record<string, unknown> | null
      changedFields: Array<string> | null
      requestId: string | null
      user: { email: string } | null
    }>
  } | null
}

export type ModelPricesQueryVariables = Exact<{
  modelName: string
}>

export type ModelPricesQuery = {
  models: {
    nodes: Array<{
      id: string
      modelName: string
      isActive: boolean
      provider: { name: string; providerType: ProviderType } | null
      prices: {
        nodes: Array<{
          currency: unknown
          effectiveFrom: string | null
          effectiveTo: string | null
          rates: Array<{
            component: PriceComponent
            amount: string
            unit: PriceUnit
            minContextTokens: number
          }> | null
        }>
      } | null
    }>
  } | null
}

export type ViewerQueryVariables = Exact<{ [key: string]: never }>

export type ViewerQuery = {
  viewer: { userId: string | null; role: AccessRole; modules: Array<string> }
  organization: {
    id: string
    orgKey: string
    name: string
    plan: Plan
    timezone: string
    defaultCurrency: unknown
  } | null
}

export type PeopleQueryVariables = Exact<{
  filter?: UserFilter | null | undefined
}>

export type PeopleQuery = {
  users: {
    totalCount: number
    nodes: Array<{
      id: string
      email: string
      status: UserStatus
      membership: { role: OrganizationRole; status: MembershipStatus } | null
      team: { name: string } | null
      teams: { nodes: Array<{ name: string }> } | null
    }>
  } | null
}

export type RecordUsageMutationVariables = Exact<{
  events: Array<RecordUsageInput> | RecordUsageInput
}>

export type RecordUsageMutation = {
  recordUsage: {
    accepted: number
    duplicates: number
    rejected: number
    results: Array<{ status: RecordStatus; id: string | null; field: string | null; reason: string | null }>
  } | null
}

export type UsageEventsQueryVariables = Exact<{
  filter?: UsageEventFilter | null | undefined
  orderBy?: Array<UsageEventOrder> | UsageEventOrder | null | undefined
  first?: number | null | undefined
  after?: string | null | undefined
}>

export type UsageEventsQuery = {
  usageEvents: {
    totalCount: number
    nodes: Array<{
      id: string
      occurredAt: string
      inputTokens: number
      outputTokens: number
      totalTokens: number
      costSource: CostSource
      totalCost: { amount: string; currency: unknown } | null
      user: { email: string } | null
      tool: { name: string } | null
      model: { modelName: string; provider: { name: string } | null } | null
    }>
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  } | null
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
      totalCost: { amount: string; currency: unknown } | null
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
      totalCost: { amount: string; currency: unknown } | null
      tool: { name: string } | null
      user: { displayName: string | null } | null
    }>
  } | null
}

export const AuditTrailDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'AuditTrail' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'AuditEntryFilter' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'auditEntries' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'filter' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
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
                      { kind: 'Field', name: { kind: 'Name', value: 'eventType' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'eventCategory' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'result' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'actorKind' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'resourceType' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'resourceId' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'oldValues' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'newValues' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'changedFields' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'requestId' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'user' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'email' } }],
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
} as unknown as DocumentNode<AuditTrailQuery, AuditTrailQueryVariables>
export const ModelPricesDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'ModelPrices' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'modelName' } },
          type: { kind: 'NonNullType', type: { kind: 'NamedType', name: { kind: 'Name', value: 'String' } } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'models' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'filter' },
                value: {
                  kind: 'ObjectValue',
                  fields: [
                    {
                      kind: 'ObjectField',
                      name: { kind: 'Name', value: 'modelName' },
                      value: {
                        kind: 'ObjectValue',
                        fields: [
                          {
                            kind: 'ObjectField',
                            name: { kind: 'Name', value: 'eq' },
                            value: { kind: 'Variable', name: { kind: 'Name', value: 'modelName' } },
                          },
                        ],
                      },
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
                  name: { kind: 'Name', value: 'nodes' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'modelName' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'isActive' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'provider' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'name' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'providerType' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'prices' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            {
                              kind: 'Field',
                              name: { kind: 'Name', value: 'nodes' },
                              selectionSet: {
                                kind: 'SelectionSet',
                                selections: [
                                  { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                                  { kind: 'Field', name: { kind: 'Name', value: 'effectiveFrom' } },
                                  { kind: 'Field', name: { kind: 'Name', value: 'effectiveTo' } },
                                  {
                                    kind: 'Field',
                                    name: { kind: 'Name', value: 'rates' },
                                    selectionSet: {
                                      kind: 'SelectionSet',
                                      selections: [
                                        { kind: 'Field', name: { kind: 'Name', value: 'component' } },
                                        { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                                        { kind: 'Field', name: { kind: 'Name', value: 'unit' } },
                                        { kind: 'Field', name: { kind: 'Name', value: 'minContextTokens' } },
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
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<ModelPricesQuery, ModelPricesQueryVariables>
export const ViewerDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'Viewer' },
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'viewer' },
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'userId' } },
                { kind: 'Field', name: { kind: 'Name', value: 'role' } },
                { kind: 'Field', name: { kind: 'Name', value: 'modules' } },
              ],
            },
          },
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'organization' },
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                { kind: 'Field', name: { kind: 'Name', value: 'orgKey' } },
                { kind: 'Field', name: { kind: 'Name', value: 'name' } },
                { kind: 'Field', name: { kind: 'Name', value: 'plan' } },
                { kind: 'Field', name: { kind: 'Name', value: 'timezone' } },
                { kind: 'Field', name: { kind: 'Name', value: 'defaultCurrency' } },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<ViewerQuery, ViewerQueryVariables>
export const PeopleDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'People' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'UserFilter' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'users' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'filter' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
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
                      { kind: 'Field', name: { kind: 'Name', value: 'email' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'membership' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'role' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'team' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'name' } }],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'teams' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            {
                              kind: 'Field',
                              name: { kind: 'Name', value: 'nodes' },
                              selectionSet: {
                                kind: 'SelectionSet',
                                selections: [{ kind: 'Field', name: { kind: 'Name', value: 'name' } }],
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
      },
    },
  ],
} as unknown as DocumentNode<PeopleQuery, PeopleQueryVariables>
export const RecordUsageDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'mutation',
      name: { kind: 'Name', value: 'RecordUsage' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'events' } },
          type: {
            kind: 'NonNullType',
            type: {
              kind: 'ListType',
              type: {
                kind: 'NonNullType',
                type: { kind: 'NamedType', name: { kind: 'Name', value: 'RecordUsageInput' } },
              },
            },
          },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'recordUsage' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'events' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'events' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'accepted' } },
                { kind: 'Field', name: { kind: 'Name', value: 'duplicates' } },
                { kind: 'Field', name: { kind: 'Name', value: 'rejected' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'results' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'field' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'reason' } },
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
} as unknown as DocumentNode<RecordUsageMutation, RecordUsageMutationVariables>
export const UsageEventsDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'UsageEvents' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'UsageEventFilter' } },
        },
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'orderBy' } },
          type: {
            kind: 'ListType',
            type: {
              kind: 'NonNullType',
              type: { kind: 'NamedType', name: { kind: 'Name', value: 'UsageEventOrder' } },
            },
          },
        },
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'Int' } },
        },
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'String' } },
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
                name: { kind: 'Name', value: 'filter' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'orderBy' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'orderBy' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'first' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'after' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
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
                      { kind: 'Field', name: { kind: 'Name', value: 'inputTokens' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'outputTokens' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'totalTokens' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'costSource' } },
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
                        name: { kind: 'Name', value: 'user' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'email' } }],
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
                        name: { kind: 'Name', value: 'model' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'modelName' } },
                            {
                              kind: 'Field',
                              name: { kind: 'Name', value: 'provider' },
                              selectionSet: {
                                kind: 'SelectionSet',
                                selections: [{ kind: 'Field', name: { kind: 'Name', value: 'name' } }],
                              },
                            },
                          ],
                        },
                      },
                    ],
                  },
                },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'pageInfo' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'hasNextPage' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'endCursor' } },
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
} as unknown as DocumentNode<UsageEventsQuery, UsageEventsQueryVariables>
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
