drop table public.platform_admins, public.memberships, public.invitations;
