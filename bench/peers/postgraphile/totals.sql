-- Totals are asked of PostGraphile by a function, which it lists like a table. Names are looked up when it is called,
-- in the caller's search path, so that one function serves every organization.
create schema comparison;
grant usage on schema comparison to public;
set check_function_bodies = off;
create function comparison.usage_totals() returns table (
  tool_id uuid, month timestamptz, events bigint, input_tokens bigint, output_tokens bigint, total_cost numeric
) language sql stable as $$
  select tool_id, date_trunc('month', occurred_at, 'UTC'), count(*), sum(input_tokens)::bigint,
    sum(output_tokens)::bigint, sum(total_cost)
  from usage_events group by 1, 2 order by 1, 2
$$;
reset check_function_bodies;
