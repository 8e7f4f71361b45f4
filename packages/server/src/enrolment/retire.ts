import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { pause, type Worker } from "../platform/worker.ts";
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
const forgetEveryMs = 60_000;
/** Time for the receipt of the last result, before the connection ends. */
const graceMs = 500;

/**
 * Removes the credentials of deleted terminals whose last operation is over, and ends their connections. No device
 * connects with such a credential before that: authentication checks that operation. Once a minute it also removes
 * expired nonces.
 */
export function retirementWorker({ db, clock, ...deps }: RetirementDeps): Worker {
  return {
    name: "terminals.retire",
    async run(signal) {
      let forgetAt = 0;
      while (!signal.aborted) {
        const now = clock.realNow();
        if (now.getTime() >= forgetAt) {
          await forgetNonces(db, now);
          forgetAt = now.getTime() + forgetEveryMs;
        }
        const gone = await removeEndedCredentials(db, new Date(clock.now().getTime() - graceMs));
        for (const address of gone) deps.credentialReplaced(address);
        if (gone.length > 0) deps.virtualTerminalsChanged();
        await pause(lookEveryMs, signal);
      }
    },
  };
}
