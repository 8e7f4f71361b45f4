import type { Db } from "../../../db/db.ts";
import { findStoredHeads } from "../queries.ts";
import { type CheckpointFile, readHeads } from "./files.ts";
import type { CheckpointHead } from "./text.ts";

/** An account whose chain does not pass through a checkpoint. */
export interface CheckpointReport {
  accountId: string;
  /** Number of the first such checkpoint. */
  number: number;
  at: string;
  fault: string;
}

const headsAtOnce = 1_000;

/**
 * Checks that the chains of all accounts, or of one, still pass through checkpoints. Reports an account once: when it
 * is missing, or when its log is shorter or differs. `checkpoints` must be ordered by number, oldest first.
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
        passed.set(head.account, positionOf(head));
        if (!fault || reported.has(head.account)) continue;
        reported.add(head.account);
        found.push({ accountId: head.account, number, at, fault });
      }
      waiting = [];
    };
    await readHeads(path, (head) => {
      const asked = accountId === undefined || head.account === accountId;
      // Most accounts have not changed since the checkpoint before.
      if (!asked || passed.get(head.account) === positionOf(head)) return undefined;
      return waiting.push(head) < headsAtOnce ? undefined : compare();
    });
    await compare();
    yield* found;
  }
}

function positionOf({ seq, hash }: CheckpointHead): string {
  return `${seq} ${hash}`;
}

async function compareHeads(db: Db, heads: CheckpointHead[]): Promise<{ head: CheckpointHead; fault?: string }[]> {
  if (heads.length === 0) return [];
  const storedHeads = new Map((await findStoredHeads(db.sql, heads)).map((stored) => [stored.account_id, stored]));
  return heads.map((head) => {
    const stored = storedHeads.get(head.account);
    const { seq, hash } = head;
    const end = Number(stored?.end ?? 0);
    if (!stored?.known) return { head, fault: `the account is missing, its log had ${seq} entries` };
    if (end < seq) return { head, fault: `the log had ${seq} entries and ends at ${end} now` };
    if (seq > 0 && !stored.hash) return { head, fault: `entry ${seq} is missing` };
    if (seq > 0 && stored.hash?.toString("hex") !== hash) return { head, fault: `entry ${seq} is another one now` };
    return { head };
  });
}
