import { roleOf, schemaOf, type TenantId } from '../../../src/tenancy/tenant-id.js'

/** Something somebody did to a tenant by hand, and how the check tells of it. */
export interface Damage {
  readonly what: string
  readonly sql: (schema: string) => string
  /** The finding's message, where `ROLE` stands for the tenant's role. */
  readonly message: string | RegExp
}

/** Each touches objects that no other one touches, so that any of them can be done together. */
export const damages: readonly Damage[] = [
  {
    what: 'an index is dropped',
    sql: (s) => `drop index ${s}.users_department_idx`,
    message: 'index users_department_idx on users is missing',
  },
  {
    what: 'an index is added',
    sql: (s) => `create index users_job_title_idx on ${s}.users (job_title)`,
    message: 'extra index users_job_title_idx on users',
  },
  {
    what: 'an index has other columns',
    sql: (s) =>
      `drop index ${s}.teams_lead_id_idx; create index teams_lead_id_idx on ${s}.teams (lead_id, id)`,
    message:
      /^index teams_lead_id_idx on teams differs: CREATE INDEX .* \(lead_id, id\) instead of CREATE INDEX .* \(lead_id\) WHERE/,
  },
  {
    what: 'an index of a partitioned table is dropped',
    sql: (s) => `drop index ${s}.audit_logs_occurred_at_idx`,
    message: 'index audit_logs_occurred_at_idx on audit_logs is missing',
  },
  {
    what: 'a column is dropped',
    sql: (s) => `alter table ${s}.users drop column avatar_url`,
    message: 'column users.avatar_url is missing',
  },
  {
    what: 'a column is added',
    sql: (s) => `alter table ${s}.teams add column page_url text`,
    message: 'extra column teams.page_url (text)',
  },
  {
    what: 'a column has another type',
    sql: (s) => `alter table ${s}.users alter column phone_number type varchar(40)`,
    message: 'column users.phone_number differs: type character varying(40) instead of text',
  },
  {
    what: 'a column has another default',
    sql: (s) => `alter table ${s}.users alter column locale set default 'de-DE'`,
    message: "column users.locale differs: default 'de-DE'::text instead of 'en-US'::text",
  },
  {
    what: 'a column may be null',
    sql: (s) => `alter table ${s}.users alter column timezone drop not null`,
    message: 'column users.timezone differs: null instead of not null',
  },
  {
    what: 'a check is dropped',
    sql: (s) => `alter table ${s}.users drop constraint users_status_check`,
    message: 'CHECK users_status_check on users is missing',
  },
  {
    what: 'a check is another one',
    sql: (s) =>
      `alter table ${s}.teams drop constraint teams_name_check;
       alter table ${s}.teams add constraint teams_name_check check (length(name) > 3)`,
    message: /^CHECK teams_name_check on teams differs: CHECK \(\(length\(name\) > 3\)\) instead of CHECK/,
  },
  {
    what: 'a check is not validated',
    sql: (s) =>
      `alter table ${s}.team_members drop constraint team_members_role_check;
       alter table ${s}.team_members add constraint team_members_role_check check (role in ('lead', 'member')) not valid`,
    message: /^CHECK team_members_role_check on team_members differs: CHECK .* NOT VALID instead of CHECK/,
  },
  {
    what: 'a foreign key is dropped',
    sql: (s) => `alter table ${s}.team_members drop constraint team_members_added_by_fkey`,
    message: 'foreign key team_members_added_by_fkey on team_members is missing',
  },
  {
    what: 'a primary key is dropped',
    sql: (s) => `alter table ${s}.user_profiles drop constraint user_profiles_pkey`,
    message: 'primary key user_profiles_pkey on user_profiles is missing',
  },
  {
    what: 'a table is dropped',
    sql: (s) => `drop table ${s}.saved_queries`,
    message: 'table saved_queries is missing, though the ledger has core 0005_saved_queries',
  },
  {
    what: 'a default partition is dropped',
    sql: (s) => `drop table ${s}.audit_logs_default`,
    message: 'table audit_logs_default is missing, though the ledger has core 0003_audit',
  },
  {
    what: 'a table is added',
    sql: (s) => `create table ${s}.scratch (id integer)`,
    message: 'extra table scratch',
  },
  {
    what: 'a view is added',
    sql: (s) => `create view ${s}.report as select 1 as one`,
    message: 'extra view report',
  },
  {
    what: 'a function is added',
    sql: (s) => `create function ${s}.helper(a integer) returns integer language sql return a + 1`,
    message: 'extra function helper(a integer)',
  },
  {
    what: 'a policy is added',
    sql: (s) => `create policy all_rows on ${s}.role_parents using (true)`,
    message: 'extra policy all_rows on role_parents',
  },
  {
    what: 'a grant is revoked',
    sql: (s) => `revoke insert on ${s}.teams from ROLE`,
    message: 'grant of insert to the tenant’s role on teams is missing',
  },
  {
    what: 'more is granted',
    sql: (s) => `grant delete on ${s}.audit_logs to ROLE`,
    message: 'extra grant of delete to the tenant’s role on audit_logs',
  },
  {
    what: 'a column is granted to somebody else',
    sql: (s) => `grant select (email) on ${s}.users to orgscope_account`,
    message: 'extra grant of select (email) to orgscope_account on users',
  },
  {
    what: 'the schema is not to be used',
    sql: (s) => `revoke usage on schema ${s} from ROLE`,
    message: 'grant of usage to the tenant’s role on the schema is missing',
  },
  {
    what: 'a table has another owner',
    sql: (s) => `alter table ${s}.delegations owner to current_user`,
    message: /^table delegations differs: owner \w+ instead of orgscope_owner$/,
  },
  {
    what: 'row-level security is switched on',
    sql: (s) => `alter table ${s}.resources enable row level security`,
    message: 'table resources differs: row-level security on instead of off',
  },
  {
    what: 'foreign keys are switched off',
    sql: (s) => `alter table ${s}.permissions disable trigger all`,
    message: 'table permissions differs: triggers disabled instead of enabled',
  },
  {
    what: 'the role may make roles',
    sql: () => `alter role ROLE createrole`,
    message: 'role ROLE is createrole',
  },
  {
    what: 'the gateway cannot become the role',
    sql: () => `set local role orgscope_owner; revoke ROLE from orgscope_gateway; reset role`,
    message: 'orgscope_gateway is not a member of role ROLE',
  },
  {
    what: 'somebody else can become the role',
    sql: () => `grant ROLE to orgscope_platform`,
    message: 'orgscope_platform is a member of role ROLE',
  },
  {
    what: 'another version is recorded',
    sql: (s) =>
      `update public.tenant_schemas set schema_versions = schema_versions || '{"core": 1}' where schema_name = '${s}'`,
    message: /^core is recorded at version 1, the ledger is at \d+$/,
  },
]

/** The statements of damages, as one message. */
export function damageSql(tenant: TenantId, chosen: readonly Damage[]): string {
  const statements = chosen.map(({ sql }) => sql(schemaOf(tenant)).replaceAll('ROLE', roleOf(tenant)))
  return `begin; ${statements.join(';\n')}; commit`
}

/** The messages a check must give for damages, as patterns. */
export function damageMessages(tenant: TenantId, chosen: readonly Damage[]): (string | RegExp)[] {
  return chosen.map(({ message }) =>
    typeof message === 'string' ? message.replaceAll('ROLE', roleOf(tenant)) : message,
  )
}
