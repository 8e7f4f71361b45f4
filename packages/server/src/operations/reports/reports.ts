import { limits } from "@tillkeeper/contract/limits";
import type {
  CancelRefusedMessage,
  DeliveredMessage,
  Memory,
  ReceiptMessage,
  ResultMessage,
  StartedMessage,
} from "@tillkeeper/contract/mqtt/messages";
import type { Db } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { createSpanLimit, takeTurn } from "../../platform/http/limits/rate-limit.ts";
import { type Batched, batched } from "../../platform/load/batch.ts";
import type { Device } from "../../terminals/record/devices.ts";
import type { Durations } from "../durations.ts";
import { expireDue } from "../expiry.ts";
import { noteCancelRefused } from "../queries.ts";
import { keyOf, noteDispatchedLate, noteProgress, type Progress } from "../sql/progress.ts";
import type { Answered } from "../sql/take-answers.ts";
import type { OperationWatch } from "../watch.ts";
import { sameAnswer, takeAnswersInOrder } from "./answers.ts";
import { createDispatchedNotes, type Dispatched } from "./dispatched.ts";
import type { Origins } from "./origin.ts";
import { type Finish, isUnrequested, toFinish, toUnreadable, type UnreadableResult } from "./results.ts";

/**
 * Takes the reports of terminals about operations, batched like the requests that create operations. Each function
 * rejects when the database cannot be reached, except `dispatched`; the terminal then repeats its report.
 */
export interface Reports {
  /** Notes that this server has sent the command. Written with the next report, or by `flush`. */
  dispatched(sent: Omit<Dispatched, "at">): void;
  delivered(origin: Device, message: Pick<DeliveredMessage, "operation_id">): Promise<void>;
  started(origin: Device, message: Pick<StartedMessage, "operation_id">): Promise<void>;
  /**
   * Stores a result and resolves with the receipt after the commit. It is the end of its operation, or a late result. A
   * result counts from every device that the terminal has had. `OfAnother` if the result names another kind of
   * operation than was sent; undefined for an address that this database does not know. Throws `too_many_requests` for
   * unrequested closes, as each of them makes a row.
   */
  finished(origin: Device, message: ResultMessage): Promise<ReceiptMessage | OfAnother | undefined>;
  /** Notes an unreadable result on its operation, and counts it in its log; answers how far the log is now. */
  unreadable(origin: Device, told: UnreadableResult): Promise<Memory | undefined>;
  cancelRefused(origin: Device, message: CancelRefusedMessage): Promise<void>;
  /** Writes the dispatch times of operations without a report since. */
  flush(): Promise<void>;
  /** How many reports wait to be written. */
  waiting(): number;
}

/** The result is counted in its log, but not stored. */
export interface OfAnother {
  ofAnother: true;
  memory: Memory;
}

type Report = { progress: Progress; finish?: undefined } | { finish: Finish; progress?: undefined };

interface ReportDeps {
  db: Db;
  clock: Clock;
  durations: Durations;
  origins: Origins;
  watch: OperationWatch;
}

const mostTries = 4;

export function createReports(deps: ReportDeps): Reports {
  const { db, clock, origins } = deps;
  const notes = createDispatchedNotes();
  const report = batchReports(deps);
  const unasked = createSpanLimit(limits.closesWithoutCommandPerMinute, 60);
  const tell = async ({ accountId, terminalId }: Device, id: string, phases: Partial<Progress>) => {
    const dispatchedAt = notes.take(terminalId, id);
    const progress = { accountId, terminalId, id, dispatchedAt, deliveredAt: null, startedAt: null, ...phases };
    // The report was skipped because its row is locked: written alone, it waits for the lock.
    if (await report({ progress })) return;
    const live = await db.waits({ group: accountId, member: terminalId }, () =>
      retried(() => noteProgress(db.pool, [progress], "wait")),
    );
    // The operation has ended meanwhile; `flush` writes the time.
    if (live.size === 0 && dispatchedAt) notes.note({ accountId, terminalId, id, at: dispatchedAt });
  };

  const answer = onceForCopies(async (finish) => {
    if (finish.readable) finish.dispatchedAt = notes.take(finish.terminalId, finish.id);
    let answered = (await report({ finish })) as Answered;
    for (let tries = 1; answered.standing === "overdue" || answered.standing === "busy"; tries += 1) {
      if (tries === mostTries) throw new ApiError("service_unavailable", "The operation is being ended; repeat.");
      // The deadline has passed before the expiry worker: the operation must be TIMEOUT before its late answer is
      // stored.
      if (answered.standing === "overdue") await expireDue(deps, db.pool, finish.at, 1_000);
      const { accountId: group, terminalId: member } = finish;
      [answered] = (await db.waits({ group, member }, () => takeAnswersInOrder(db, [finish], "wait"))) as [Answered];
      noteEnd(deps, finish, answered);
    }
    return answered;
  });

  return {
    dispatched: (sent) => notes.note({ ...sent, at: clock.now() }),

    delivered: (origin, { operation_id: id }) => tell(origin, id, { deliveredAt: clock.now() }),
    started: (origin, { operation_id: id }) => tell(origin, id, { startedAt: clock.now() }),

    async finished(origin, message) {
      const told = toFinish(origin, message, { at: clock.now(), origins });
      if (isUnrequested(told)) takeTurn(unasked, origin.terminalId);
      return receiptOf(message, await answer({ ...told, heardAt: Date.now() }));
    },

    unreadable: async (origin, told) => (await answer(toUnreadable(origin, told, clock.now()))).memory,

    cancelRefused: (origin, { operation_id: id }) =>
      inTurn(db, origin.accountId, () => noteCancelRefused(db.sql, { ...origin, id, at: clock.now() })),

    waiting: () => report.waiting(),

    async flush() {
      const sent = notes.takeAll();
      if (sent.length === 0) return;
      const rows = sent.map(({ at, ...of }) => ({ ...of, dispatchedAt: at, deliveredAt: null, startedAt: null }));
      try {
        const live = await retried(() => noteProgress(db.pool, rows, "skip"));
        const over = rows.filter((row) => !live.has(keyOf(row)));
        if (over.length > 0) await retried(() => noteDispatchedLate(db.pool, over));
      } catch (error) {
        for (const note of sent) notes.note(note);
        throw error;
      }
    },
  };
}

/**
 * Has a copy of an answer that is being taken wait for the outcome of the first: copies that come because the server is behind
 * must not put it further behind.
 */
function onceForCopies(take: (finish: Finish) => Promise<Answered>): (finish: Finish) => Promise<Answered> {
  const underWay = new Map<string, Promise<Answered>>();
  return (finish) => {
    const name = sameAnswer(finish);
    const known = underWay.get(name);
    if (known) return known;
    const taken = take(finish).finally(() => underWay.delete(name));
    underWay.set(name, taken);
    return taken;
  };
}

function receiptOf(
  { operation_id }: ResultMessage,
  { standing, status, memory }: Answered,
): ReceiptMessage | OfAnother | undefined {
  if (!memory) return undefined;
  if (standing === "of_another") return { ofAnother: true, memory };
  return standing === "early" ? { operation_id, memory } : { operation_id, status: status ?? "UNKNOWN", memory };
}

/** Batches reports. Resolves with the outcome of a result; for progress, with whether the operation is live. */
function batchReports(deps: ReportDeps): Batched<Report, Answered | boolean> {
  return batched<Report, Answered | boolean>({
    // One batch at a time: with two, the later of a terminal's results could be taken first.
    slots: 1,
    maxBatch: 256,
    maxQueue: 20_000,
    overload: () => new ApiError("service_unavailable", "Too many reports are waiting."),
    run: async (batch) => {
      const { answered, live } = await writeReports(deps.db, batch);
      for (const [finish, outcome] of answered.values()) noteEnd(deps, finish, outcome);
      return batch.map(({ finish, progress }) =>
        finish ? (answered.get(sameAnswer(finish))?.[1] as Answered) : live.has(keyOf(progress)),
      );
    },
  });
}

/** Notes the end of an operation that an answer ended. */
function noteEnd({ clock, durations, watch }: ReportDeps, finish: Finish, { ended }: Answered): void {
  const { accountId, id: operationId, terminalId, operation, status, reason, heardAt } = finish;
  if (!ended || !operation) return;
  watch.ended({
    accountId,
    operationId,
    terminalId,
    operation,
    status,
    reason: reason ?? undefined,
    traceparent: ended.traceparent,
    ...(heardAt !== undefined && { heardAt }),
  });
  // A refused operation tells nothing about durations.
  if (status === "COMPLETED")
    durations.observe(operation, ended.deviceModel, clock.now().getTime() - ended.createdAt.getTime());
}

interface Written {
  answered: Map<string, [Finish, Answered]>;
  /** The keys of the live operations among the progress reports. */
  live: Set<string>;
}

async function writeReports(db: Db, batch: Report[]): Promise<Written> {
  const progress = new Map<string, Progress>();
  const finishes = new Map<string, Finish>();
  for (const report of batch) {
    if (report.progress) merge(progress, report.progress);
    // A repeated result is taken once.
    else if (!finishes.has(sameAnswer(report.finish))) finishes.set(sameAnswer(report.finish), report.finish);
  }
  for (const finish of finishes.values()) {
    const known = progress.get(keyOf(finish));
    progress.delete(keyOf(finish));
    finish.dispatchedAt ??= known?.dispatchedAt ?? null;
    finish.deliveredAt ??= known?.deliveredAt ?? null;
    finish.startedAt ??= known?.startedAt ?? null;
  }
  const noted = [...progress.values()];
  const live = noted.length > 0 ? await retried(() => noteProgress(db.pool, noted, "skip")) : new Set<string>();
  const all = [...finishes.values()];
  const answers = await takeAnswersInOrder(db, all, "skip");
  const answered = all.map((finish, index): [string, [Finish, Answered]] => [
    sameAnswer(finish),
    [finish, answers[index] as Answered],
  ]);
  return { answered: new Map(answered), live };
}

function merge(into: Map<string, Progress>, next: Progress): void {
  const known = into.get(keyOf(next));
  if (!known) return void into.set(keyOf(next), { ...next });
  known.dispatchedAt ??= next.dispatchedAt;
  known.deliveredAt ??= next.deliveredAt;
  known.startedAt ??= next.startedAt;
}
