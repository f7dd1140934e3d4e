drop table team_members, teams, user_profiles, users;
