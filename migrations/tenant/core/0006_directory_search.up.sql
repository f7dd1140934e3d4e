-- Full-text search in the directory: the expressions are those of src/entity/search.ts, letter for letter.
create index users_search_idx on users using gin (
  to_tsvector('simple'::regconfig, translate(coalesce(left(full_name, 10000), '') || ' ' || coalesce(left(display_name, 10000), '') || ' ' || coalesce(left(username, 10000), '') || ' ' || coalesce(left(email, 10000), '') || ' ' || coalesce(left(job_title, 10000), '') || ' ' || coalesce(left(department, 10000), ''), '-_./@<>&:', '         '))
);
create index teams_search_idx on teams using gin (
  to_tsvector('simple'::regconfig, translate(coalesce(left(name, 10000), '') || ' ' || coalesce(left(description, 10000), ''), '-_./@<>&:', '         '))
);
