import { defaultTimeoutSeconds } from "@tillkeeper/contract/operations";
import { type Db, openDb } from "@tillkeeper/server/db/db";
import { createAccept } from "@tillkeeper/server/operations/accept";
import { createDurations } from "@tillkeeper/server/operations/durations";
import { acceptOperations, type NewOperation } from "@tillkeeper/server/operations/sql/accept";
import { systemClock } from "@tillkeeper/server/platform/clock";
import { newId } from "@tillkeeper/server/platform/ids";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { createMetrics } from "@tillkeeper/server/watching/metrics";
import { acceptOneText } from "../operations/accept-one.ts";
import { clientId } from "../parts/seed.ts";
import { accountId, scattered, terminalId } from "../parts/terminal-set.ts";
import { serveParent } from "./serve-parent.ts";
import type { ServerPlace } from "./server.ts";

/** Milliseconds of each accepted operation, with one caller and without HTTP. */
export interface GatheringTimes {
  /** Accepted by the function that the server's route calls, which batches. */
  gathered: number[];
  /** Accepted by the server's batch statement with one row, sent to the database directly. */
  batchOfOne: number[];
  /** Accepted by a statement written for one row. */
  oneRow: number[];
}

const timeoutSeconds = 600;
const outboxDelayMs = 3_600_000;

let db: Db | undefined;

function start({ database }: { database: ServerPlace["database"] }): void {
  db = openDb(database, createLogger("error"));
}

/** Accepts one operation at a time, by each method in turn, so that other load on the machine affects all three. */
async function run({ terminals, seconds }: { terminals: number; seconds: number }): Promise<GatheringTimes> {
  const methods = methodsOf(db as Db);
  const times: GatheringTimes = { gathered: [], batchOfOne: [], oneRow: [] };
  const end = performance.now() + seconds * 1000;
  for (let step = 0; performance.now() < end; ) {
    for (const method of ["gathered", "batchOfOne", "oneRow"] as const) {
      const terminal = terminalId(scattered(step++, terminals));
      const startedAt = performance.now();
      const accepted = await methods[method](terminal);
      times[method].push(performance.now() - startedAt);
      if (!accepted) throw new Error(`${method}: no operation for ${terminal}`);
    }
  }
  return times;
}

function methodsOf(database: Db): Record<keyof GatheringTimes, (terminal: string) => Promise<boolean>> {
  const { pool } = database;
  const accept = createAccept({
    db: database,
    clock: systemClock,
    announce: () => {},
    hears: () => true,
    durations: createDurations({ db: database, clock: systemClock }),
    watch: createMetrics(),
    windows: defaultTimeoutSeconds,
  });
  const oneRow = { name: "accept_one", text: acceptOneText("$1") };
  return {
    gathered: async (terminal) => {
      const body = { terminal_id: terminal, operation: "open_menu", timeout: timeoutSeconds } as const;
      const { operation } = await accept({ accountId, clientId, idempotencyKey: null, body });
      return operation.status === "PENDING";
    },
    batchOfOne: async (terminal) => (await acceptOperations(pool, [newOperation(terminal)]))[0] !== undefined,
    oneRow: async (terminal) => (await pool.query({ ...oneRow, values: [terminal] })).rowCount === 1,
  };
}

function newOperation(terminal: string): NewOperation {
  const now = new Date();
  return {
    accountId,
    id: newId(now),
    terminalId: terminal,
    operation: "open_menu",
    parameters: {},
    whenBusy: null,
    deadline: new Date(now.getTime() + timeoutSeconds * 1000),
    timeoutGiven: true,
    createdAt: now,
    clientId,
    requestKey: null,
    requestSha256: null,
    dueAt: new Date(now.getTime() + outboxDelayMs),
    announced: true,
  };
}

serveParent({ start, run }, async () => {
  await db?.close();
});
