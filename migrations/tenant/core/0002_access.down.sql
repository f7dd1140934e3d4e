drop index users_primary_role_id_idx;
alter table users drop constraint users_primary_role_id_fkey;
drop table
  role_change_approvals,
  user_permissions,
  user_roles,
  delegations,
  role_permissions,
  permissions,
  role_parents,
  roles,
  resources;
