import type { Db } from "../db/db.ts";
import type { Logger } from "../platform/log.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { accountOfTerminalId } from "../terminals/credentials.ts";
import { findOutdated } from "./sql/outdated-connections.ts";
import type { DeviceTransport } from "./transport.ts";

interface CheckDeps {
  db: Db;
  log: Logger;
  transport: () => DeviceTransport;
}

const checkEveryMs = 2_000;

/** Ends connections whose credential another server has replaced, or whose terminal it has deleted, within 5 seconds. */
export function credentialWorker({ db, log, transport }: CheckDeps): Worker {
  return {
    name: "gateway.credentials",
    async run(signal) {
      while (!signal.aborted) {
        const connections = transport().connections();
        const outdated = connections.length === 0 ? [] : await findOutdated(db, connections.map(withAccount));
        for (const position of outdated) {
          log.info({ terminal_id: connections[position]?.terminalId }, "ended a connection with an old credential");
          connections[position]?.end();
        }
        await pause(checkEveryMs, signal);
      }
    },
  };
}

function withAccount({ terminalId, credentialId }: { terminalId: string; credentialId: string }) {
  return { accountId: accountOfTerminalId(terminalId) ?? "", terminalId, credentialId };
}
