import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { forgetNonces } from "./pairing/nonces.ts";

export interface RetirementDeps {
  db: Db;
  clock: Clock;
  /** Told of every credential that is gone, so that whoever is connected with it is sent away. */
  credentialReplaced: (address: string) => void;
  virtualTerminalsChanged: () => void;
}

const lookEveryMs = 500;
const forgetEveryMs = minuteMs;
/** Lets the receipt of the last result out before the connection ends. */
const graceMs = 500;

/**
 * Removes the credentials of deleted terminals whose last operation is over, and ends their connections. No device gets in
 * with such a credential in between: a connection is asked for that operation.
 */
export function retirementWorker({ db, clock, ...deps }: RetirementDeps): Worker {
  return every("terminals.retire", lookEveryMs, async () => {
    const gone = await removeEnded(db, new Date(clock.now().getTime() - graceMs));
    for (const address of gone) deps.credentialReplaced(address);
    if (gone.length > 0) deps.virtualTerminalsChanged();
  });
}

/** Removes nonces that are over. */
export function nonceWorker({ db, clock }: Pick<RetirementDeps, "db" | "clock">): Worker {
  return every("terminals.forget_nonces", forgetEveryMs, () => forgetNonces(db, clock.realNow()));
}

async function removeEnded(db: Db, endedBefore: Date): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    delete from terminal_credentials as credential
    where ends_with is not null and not exists (
      select from operations
      where operations.account_id = credential.account_id and operations.id = credential.ends_with
        and (operations.status = 'PENDING' or operations.updated_at > ${endedBefore})
    )
    returning address`.execute(db.sql);
  return rows.map((row) => row.address);
}
