import type { Db } from "../../../db/db.ts";
import type { FileStore } from "../../../files/file-store.ts";
import type { RealClock } from "../../../platform/clock.ts";
import type { Logger } from "../../../platform/log/log.ts";
import { minuteMs } from "../../../platform/time-spans.ts";
import { every, type Worker } from "../../../platform/worker.ts";
import { claimCheckpoint, claimMs, completeClaim, listHeads, releaseClaim } from "./claim.ts";
import type { CheckpointKey } from "./keys.ts";
import {
  type Checkpoint,
  CheckpointFault,
  type CheckpointHead,
  type CheckpointSeal,
  readCheckpoint,
  writeCheckpoint,
} from "./text.ts";

export interface CheckpointDeps {
  db: Db;
  clock: RealClock;
  log: Logger;
  files: Pick<FileStore, "get" | "put">;
  key: CheckpointKey;
  /** Lets the log level decide whether checkpoints are logged; else they are logged at every level but `silent`. */
  quiet?: boolean;
}

/** A new checkpoint, with the name of its file in the store. */
export interface MadeCheckpoint extends Checkpoint {
  file: string;
}

const lookEveryMs = minuteMs;

/**
 * Makes a checkpoint every hour, the first at once; one server per database makes it. While the file store cannot be
 * reached, the worker tries again every minute and logs an error.
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
 * Writes the heads of all chains into a signed file, and digest and signature into the server's log. Returns undefined
 * when no checkpoint is due, or another server is making it.
 */
export async function makeCheckpoint(deps: CheckpointDeps, signal: AbortSignal): Promise<MadeCheckpoint | undefined> {
  const { db, clock } = deps;
  const claim = await claimCheckpoint(db, clock.realNow());
  if (!claim) return undefined;
  try {
    // After the claim's end another server may have claimed, and its file must not be overwritten.
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(claimMs * 0.9)]);
    const next = await nextNumber(deps, { number: claim.number, digest: claim.digest }, inTime);
    const made = await storeCheckpoint(deps, next, inTime);
    await completeClaim(db, claim, made);
    logCheckpoint(deps, made);
    return made;
  } catch (error) {
    // Without a database the claim ends by its time.
    await releaseClaim(db, claim).catch(() => undefined);
    throw error;
  }
}

/** Name of a checkpoint's file in the store. */
export function checkpointFile(number: number): string {
  return `audit/checkpoints/${String(number).padStart(10, "0")}.ndjson`;
}

/**
 * The number after the newest file, and that file's digest. The store may be ahead of the database: a server died
 * between the two writes, or the database was restored. Existing files are never overwritten; the next checkpoint
 * carries the digest of the last one.
 */
async function nextNumber(
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

async function storeCheckpoint(
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

/** Yields pages of heads; each is read when the page before is written. */
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

/** Logs the checkpoint. It is evidence, not diagnosis, so the log level must not hide it. */
function logCheckpoint({ log, quiet }: CheckpointDeps, made: MadeCheckpoint): void {
  const { number, at, previous, accounts, digest, key_id, signature, file } = made;
  const evidence = quiet || log.level === "silent" ? log : log.child({}, { level: "info" });
  const checkpoint = { number, at, previous, accounts, digest, key_id, signature, file };
  evidence.info({ audit_checkpoint: checkpoint }, "checkpoint of the audit log");
}
