import type { Db } from "../../../db/db.ts";
import { findPlaces } from "../queries.ts";
import { type CheckpointFile, readHeads } from "./files.ts";
import type { CheckpointHead } from "./text.ts";

/** An account whose chain does not pass through a checkpoint. */
export interface CheckpointReport {
  accountId: string;
  /** The first such checkpoint. */
  number: number;
  at: string;
  fault: string;
}

const headsAtOnce = 1_000;

/**
 * Demands that the chains of all accounts, or of one, still pass through checkpoints: an account that has gone, a log
 * that has become shorter or says something else since, is reported once. Checkpoints come by number, oldest first.
 */
export async function* verifyCheckpoints(
  db: Db,
  checkpoints: CheckpointFile[],
  accountId?: string,
): AsyncGenerator<CheckpointReport> {
  const passed = new Map<string, string>();
  const reported = new Set<string>();
  for (const { path, number, at } of checkpoints) {
    let waiting: CheckpointHead[] = [];
    const found: CheckpointReport[] = [];
    const compare = async () => {
      for (const { head, fault } of await compareHeads(db, waiting)) {
        passed.set(head.account, placeOf(head));
        if (!fault || reported.has(head.account)) continue;
        reported.add(head.account);
        found.push({ accountId: head.account, number, at, fault });
      }
      waiting = [];
    };
    await readHeads(path, (head) => {
      const asked = accountId === undefined || head.account === accountId;
      // Most accounts have not changed since the checkpoint before.
      if (!asked || passed.get(head.account) === placeOf(head)) return undefined;
      return waiting.push(head) < headsAtOnce ? undefined : compare();
    });
    await compare();
    yield* found;
  }
}

function placeOf({ seq, hash }: CheckpointHead): string {
  return `${seq} ${hash}`;
}

async function compareHeads(db: Db, heads: CheckpointHead[]): Promise<{ head: CheckpointHead; fault?: string }[]> {
  if (heads.length === 0) return [];
  const places = new Map((await findPlaces(db.sql, heads)).map((place) => [place.account_id, place]));
  return heads.map((head) => {
    const place = places.get(head.account);
    const { seq, hash } = head;
    const end = Number(place?.end ?? 0);
    if (!place?.known) return { head, fault: `the account is missing, its log had ${seq} entries` };
    if (end < seq) return { head, fault: `the log had ${seq} entries and ends at ${end} now` };
    if (seq > 0 && !place.hash) return { head, fault: `entry ${seq} is missing` };
    if (seq > 0 && place.hash?.toString("hex") !== hash) return { head, fault: `entry ${seq} is another one now` };
    return { head };
  });
}
