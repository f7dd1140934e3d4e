drop index teams_search_idx;
drop index users_search_idx;
