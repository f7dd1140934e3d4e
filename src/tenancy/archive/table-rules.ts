/** What an archive takes of a table of schema `public`. */
export type SharedTableRule = ExportedRows | { readonly excluded: string }

export interface ExportedRows {
  /** Rows of one organization, as a condition on `t`; `:organization` stands for its id as a literal. */
  readonly rows: string
  /** Columns that stay behind: secrets, and what means something in this installation only. */
  readonly without?: readonly string[]
  /** Columns added to the table's own, as SQL by name. */
  readonly extra?: Readonly<Record<string, string>>
}

const OWN = 't.organization_id = :organization'
const CATALOGUE = 'a catalogue shared by all organizations; every installation has its own'
const SIGN_IN = 'a proof of having signed in, which holds in this installation only'
const OPERATOR = 'belongs to the operator of this installation'
const IN_MANIFEST = 'stands in the manifest'

/**
 * Every table of schema `public`: which of its rows go with an organization, or why none do. A table that is missing
 * here stops every export, and a test.
 */
export const sharedTableRules: Readonly<Record<string, SharedTableRule>> = {
  organizations: { excluded: IN_MANIFEST },
  tenant_schemas: { excluded: IN_MANIFEST },
  module_access: { excluded: IN_MANIFEST },
  schema_migrations: { excluded: IN_MANIFEST },

  // Of people: who they are and by which subjects they sign in, never how they prove it.
  identities: {
    rows: `exists (select from public.memberships m where m.identity_id = t.id and m.organization_id = :organization)`,
    without: [
      'username',
      'password_hash',
      'is_active',
      'is_verified',
      'is_locked',
      'email_verified_at',
      'phone_number',
      'phone_verified_at',
      'failed_login_attempts',
      'last_failed_login',
      'locked_until',
      'password_changed_at',
      'last_login_at',
      'last_login_ip',
      'login_count',
      'mfa_enabled',
      'mfa_secret',
      'last_totp_counter',
      'backup_codes',
      'default_organization_id',
      'metadata',
      'updated_at',
      'deleted_at',
    ],
    extra: {
      subjects: `(select coalesce(jsonb_agg(jsonb_build_array(p.issuer, a.external_subject)), '[]')
        from public.sso_accounts a join public.sso_providers p on p.id = a.provider_id
        where a.identity_id = t.id and p.issuer is not null
          and (p.organization_id is null or p.organization_id = :organization))`,
    },
  },
  memberships: { rows: OWN },
  // The link in the invitation's mail leads to this installation.
  invitations: { rows: OWN, without: ['token_hash'] },
  organization_domains: { rows: OWN, without: ['verification_token_hash'] },
  sso_providers: { rows: OWN, without: ['client_secret', 'config', 'metadata'] },
  api_keys: { rows: OWN },
  api_key_usage: {
    rows: 't.api_key_id in (select k.id from public.api_keys k where k.organization_id = :organization)',
  },
  organization_api_usage: { rows: OWN },
  scim_tokens: { rows: OWN },

  sso_accounts: {
    excluded:
      'a link to an account elsewhere lets somebody sign in, which no archive may decide; subjects are listed with the people',
  },
  provider_credentials: { excluded: "encrypted with this installation's master key; enter them again" },
  identity_tokens: { excluded: SIGN_IN },
  sso_tickets: { excluded: SIGN_IN },
  sessions: { excluded: SIGN_IN },
  tenant_wakeups: { excluded: 'wakes readers of this installation' },
  tenant_operations: { excluded: OPERATOR },
  platform_admins: { excluded: OPERATOR },
  platform_audit_logs: { excluded: OPERATOR },
  configuration_settings: { excluded: OPERATOR },
  services: { excluded: OPERATOR },
  spare_schemas: { excluded: OPERATOR },
  fleet_runs: { excluded: OPERATOR },
  fleet_run_items: { excluded: OPERATOR },
  modules: { excluded: CATALOGUE },
  trials: { excluded: CATALOGUE },
  resource_types: { excluded: CATALOGUE },
  default_roles: { excluded: CATALOGUE },
  default_permissions: { excluded: CATALOGUE },
  tool_catalog: { excluded: CATALOGUE },
  llm_providers: { excluded: CATALOGUE },
  llm_models: { excluded: CATALOGUE },
  llm_model_pricing: { excluded: CATALOGUE },
  llm_price_components: { excluded: CATALOGUE },
  exchange_rates: { excluded: CATALOGUE },
}

/** Tables of a tenant's schema whose rows stay behind, with the reason; every other one is exported whole. */
export const excludedTenantTables: Readonly<Record<string, string>> = {
  idempotency_keys:
    'answers to repeated requests, which mean something to the clients of this installation only',
}

/** Columns of tenant tables that stay behind: a row gets the default where it is imported. */
export const excludedTenantColumns: Readonly<Record<string, readonly string[]>> = {
  // The position in this cluster's order of transactions.
  outbox_events: ['transaction_id'],
}

/** Tables of schema `public` without a rule, among those there are. */
export function unruledTables(tables: readonly string[]): string[] {
  return tables.filter((table) => sharedTableRules[table] === undefined)
}
