import type { Db } from "../db/db.ts";
import type { FileStore } from "../files/file-store.ts";
import type { RealClock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import type { CheckpointKey } from "./checkpoint-keys.ts";
import {
  type Checkpoint,
  CheckpointFault,
  type CheckpointHead,
  type CheckpointSeal,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint-text.ts";
import { claimTurn, endTurn, giveTurnBack, listHeads, turnMs } from "./checkpoint-turn.ts";

export interface CheckpointDeps {
  db: Db;
  clock: RealClock;
  log: Logger;
  files: Pick<FileStore, "get" | "put">;
  key: CheckpointKey;
  /** Leaves it to the level of the log whether checkpoints stand there; else they do at every level but `silent`. */
  quiet?: boolean;
}

/** One that was made, and the name of its file in the store. */
export interface MadeCheckpoint extends Checkpoint {
  file: string;
}

const lookEveryMs = minuteMs;

/**
 * Makes a checkpoint every hour, by one of the servers of a database, and the first at once. A place of files that cannot
 * be reached delays it: it is tried again every minute, and the log says so.
 */
export function checkpointWorker(deps: CheckpointDeps): Worker {
  return every("audit.checkpoints", lookEveryMs, async (signal) => {
    try {
      await makeCheckpoint(deps, signal);
    } catch (error) {
      if (!signal.aborted) deps.log.error({ err: error }, "no checkpoint of the audit log was made, it is tried again");
    }
  });
}

/**
 * Writes the heads of all chains into a signed file, and digest and signature into the server's log. Answers undefined
 * when none is due, or another server is just making it.
 */
export async function makeCheckpoint(deps: CheckpointDeps, signal: AbortSignal): Promise<MadeCheckpoint | undefined> {
  const { db, clock } = deps;
  const turn = await claimTurn(db, clock.realNow());
  if (!turn) return undefined;
  try {
    // A turn that is over may be another server's by now, and its file must not be written over.
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(turnMs * 0.9)]);
    const place = await nextPlace(deps, { number: turn.number, digest: turn.digest }, inTime);
    const made = await written(deps, place, inTime);
    await endTurn(db, turn, made);
    tell(deps, made);
    return made;
  } catch (error) {
    // It comes to an end by itself, if the database cannot be asked.
    await giveTurnBack(db, turn).catch(() => undefined);
    throw error;
  }
}

/** Where the number of a checkpoint puts it in the store. */
export function checkpointFile(number: number): string {
  return `audit/checkpoints/${String(number).padStart(10, "0")}.ndjson`;
}

/**
 * The number after the newest file, and that file's digest. The store may be ahead of the database: a server died between
 * the two, or the database was restored. What is there is never written over; the next checkpoint carries it.
 */
async function nextPlace(
  { files, log }: CheckpointDeps,
  known: { number: number; digest: string | null },
  signal: AbortSignal,
): Promise<{ number: number; previous: string | null }> {
  let previous = known.digest;
  for (let number = known.number + 1; ; number += 1) {
    signal.throwIfAborted();
    const file = checkpointFile(number);
    const content = await files.get(file, undefined, signal);
    if (!content) return { number, previous };
    try {
      previous = (await readCheckpoint(content)).digest;
    } catch (error) {
      if (!(error instanceof CheckpointFault)) throw error;
      log.error({ file }, `a file in the place of a checkpoint ${error.message}; the next one cannot carry it`);
      previous = null;
    }
  }
}

async function written(
  { db, clock, files, key }: CheckpointDeps,
  { number, previous }: { number: number; previous: string | null },
  signal: AbortSignal,
): Promise<MadeCheckpoint> {
  const header = { number, at: clock.realNow().toISOString(), previous };
  let seal: CheckpointSeal | undefined;
  const content = writeCheckpoint(header, allHeads(db), { key, sealed: (told) => (seal = told) });
  const file = checkpointFile(number);
  await files.put(file, content, signal);
  if (!seal) throw new Error("the place of files did not read the checkpoint to its end");
  return { format: "tillkeeper-audit-checkpoint", version: 1, ...header, ...seal, file };
}

/** In pages, each read when the page before is written. */
async function* allHeads(db: Db): AsyncGenerator<CheckpointHead[]> {
  let after = "";
  for (;;) {
    const heads = await listHeads(db, after);
    yield heads;
    const last = heads.at(-1);
    if (!last) return;
    after = last.account;
  }
}

/** Evidence, no diagnosis, so the level of the log does not hide it. */
function tell({ log, quiet }: CheckpointDeps, made: MadeCheckpoint): void {
  const { number, at, previous, accounts, digest, key_id, signature, file } = made;
  const evidence = quiet || log.level === "silent" ? log : log.child({}, { level: "info" });
  const checkpoint = { number, at, previous, accounts, digest, key_id, signature, file };
  evidence.info({ audit_checkpoint: checkpoint }, "checkpoint of the audit log");
}
