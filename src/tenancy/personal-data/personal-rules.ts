/**
 * What each table of a tenant says about people, column by column. Lists are names separated by spaces. Every column
 * that could hold personal data stands in exactly one list of its table; numbers, moments, flags, words of a fixed
 * set and keys of things cannot, and are not listed. A test fails for a column nobody has decided about.
 */
export interface PersonalRule {
  /** Ids of the person a row is about: the whole row is theirs to have. */
  readonly about?: string
  /** Ids of people who did something to a row that is not about them. */
  readonly by?: string
  /** Lists of people's ids. */
  readonly among?: string
  /** Ids, as text or uuid, of any thing, which may be a person. */
  readonly things?: string
  /** E-mail addresses of people a row is about. */
  readonly emails?: string
  /** Personal data of whom the row is about: emptied when the person is erased. */
  readonly personal?: string
  /** Rows that are nothing but personal data: deleted when the person is erased. */
  readonly deleteRows?: true
  /** Rows of another table that these belong to: what is deleted of a person there takes these along. */
  readonly follows?: { readonly table: string; readonly by: string; readonly parentKey: string }
  /** Text and JSON about things, in which a person's id or address may be written. */
  readonly mentions?: string
  /** Secrets, even where they are stored as a hash or encrypted: never shown, not even to the person. */
  readonly secret?: string
  /** What says nothing about a person, and free text about the thing itself. */
  readonly neutral?: string
}

export const personalRules: Readonly<Record<string, PersonalRule>> = {
  // core: directory
  users: {
    about: 'id',
    emails: 'email',
    personal:
      'username full_name first_name last_name display_name avatar_url phone_number job_title department external_id settings metadata',
    neutral: 'timezone locale default_engagement_id',
  },
  user_profiles: {
    about: 'user_id',
    by: 'manager_id approved_by deleted_by',
    personal:
      'date_of_birth gender bio website_url linkedin_url github_url company manager_email country state_province city postal_code address_line1 address_line2 notification_preferences privacy_settings ui_preferences registration_reason role_description delete_reason',
    deleteRows: true,
    neutral: 'scope_engagement_id',
  },
  teams: { by: 'lead_id', neutral: 'name description settings' },
  team_members: { about: 'user_id', by: 'added_by removed_by' },

  // core: catalog
  in_house_tools: { neutral: 'name vendor description website integration_method aliases extra' },

  // core: access
  resources: {
    by: 'owner_id',
    things: 'resource_id',
    neutral: 'resource_type_id name description attributes',
  },
  roles: {
    by: 'created_by',
    neutral: 'default_role_id name display_name description auto_assign_conditions metadata',
  },
  role_parents: { by: 'changed_by' },
  permissions: {
    by: 'created_by',
    neutral: 'action approval_workflow_id conditions name display_name description metadata resource_type_id',
  },
  role_permissions: { by: 'granted_by revoked_by', neutral: 'additional_conditions' },
  user_roles: {
    about: 'user_id',
    by: 'assigned_by delegated_by revoked_by',
    personal: 'assignment_reason revocation_reason',
    neutral: 'context_conditions permissions',
  },
  user_permissions: {
    about: 'user_id',
    by: 'granted_by revoked_by',
    personal: 'grant_reason revocation_reason',
    neutral: 'additional_conditions',
  },
  delegations: { about: 'delegate_id delegator_id', by: 'revoked_by', personal: 'reason' },
  role_change_approvals: {
    about: 'target_user_id',
    by: 'requested_by approved_by',
    personal: 'justification approval_notes',
    neutral: 'current_role_name requested_role_name',
  },

  // core: audit. The act stays, with a pseudonym in place of the person.
  audit_logs: {
    about: 'user_id on_behalf_of',
    things: 'resource_id',
    personal:
      'ip_address user_agent session_id action_description additional_data reason resource_name business_context',
    mentions: 'old_values new_values',
    neutral:
      'actor_data_scope actor_role_level api_endpoint api_key_id application_name changed_fields engagement_id event_type request_id resource_type service_name',
  },
  audit_checkpoints: { neutral: 'key_ref' },
  change_tracking: {
    about: 'changed_by',
    by: 'approved_by',
    things: 'record_id',
    personal: 'change_metadata change_reason business_justification',
    mentions: 'old_value new_value',
    neutral: 'change_set_id column_name data_type table_name',
  },
  security_events: {
    about: 'source_user_id target_user_id',
    by: 'assigned_to reviewed_by',
    emails: 'actor_email target_email',
    things: 'target_resource',
    personal: 'source_ip user_agent event_data description resolution_notes potential_impact',
    neutral:
      'actor_role affected_data_types affected_systems detection_rule_id event_type request_method request_path title',
  },
  soft_deleted_items: {
    by: 'deleted_by purged_by reviewed_by',
    things: 'item_id',
    personal: 'item_name delete_reason review_notes',
    neutral: 'engagement_id item_type',
  },

  // core: delivery
  outbox_events: {
    things: 'aggregate_id',
    mentions: 'payload headers last_error',
    neutral: 'aggregate_type event_type topic',
  },
  idempotency_keys: {
    about: 'actor_id',
    personal: 'response',
    deleteRows: true,
    neutral: 'key operation_hash scope',
  },
  webhook_endpoints: {
    by: 'created_by',
    secret: 'headers_encrypted previous_secret_encrypted secret_encrypted',
    neutral: 'url description event_types',
  },
  webhook_deliveries: { mentions: 'payload response_excerpt', neutral: 'event_type outbox_event_id' },
  saved_queries: { about: 'owner_id', mentions: 'variables document', neutral: 'name description' },

  // usage
  tool_policies: { by: 'decided_by owner_id', neutral: 'notes tool_id' },
  cost_centers: { by: 'manager_id', neutral: 'code name description' },
  usage_events: {
    about: 'user_id',
    personal:
      'username session_id raw_log_id api_key_id ip_address user_agent metadata request_id conversation_id page_context',
    neutral:
      'action_type department endpoint engagement_id error_type feature_context model_id model_name model_version operation_type price_id project_id provider pseudonym tool_id tool_name',
  },
  usage_payloads: {
    personal: 'request_data response_data error_message',
    deleteRows: true,
    follows: { table: 'usage_events', by: 'usage_event_id', parentKey: 'id' },
    neutral: 'usage_event_id',
  },
  usage_ingest_keys: { neutral: 'event_id source usage_event_id' },
  usage_rollups_hourly: { neutral: 'action_type model_name provider source team_id tool_id' },
  usage_rollups_daily: { about: 'user_id', neutral: 'model_name period_start provider tool_id' },
  usage_sessions: {
    about: 'user_id',
    personal: 'ip_address user_agent city region country timezone',
    secret: 'session_token_hash',
  },
  api_usage_logs: {
    about: 'user_id',
    personal: 'api_key_id request_headers request_params response_headers request_id error_message',
    neutral: 'endpoint error_type method',
  },
  analytics_reports: {
    by: 'created_by',
    among: 'shared_with',
    mentions: 'filters schedule_config',
    neutral: 'aggregations data_sources description name',
  },
  report_executions: {
    by: 'triggered_by',
    mentions: 'result_data',
    neutral: 'error_message result_file_path',
  },
  price_overrides: { by: 'created_by', neutral: 'model_name model_version provider reason' },
  price_override_components: {},
  budgets: { by: 'created_by', things: 'scope_id', neutral: 'name time_zone' },
  budget_periods: { neutral: 'period_start period_end' },
  budget_alerts: { by: 'acknowledged_by', neutral: 'period_start' },
  budget_reservations: { neutral: 'request_id' },
  cost_allocations: {
    about: 'user_id',
    things: 'resource_id',
    neutral: 'billing_period cost_breakdown tags usage_event_id',
  },
}

/** Events keep their cost and say that they are nobody's: no id at all, but one pseudonym for all of a person's. */
export const anonymousEvents = {
  table: 'usage_events',
  person: 'user_id',
  flag: 'anonymized',
  pseudonym: 'pseudonym',
}

/** The names of one of a rule's lists. */
export function listed(names: string | undefined): readonly string[] {
  return names === undefined ? [] : names.split(' ')
}

/** Columns whose value is the id of a person, or may be. */
export function personColumns(rule: PersonalRule): readonly string[] {
  return [rule.about, rule.by, rule.things].flatMap(listed)
}
