-- Default rows of the shared tables. Applied after every migration run and safe to apply again: ids follow
-- from names, and a row that is already there stays as it is.

/* default_data.modules */
insert into public.modules (id, name, display_name, description, is_core, default_plans)
select
  public.uuid_of_name('orgscope:module:' || name), name, display_name, description, is_core, default_plans
from (
  values
    ('core', 'Core', 'People, teams, access and audit.', true, '{free,pro,enterprise}'::text[]),
    ('usage', 'Usage', 'Which tools and models are used, and at what cost.', false, '{free,pro,enterprise}'),
    ('compliance', 'Compliance', 'Frameworks, classification, masking and retention.', false, '{enterprise}'),
    ('llm', 'LLM workbench', 'Conversations, documents and prompt templates.', false, '{pro,enterprise}'),
    ('workspace', 'Workspace', 'Projects, notifications and data sources.', false, '{free,pro,enterprise}'),
    ('portfolio', 'Portfolio', 'Assets, migration planning and waves.', false, '{enterprise}'),
    ('records', 'Records', 'Regulated record stores.', false, '{enterprise}')
) as module (name, display_name, description, is_core, default_plans)
on conflict do nothing;

/* default_data.trials: one for each module that is not in the free plan */
insert into public.trials (id, module_id, slug, name, duration_days)
select
  public.uuid_of_name('orgscope:trial:' || name || '-trial'), id, name || '-trial',
  display_name || ' trial', 30
from public.modules
where not is_core and not 'free' = any (default_plans)
on conflict do nothing;

/* default_data.resource_types */
insert into public.resource_types (id, name, available_actions, module)
select public.uuid_of_name('orgscope:resource-type:' || name), name, available_actions, module
from (
  values
    ('system', '{manage,configure,monitor,backup,restore}'::text[], 'core'),
    ('user', '{create,read,update,delete,impersonate,reset_password}', 'core'),
    ('role', '{create,read,update,delete,assign,revoke}', 'core'),
    ('permission', '{create,read,update,delete,grant,revoke}', 'core'),
    ('conversation', '{create,read,update,delete,share,export}', 'llm'),
    ('message', '{create,read,update,delete,flag}', 'llm'),
    ('document', '{create,read,update,delete,download,process}', 'llm'),
    ('prompt_template', '{create,read,update,delete,use,share}', 'llm'),
    ('analytics', '{create,read,update,delete,export,schedule}', 'usage'),
    ('audit', '{read,export,archive}', 'core'),
    ('api', '{access,rate_limit_exempt,admin_access}', 'core'),
    ('cost_center', '{create,read,update,delete,manage_budget}', 'usage'),
    ('encryption_key', '{create,read,update,delete,rotate,use}', 'compliance'),
    ('compliance', '{create,read,update,delete,assess,report}', 'compliance'),
    ('organization', '{create,read,update,delete,delete_data,manage_all,manage_members}', 'core'),
    ('team', '{create,read,update,delete,manage_members}', 'core'),
    ('api_key', '{create,read,update,delete,rotate}', 'core'),
    ('webhook', '{create,read,update,delete}', 'core'),
    ('data', '{import,export,update,purge}', 'core'),
    ('tool', '{create,read,update,delete,decide}', 'usage'),
    ('usage', '{create,read,export,anonymize}', 'usage'),
    ('budget', '{create,read,update,delete}', 'usage'),
    ('project', '{create,read,update,delete,manage_members}', 'workspace'),
    ('datasource', '{create,read,update,delete,test}', 'workspace'),
    ('trial', '{read,share}', 'workspace'),
    ('engagement', '{create,read,update,delete,delete_data,manage_members}', 'portfolio'),
    ('asset', '{create,read,update,delete,assess}', 'portfolio'),
    ('agent', '{read,configure,approve}', 'portfolio'),
    ('patient_record', '{create,read,update,delete,export}', 'records'),
    ('execution_record', '{create,read,update,delete}', 'records')
) as resource_type (name, available_actions, module)
on conflict do nothing;

/* default_data.default_roles */
insert into public.default_roles
  (id, name, display_name, description, parent_name, role_level, is_assignable, scope)
select
  public.uuid_of_name('orgscope:role:' || name), name, display_name, description, parent_name, role_level,
  scope <> 'platform', scope
from (
  values
    ('super_admin', 'Super admin', 'Everything; held by platform admins.', 'owner', 0, 'platform'),
    ('owner', 'Owner', 'All of the organization, its deletion included.', 'admin', 1, 'organization'),
    ('admin', 'Admin', 'Runs the organization.', 'manager', 1, 'organization'),
    ('manager', 'Manager', 'Leads people and projects.', 'viewer', 2, 'organization'),
    ('analyst', 'Analyst', 'Explores usage and cost, and builds reports.', 'viewer', 3, 'organization'),
    ('member', 'Member', 'Works with the tools of the organization.', 'user', 4, 'organization'),
    ('user', 'User', 'Own conversations and documents.', null, 4, 'organization'),
    ('viewer', 'Viewer', 'Reads.', null, 5, 'organization'),
    ('api_user', 'API user', 'What an API key may do unless it names another role.', null, 4, 'organization'),
    ('compliance_officer', 'Compliance officer', 'Compliance and its evidence.', null, 2, 'organization'),
    ('security_admin', 'Security admin', 'Security settings, keys and audit.', null, 1, 'organization'),
    ('cost_manager', 'Cost manager', 'Cost centres and budgets.', null, 3, 'organization')
) as role (name, display_name, description, parent_name, role_level, scope)
on conflict do nothing;

/* default_data.default_permissions: what a role has beyond its parent; type.* stands for every action */
insert into public.default_permissions (id, default_role_id, name, module, resource_type_id, action)
with granted (role, permissions) as (
  values
    ('super_admin', '{user.impersonate,organization.create,organization.manage_all}'::text[]),
    ('owner', '{organization.delete,organization.delete_data,data.purge,system.manage}'),
    ('manager',
      '{user.update,role.read,role.assign,api.access,project.create,project.update,'
      'project.manage_members,team.manage_members}'),
    ('analyst', '{document.process,analytics.create,analytics.export,audit.read,api.access}'),
    ('member', '{organization.read,team.read,project.read,tool.read,usage.create,trial.read}'),
    ('user',
      '{conversation.create,conversation.read,conversation.update,conversation.delete,document.create,'
      'document.read,document.update,document.delete,document.process,api.access}'),
    ('viewer',
      '{user.read,conversation.read,document.read,analytics.read,organization.read,team.read,'
      'project.read,tool.read,usage.read}'),
    ('api_user',
      '{conversation.create,conversation.read,conversation.update,document.create,document.read,'
      'document.process,api.access,usage.create}'),
    ('compliance_officer',
      '{user.read,audit.read,audit.export,analytics.read,analytics.export,compliance.*}'),
    ('security_admin',
      '{system.configure,system.monitor,user.read,user.update,role.read,audit.read,audit.export,'
      'api.admin_access,encryption_key.*}'),
    ('cost_manager', '{cost_center.*,budget.*,usage.read,analytics.read,analytics.export}')
),
known as (
  select resource_type.id, resource_type.name as type, resource_type.module, action
  from public.resource_types resource_type, unnest(resource_type.available_actions) as action
),
resolved as (
  select granted.role, known.*
  from granted, unnest(granted.permissions) as permission
  join known on permission in (known.type || '.' || known.action, known.type || '.*')
  union all
  -- The admin has all that is left: neither the owner's nor the platform's, nor what managers already have.
  select 'admin', known.*
  from known
  where not exists (
    select from granted
    where granted.role in ('super_admin', 'owner', 'manager', 'viewer')
      and known.type || '.' || known.action = any (granted.permissions)
  )
)
select
  public.uuid_of_name('orgscope:role-permission:' || resolved.role || ':' || type || '.' || resolved.action),
  default_roles.id, type || '.' || resolved.action, resolved.module, resolved.id, resolved.action
from resolved
join public.default_roles on default_roles.name = resolved.role
on conflict do nothing;

/* default_data.tool_catalog */
insert into public.tool_catalog (id, name, type, vendor, api_available)
values (public.uuid_of_name('orgscope:tool:OpenAI GPT-4'), 'OpenAI GPT-4', 'llm', 'OpenAI', true)
on conflict do nothing;

/* default_data.llm_providers */
insert into public.llm_providers (id, name, provider_type, default_model, supported_models, pricing_config)
values (
  public.uuid_of_name('orgscope:provider:openai'), 'openai', 'openai', 'gpt-4o-mini',
  '["gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-3.5-turbo"]',
  '{"currency": "USD", "billing_unit": "tokens"}'
)
on conflict do nothing;

/* default_data.llm_models */
insert into public.llm_models
  (id, provider_id, model_name, display_name, max_tokens, supports_functions, supports_vision)
select
  public.uuid_of_name('orgscope:model:' || model.name), llm_providers.id, model.name, model.display_name,
  context_tokens, true, vision
from (
  values
    ('gpt-4o', 'GPT-4o', 128000, true),
    ('gpt-4o-mini', 'GPT-4o Mini', 128000, true),
    ('gpt-4-turbo', 'GPT-4 Turbo', 128000, true),
    ('gpt-3.5-turbo', 'GPT-3.5 Turbo', 16385, false)
) as model (name, display_name, context_tokens, vision)
join public.llm_providers on llm_providers.name = 'openai'
on conflict do nothing;

/* default_data.llm_model_pricing: the first known price has no lower bound in time */
insert into public.llm_model_pricing (id, provider, model_name, model_id, currency, effective_from, source)
select
  public.uuid_of_name('orgscope:price:' || model_name), llm_providers.name, model_name, llm_models.id, 'USD',
  '-infinity', 'list price'
from public.llm_models
join public.llm_providers on llm_providers.id = llm_models.provider_id
where llm_providers.name = 'openai'
  and model_name in ('gpt-4o', 'gpt-4o-mini', 'gpt-4-turbo', 'gpt-3.5-turbo')
on conflict do nothing;

/* default_data.llm_price_components: USD per 1,000,000 tokens */
insert into public.llm_price_components (pricing_id, component, unit, amount)
select llm_model_pricing.id, component, 'per_1m_tokens', amount
from (
  values
    ('gpt-4o', 'input', 2.5),
    ('gpt-4o', 'output', 10),
    ('gpt-4o-mini', 'input', 0.15),
    ('gpt-4o-mini', 'output', 0.6),
    ('gpt-4-turbo', 'input', 10),
    ('gpt-4-turbo', 'output', 30),
    ('gpt-3.5-turbo', 'input', 0.5),
    ('gpt-3.5-turbo', 'output', 1.5)
) as rate (name, component, amount)
join public.llm_model_pricing on llm_model_pricing.id = public.uuid_of_name('orgscope:price:' || rate.name)
on conflict do nothing;

/* default_data.configuration_settings: system.version is written by the program, which knows it */
insert into public.configuration_settings
  (id, service_name, environment, config_key, config_value, value_type, default_value)
select
  public.uuid_of_name('orgscope:setting:' || coalesce(service, '') || ':production:' || key), service,
  'production', key, value, type, value
from (
  values
    (null, 'system.name', 'Orgscope', 'string'),
    (null, 'system.version', null, 'string'),
    (null, 'security.session_timeout', '1800', 'number'),
    (null, 'security.max_login_attempts', '5', 'number'),
    (null, 'security.password_min_length', '12', 'number'),
    (null, 'llm.default_model', 'gpt-4o-mini', 'string'),
    (null, 'llm.max_tokens_per_request', '4000', 'number'),
    (null, 'analytics.retention_days', '365', 'number'),
    (null, 'audit.retention_days', '2555', 'number'),
    (null, 'files.max_upload_size', '104857600', 'number'),
    ('user_service', 'jwt.access_token_expires', '1800', 'number'),
    ('user_service', 'jwt.refresh_token_expires', '604800', 'number'),
    ('llm_service', 'rate_limit.requests_per_minute', '60', 'number'),
    ('llm_service', 'rate_limit.tokens_per_hour', '100000', 'number'),
    ('analytics_service', 'reports.max_concurrent_executions', '5', 'number'),
    (null, 'partitioning.threshold_rows', '5000000', 'number'),
    (null, 'provisioning.max_attempts', '5', 'number')
) as setting (service, key, value, type)
on conflict do nothing;

/* default_data.system_identity: acts for the installation itself and can never sign in */
insert into public.identities (id, email, username, kind, is_locked)
values (public.uuid_of_name('orgscope:identity:system'), 'system@orgscope.invalid', 'system', 'system', true)
on conflict do nothing;
