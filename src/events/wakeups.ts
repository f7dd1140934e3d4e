import { sql } from 'kysely'
import { statements, type Session } from '../tenancy/session.js'
import { isTenantId, type TenantId } from '../tenancy/tenant-id.js'

/** Organizations with news, and where to look on from. */
export interface Wakeups {
  /** The oldest transaction that was still running: everything below has been seen. */
  readonly seenBelow: bigint
  readonly organizationIds: readonly string[]
}

/**
 * The wake-ups of every transaction that was not known to have ended at the last look; the rest were seen then. Some
 * are seen twice, which does no harm; without a last look, none are.
 */
export async function readWakeups(session: Session, seenBelow: bigint | undefined): Promise<Wakeups> {
  const query = sql<{ seen_below: string; organization_ids: string[] }>`/* wakeups.read */
    select pg_snapshot_xmin(pg_current_snapshot())::text as seen_below, array(
      select distinct organization_id from public.tenant_wakeups
      where transaction_id >= ${seenBelow === undefined ? null : String(seenBelow)}::xid8
    ) as organization_ids`
  const [row] = await session.run(query.compile(statements))
  const { seen_below, organization_ids } = row as { seen_below: string; organization_ids: string[] }
  return { seenBelow: BigInt(seen_below), organizationIds: organization_ids }
}

/** An organization whose wake-ups were removed. */
export interface Woken {
  readonly tenant: TenantId
  readonly organizationId: string
}

/** Removes up to `limit` wake-ups of transactions below the given one, and says whose they were, if active. */
export async function removeWakeups(
  session: Session,
  below: bigint,
  limit: number,
): Promise<{ readonly removed: number; readonly woken: readonly Woken[] }> {
  const query = sql<{ organization_id: string; org_key: string | null; removed: number }>`/* wakeups.remove */
    with removed as (
      delete from public.tenant_wakeups where id in (
        select id from public.tenant_wakeups where transaction_id < ${String(below)}::xid8
        order by transaction_id limit ${limit})
      returning organization_id
    ), counted as (
      select organization_id, count(*) as removed from removed group by organization_id
    )
    select counted.organization_id, counted.removed, case when t.state = 'active' then o.org_key end as org_key
    from counted
    left join public.organizations o on o.id = counted.organization_id
    left join public.tenant_schemas t on t.organization_id = counted.organization_id`
  const rows = await session.run(query.compile(statements))
  return {
    removed: rows.reduce((sum, row) => sum + row.removed, 0),
    woken: rows.flatMap(({ org_key, organization_id }) =>
      org_key !== null && isTenantId(org_key) ? [{ tenant: org_key, organizationId: organization_id }] : [],
    ),
  }
}
