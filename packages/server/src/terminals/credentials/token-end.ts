import { pairingLimits } from "@tillkeeper/contract/pairing";
import { sql } from "kysely";
import type { DeviceIdentity } from "../../access/auth/tokens/device-tokens.ts";
import { batchTable } from "../../db/batch-table.ts";
import type { Db, Tx } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";
import type { TakenCredential } from "./broker-grant.ts";

/** An ended token may still be renewed for so long, before what it opened is ended. */
export const tokenGraceMs = pairingLimits.tokenGraceSeconds * 1000;

const lookEveryMs = 2_000;
/** A broker may take a second per credential. */
const batch = 50;
/** When any server tries again, after the broker could not be reached or the server died. */
const againAfterMs = minuteMs;

/**
 * The generation of a credential: brokers that keep a list store it. A new generation begins after tokens were over,
 * and brokers do not accept the former one again.
 */
export function generationOf({ token_lapses }: { token_lapses: number }): string {
  return String(token_lapses);
}

/**
 * Stores when the newest token of a credential ends, before the token is given out. Answers the generation for the
 * broker; undefined when the address is not the terminal's any more.
 */
export async function noteTokenEnd(
  tx: Tx,
  { accountId, terminalId, address }: DeviceIdentity,
  endsAt: Date,
): Promise<string | undefined> {
  const row = await tx
    .updateTable("terminal_credentials")
    .set({
      lapse_due_at: new Date(endsAt.getTime() + tokenGraceMs),
      token_lapses: sql`token_lapses + case when lapsed_at is null then 0 else 1 end`,
      lapsed_at: null,
    })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("address", "=", address)
    .returning("token_lapses")
    .executeTakeFirst();
  return row && generationOf(row);
}

interface LapseDeps {
  db: Db;
  clock: RealClock;
  log: Logger;
  /** Makes the broker forget these credentials and end their connections. Rejects when the broker cannot be reached. */
  lapse: (credentials: TakenCredential[]) => Promise<void>;
}

/**
 * Makes the worker that ends what was opened by tokens without a renewal. It first writes that a token is over; a
 * renewal after that begins a new generation. So a broker that is reached late, or twice, interrupts a renewed device
 * only until its agent asks again.
 *
 * While the servers or the database were down, devices could not renew. So the worker begins after the time that
 * renewals may take, also after a failure.
 */
export function tokenEndWorker({ db, clock, log, lapse }: LapseDeps): Worker {
  const round = async () => {
    const lapsed = await claimLapsed(db, clock.realNow());
    try {
      if (lapsed.length > 0) await lapse(lapsed.map(takenOf));
    } catch (error) {
      log.warn(
        { err: error, terminals: lapsed.length },
        "tokens that are over could not be taken back, it is tried again",
      );
      return false;
    }
    await settle(db, lapsed);
    return lapsed.length === batch;
  };
  let from = Number.POSITIVE_INFINITY;
  const begin = () => {
    from = clock.realNow().getTime() + tokenGraceMs;
  };
  return every("terminals.lapse", lookEveryMs, async () => clock.realNow().getTime() >= from && (await round()), {
    begin,
  });
}

function takenOf({ address, ...row }: Lapsed): TakenCredential {
  return { address, generation: generationOf(row) };
}

interface Lapsed {
  account_id: string;
  terminal_id: string;
  address: string;
  token_lapses: number;
  lapse_due_at: Date;
}

async function claimLapsed(db: Db, now: Date): Promise<Lapsed[]> {
  const again = new Date(now.getTime() + againAfterMs);
  const { rows } = await sql<Lapsed>`
    with due as (
      select account_id, terminal_id from terminal_credentials
      where lapse_due_at <= ${now}::timestamptz
      order by lapse_due_at limit ${batch}
      for update skip locked
    )
    update terminal_credentials as credential
    set lapsed_at = coalesce(credential.lapsed_at, ${now}::timestamptz), lapse_due_at = ${again}::timestamptz
    from due
    where credential.account_id = due.account_id and credential.terminal_id = due.terminal_id
    returning credential.account_id, credential.terminal_id, credential.address, credential.token_lapses,
      credential.lapse_due_at`.execute(db.sql);
  return rows;
}

const told = batchTable<Lapsed>({
  account_id: ["text", (row) => row.account_id],
  terminal_id: ["text", (row) => row.terminal_id],
  lapse_due_at: ["timestamptz", (row) => row.lapse_due_at],
});

/** Ends the lapses that the broker has taken. A renewed token has a new `lapse_due_at` and is left alone. */
async function settle(db: Db, lapsed: Lapsed[]): Promise<void> {
  if (lapsed.length === 0) return;
  await sql`
    update terminal_credentials as credential set lapse_due_at = null
    from ${told.of(lapsed, "told")}
    where credential.account_id = told.account_id and credential.terminal_id = told.terminal_id
      and credential.lapse_due_at = told.lapse_due_at and credential.lapsed_at is not null`.execute(db.sql);
}
