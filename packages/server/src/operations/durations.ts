import type { OperationName } from "@tillkeeper/contract/operations";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { dayMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { addDurations, type DurationCount, forgetDurations, readDurations } from "./sql/durations.ts";

/** How long operations of this fleet take, by their kind and the model of the terminal (D14). */
export interface Durations {
  observe(operation: OperationName, deviceModel: string | null, ms: number): void;
  /**
   * When an operation that has been live for `elapsedMs` can be expected to have ended, in milliseconds after its
   * creation. Of the operations that took longer than `elapsedMs`, 95 percent ended within that time. Of a model that is
   * too little known, the operations of all models count. Undefined when too few are known of these, too.
   */
  expectedMs(operation: OperationName, deviceModel: string | null, elapsedMs: number): number | undefined;
  /** Adds this server's durations to the database, and reads those of all servers. */
  exchange(): Promise<void>;
}

const bucketBase = 1.15;
/** With so few, the longest of them: a caller that waits too long for a free terminal is worse off than one that asks twice. */
const fewestSamples = 5;
const daysThatCount = 7;

export function bucketOf(ms: number): number {
  return Math.max(0, Math.floor(Math.log(Math.max(1, ms)) / Math.log(bucketBase)));
}

/** The longest duration in a bucket. */
function endOfBucket(bucket: number): number {
  return bucketBase ** (bucket + 1);
}

export function createDurations({ db, clock }: { db: Db; clock: Clock }): Durations {
  let known: Counts = new Map();
  let unshared: Counts = new Map();

  return {
    observe(operation, deviceModel, ms) {
      const seen = { operation, deviceModel: deviceModel ?? "", bucket: bucketOf(ms), count: 1 };
      add(unshared, seen);
      add(known, seen);
    },

    expectedMs(operation, deviceModel, elapsedMs) {
      const ofModel = known.get(keyOf(operation, deviceModel ?? ""));
      return percentile95(ofModel && isEnough(ofModel) ? ofModel : ofAllModels(known, operation), elapsedMs);
    },

    async exchange() {
      const seen = rowsOf(unshared);
      unshared = new Map();
      const now = clock.now();
      const since = new Date(now.getTime() - daysThatCount * dayMs);
      try {
        await addDurations(db.sql, now, seen);
      } catch (error) {
        for (const row of seen) add(unshared, row);
        throw error;
      }
      await forgetDurations(db.sql, since);
      const fresh: Counts = new Map();
      for (const row of await readDurations(db.sql)) add(fresh, row);
      for (const row of rowsOf(unshared)) add(fresh, row);
      known = fresh;
    },
  };
}

/** Number of durations per bucket, for each operation and model. */
type Counts = Map<string, Map<number, number>>;

function keyOf(operation: OperationName, deviceModel: string): string {
  return `${operation} ${deviceModel}`;
}

function add(to: Counts, { operation, deviceModel, bucket, count }: DurationCount): void {
  const key = keyOf(operation, deviceModel);
  const counts = to.get(key) ?? new Map<number, number>();
  counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  to.set(key, counts);
}

function ofAllModels(counts: Counts, operation: OperationName): Map<number, number> {
  const all = new Map<number, number>();
  for (const row of rowsOf(counts)) {
    if (row.operation === operation) all.set(row.bucket, (all.get(row.bucket) ?? 0) + row.count);
  }
  return all;
}

function isEnough(counts: Map<number, number>): boolean {
  return [...counts.values()].reduce((sum, count) => sum + count, 0) >= fewestSamples;
}

function rowsOf(counts: Counts): DurationCount[] {
  return [...counts].flatMap(([key, byBucket]) => {
    const [operation, ...model] = key.split(" ");
    const head = { operation: operation as OperationName, deviceModel: model.join(" ") };
    return [...byBucket].map(([bucket, count]) => ({ ...head, bucket, count }));
  });
}

/**
 * The 95th percentile of the durations beyond `elapsedMs`. Undefined when there are too few durations, or none is as
 * long.
 */
export function percentile95(counts: Map<number, number>, elapsedMs: number): number | undefined {
  if (!isEnough(counts)) return undefined;
  const longer = [...counts].filter(([bucket]) => endOfBucket(bucket) > elapsedMs).toSorted(([a], [b]) => a - b);
  const wanted = 0.95 * longer.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of longer) {
    passed += count;
    if (passed >= wanted) return endOfBucket(bucket);
  }
  return undefined;
}

const exchangeEveryMs = 10_000;

export function durationsWorker(durations: Durations): Worker {
  return every("operations.durations", exchangeEveryMs, () => durations.exchange());
}
