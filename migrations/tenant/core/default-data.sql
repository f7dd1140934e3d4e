-- Default rows of every tenant, copied from the templates in public. Safe to apply again: ids follow from
-- names, so that a grant which was closed stays closed.

/* default_data.roles: those of the platform exist on its own side only */
insert into roles
  (id, name, display_name, description, role_type, default_role_id, role_level, is_system_role, is_assignable)
select id, name, display_name, description, scope, id, role_level, is_system_role, is_assignable
from public.default_roles
where scope = 'organization'
on conflict do nothing;

/* default_data.role_parents */
insert into role_parents (id, role_id, parent_role_id)
select public.uuid_of_name('orgscope:role-parent:' || template.name), child.id, parent.id
from public.default_roles template
join public.default_roles above on above.name = template.parent_name
join roles child on child.default_role_id = template.id
join roles parent on parent.default_role_id = above.id
on conflict do nothing;

/* default_data.roles_parent */
update roles
set parent_role_id = role_parents.parent_role_id
from role_parents
where role_parents.role_id = roles.id
  and role_parents.valid_until is null
  and roles.parent_role_id is distinct from role_parents.parent_role_id;

/* default_data.permissions: every action of every type but the two that span organizations */
insert into permissions (id, name, resource_type_id, action, is_system_permission)
select
  public.uuid_of_name('orgscope:permission:' || name || '.' || action), name || '.' || action, id, action,
  true
from public.resource_types, unnest(available_actions) as action
where name || '.' || action not in ('organization.create', 'organization.manage_all')
on conflict do nothing;

/* default_data.role_permissions */
insert into role_permissions (id, role_id, permission_id, effect, additional_conditions)
select template.id, roles.id, permissions.id, template.access_type, template.conditions
from public.default_permissions template
join roles on roles.default_role_id = template.default_role_id
join permissions on permissions.name = template.name
on conflict do nothing;

/* default_data.resources */
insert into resources (id, resource_type_id, resource_id)
select public.uuid_of_name('orgscope:resource:' || type || '/' || resource), resource_types.id, resource
from (
  values ('system', 'global'), ('api', 'public_api'), ('api', 'admin_api'), ('analytics', 'system_analytics')
) as registered (type, resource)
join public.resource_types on resource_types.name = registered.type
on conflict do nothing;
