import type { Db } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { pause, type Worker } from "../../platform/worker.ts";
import { tokenGraceMs } from "../../terminals/credentials/token-end.ts";
import { findOutdated } from "./sql/outdated-connections.ts";
import type { DeviceTransport } from "./transport.ts";

interface CheckDeps {
  db: Db;
  clock: RealClock;
  log: Logger;
  transport: () => DeviceTransport;
}

const checkEveryMs = 2_000;

/**
 * Ends connections whose credential another server has replaced, or whose terminal it has deleted, within 5 seconds, and those
 * whose tokens are over.
 */
export function credentialWorker({ db, clock, log, transport }: CheckDeps): Worker {
  return {
    name: "gateway.credentials",
    async run(signal) {
      while (!signal.aborted) {
        const connections = transport().connections();
        const outdated =
          connections.length === 0
            ? []
            : await findOutdated(
                db,
                connections.map(({ address }) => address),
              );
        const over = connections.filter(
          ({ endsAt }) => endsAt && endsAt.getTime() + tokenGraceMs <= clock.realNow().getTime(),
        );
        for (const connection of new Set([...outdated.map((position) => connections[position]), ...over])) {
          log.info({ address: connection?.address }, "ended a connection with an old credential");
          connection?.end();
        }
        await pause(checkEveryMs, signal);
      }
    },
  };
}
