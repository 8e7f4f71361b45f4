import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import type { RealClock } from "../platform/clock.ts";

export interface LeaseDeps {
  db: Db;
  clock: RealClock;
  /** Identifies this server, also after a restart on its data folder, so that its own leases need not run out first. */
  serverId: string;
}

/** A virtual terminal that this server runs. */
export interface Leased {
  account_id: string;
  terminal_id: string;
  device_serial_number: string;
  /** When it was registered: a terminal of the same id that was registered at another time is another one. */
  created_at: Date;
  /**
   * The address whose journal is at this server, or that has no journal yet. Null where another server has run the
   * terminal.
   */
  address: string | null;
}

const leaseMs = 30_000;

/** Terminals to run, and deleted terminals that still have an operation to end. */
const wanted = sql`
  select account_id, terminal_id from terminals where simulated and status <> 'DELETED'
  union all
  select account_id, terminal_id from terminals join terminal_credentials using (account_id, terminal_id)
  where simulated and status = 'DELETED' and ends_with is not null`;

/**
 * Leases the virtual terminals without a lease, and renews the leases of this server. Answers all that it holds now.
 */
export async function lease({ db, clock, serverId }: LeaseDeps): Promise<Leased[]> {
  const until = new Date(clock.realNow().getTime() + leaseMs);
  const { rows } = await sql<Leased>`
    with held as (
      insert into virtual_terminal_leases as lease (account_id, terminal_id, server_id, leased_until, address)
      -- The first server takes the address of the registration: no server has a journal of it yet.
      select account_id, terminal_id, ${serverId}, ${until}, address
      from (${wanted}) as wanted left join terminal_credentials using (account_id, terminal_id)
      order by account_id, terminal_id
      on conflict (account_id, terminal_id) do update set leased_until = excluded.leased_until
      where lease.server_id = excluded.server_id
      returning lease.account_id, lease.terminal_id, lease.address
    )
    select terminals.account_id, terminals.terminal_id, terminals.device_serial_number, terminals.created_at,
      held.address
    from held join terminals using (account_id, terminal_id)`.execute(db.sql);
  return rows;
}

/** Takes over expired leases of other servers; answers the terminals' ids. */
export async function takeOverExpiredLeases({ db, clock, serverId }: LeaseDeps): Promise<string[]> {
  const now = clock.realNow();
  const { rows } = await sql<Pick<Leased, "terminal_id">>`
    update virtual_terminal_leases as lease
    set server_id = ${serverId}, leased_until = ${new Date(now.getTime() + leaseMs)}, address = null
    from (${wanted}) as wanted
    where wanted.account_id = lease.account_id and wanted.terminal_id = lease.terminal_id
      and lease.server_id <> ${serverId} and lease.leased_until < ${now}
    returning lease.terminal_id`.execute(db.sql);
  return rows.map((row) => row.terminal_id);
}

/** Stores the address that a terminal of this server has from now on. */
export async function noteAddress(
  { db, serverId }: LeaseDeps,
  { account_id: accountId, terminal_id: terminalId }: Leased,
  address: string,
): Promise<void> {
  await db.sql
    .updateTable("virtual_terminal_leases")
    .set({ address })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("server_id", "=", serverId)
    .execute();
}

/**
 * Ends the leases of this server, so that another need not wait for them to run out. The rows stay, to tell which
 * server has each journal.
 */
export async function endLeases({ db, serverId }: LeaseDeps): Promise<void> {
  await db.sql
    .updateTable("virtual_terminal_leases")
    .set({ leased_until: new Date(0) })
    .where("server_id", "=", serverId)
    .execute();
}
