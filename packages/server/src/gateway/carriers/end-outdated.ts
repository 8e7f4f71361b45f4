import type { Db } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { tokenGraceMs } from "../../terminals/credentials/token-end.ts";
import { findOutdated } from "./sql/outdated-connections.ts";
import type { DeviceTransport } from "./transport.ts";

interface CheckDeps {
  db: Db;
  clock: RealClock;
  log: Logger;
  transport: DeviceTransport;
}

const checkEveryMs = 2_000;

/**
 * Ends connections whose credential is over: replaced at another server, its terminal deleted there, or its token
 * ended. It looks every 2 seconds, so such a connection ends within 5.
 */
export function credentialWorker({ db, clock, log, transport }: CheckDeps): Worker {
  return every("gateway.credentials", checkEveryMs, async () => {
    const connections = transport.connections();
    if (connections.length === 0) return;
    const addresses = connections.map(({ address }) => address);
    const outdated = await findOutdated(db, addresses);
    const now = clock.realNow().getTime();
    const over = connections.filter(({ endsAt }) => endsAt && endsAt.getTime() + tokenGraceMs <= now);
    for (const connection of new Set([...outdated.map((position) => connections[position]), ...over])) {
      log.info({ address: connection?.address }, "ended a connection with an old credential");
      connection?.end();
    }
  });
}
