import type { Db } from "@tillkeeper/server/db/db";
import { acceptOperations, type NewOperation } from "@tillkeeper/server/operations/sql/accept";
import { newId } from "@tillkeeper/server/platform/ids";
import { accountId, terminalId } from "../parts/terminal-set.ts";

/** `created_by` of the operations that expire, to select them without the background load. */
const expiringBy = "bench-expiring";
const batchSize = 100;
const pollEveryMs = 20;
/** The reader polls one operation out of this many, because polling all of them would load the database. */
const sampleEvery = 50;

interface Expiring {
  id: string;
  /** Milliseconds since 1970. */
  deadline: number;
}

/** Milliseconds from an operation's deadline to its TIMEOUT. */
export interface Lateness {
  /** As seen by a reader that polls every fiftieth operation and the last, every 20 ms. */
  seen: number[];
  /** Of all operations, by `updated_at`: the time at which the server began the statement that ended them. */
  noted: number[];
}

/**
 * Accepts one operation per deadline, each on its own terminal, by the server's statement. Throws when a terminal is
 * busy, or when the first deadline passes before all operations are accepted.
 */
export async function acceptUntil(db: Db, deadlines: readonly number[]): Promise<Expiring[]> {
  const all: Expiring[] = [];
  while (all.length < deadlines.length) {
    const batch = deadlines
      .slice(all.length, all.length + batchSize)
      .map((deadline, index) => newOperation(terminalId(all.length + index), deadline));
    const accepted = await acceptOperations(db.pool, batch);
    if (accepted.includes(undefined)) throw new Error("a terminal was busy");
    all.push(...batch.map(({ id, deadline }) => ({ id, deadline: deadline.getTime() })));
  }
  if (Date.now() >= Math.min(...deadlines)) {
    throw new Error("the first of them expired before all were accepted: the machine is too busy");
  }
  return all;
}

function newOperation(terminal: string, deadline: number): NewOperation {
  const createdAt = new Date();
  return {
    accountId,
    id: newId(createdAt),
    terminalId: terminal,
    operation: "open_menu",
    parameters: {},
    whenBusy: null,
    deadline: new Date(deadline),
    timeoutGiven: true,
    createdAt,
    clientId: expiringBy,
    requestKey: null,
    requestSha256: null,
    dueAt: createdAt,
    announced: false,
  };
}

/** Polls until all operations have ended; throws `giveUpAfterMs` after the last deadline. */
export async function watch(db: Db, all: readonly Expiring[], giveUpAfterMs: number): Promise<Lateness> {
  const seen: number[] = [];
  const end = Math.max(...all.map(({ deadline }) => deadline)) + giveUpAfterMs;
  let pending = all.filter((_, index) => index % sampleEvery === 0 || index === all.length - 1);
  for (;;) {
    const lookedAt = Date.now();
    const ended = await endedAmong(db, pending);
    const now = Date.now();
    for (const { id, deadline } of pending) if (ended.has(id)) seen.push(now - deadline);
    pending = pending.filter(({ id }) => !ended.has(id));
    const noted = pending.length === 0 ? await notedLateness(db) : [];
    if (noted.length === all.length) return { seen, noted };
    if (now > end) throw new Error(`of ${all.length} operations some are still PENDING`);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, lookedAt + pollEveryMs - Date.now())));
  }
}

async function endedAmong(db: Db, pending: readonly Expiring[]): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ id: string }>({
    name: "ended_among",
    text: "select id from operations where account_id = $1 and id = any($2::uuid[]) and status <> 'PENDING'",
    values: [accountId, pending.map(({ id }) => id)],
  });
  return new Set(rows.map(({ id }) => id));
}

async function notedLateness(db: Db): Promise<number[]> {
  const { rows } = await db.pool.query<{ late: number }>(
    `select (extract(epoch from updated_at - deadline) * 1000)::float8 as late from operations
     where account_id = $1 and created_by = $2 and status = 'TIMEOUT'`,
    [accountId, expiringBy],
  );
  return rows.map(({ late }) => late);
}
