import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { removeEndedCredentials } from "../terminals/credentials/end-later.ts";
import { forgetNonces } from "./pairing/nonces.ts";

export interface RetirementDeps {
  db: Db;
  clock: Clock;
  /** Called with the address of each removed credential; ends its connections. */
  credentialReplaced: (address: string) => void;
  virtualTerminalsChanged: () => void;
}

const lookEveryMs = 500;
const forgetEveryMs = minuteMs;
/** Time for the receipt of the last result, before the connection ends. */
const graceMs = 500;

/**
 * Removes the credentials of deleted terminals whose last operation is over, and ends their connections. No device gets in
 * with such a credential in between: a connection is asked for that operation.
 */
export function retirementWorker({ db, clock, ...deps }: RetirementDeps): Worker {
  return every("terminals.retire", lookEveryMs, async () => {
    const gone = await removeEndedCredentials(db, new Date(clock.now().getTime() - graceMs));
    for (const address of gone) deps.credentialReplaced(address);
    if (gone.length > 0) deps.virtualTerminalsChanged();
  });
}

/** Removes nonces that are over. */
export function nonceWorker({ db, clock }: Pick<RetirementDeps, "db" | "clock">): Worker {
  return every("terminals.forget_nonces", forgetEveryMs, () => forgetNonces(db, clock.realNow()));
}
