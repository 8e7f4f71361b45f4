import { limits } from "@tillkeeper/contract/limits";
import type {
  CancelRefusedMessage,
  DeliveredMessage,
  Memory,
  ReceiptMessage,
  ResultMessage,
  StartedMessage,
} from "@tillkeeper/contract/mqtt";
import type { Db } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { createSpanLimit, takeTurn } from "../../platform/http/limits/rate-limit.ts";
import { gather } from "../../platform/load/batch.ts";
import type { Device } from "../../terminals/record/devices.ts";
import type { Durations } from "../durations.ts";
import { noteCancelRefused } from "../queries.ts";
import { expireOperations } from "../sql/expire.ts";
import { keyOf, noteDispatchedLate, noteProgress, type Progress } from "../sql/progress.ts";
import type { Answered } from "../sql/take-answers.ts";
import { sameAnswer, takeInOrder } from "./answers.ts";
import { type Dispatched, dispatchedNotes } from "./dispatched.ts";
import type { Origins } from "./origin.ts";
import { type Finish, isUnasked, toFinish, toUnreadable, type UnreadableResult } from "./results.ts";

/** What is told about operations on their way, gathered into batches like the requests that create them. */
export interface Reports {
  /** This server has sent the command. Written along with the next report, or by `flush`. */
  dispatched(sent: Omit<Dispatched, "at">): void;
  delivered(origin: Device, message: Pick<DeliveredMessage, "operation_id">): Promise<void>;
  started(origin: Device, message: Pick<StartedMessage, "operation_id">): Promise<void>;
  /**
   * Resolves when the result is committed, as the end of its operation or as what came after it; answers the receipt. It counts
   * from every device that the terminal was. `OfAnother` for a result that names another operation than the one that was
   * sent, undefined for an address that this database does not know. Throws `too_many_requests` for closes that nobody asked
   * for: each is a row of its own.
   */
  finished(origin: Device, message: ResultMessage): Promise<ReceiptMessage | OfAnother | undefined>;
  /** A result came that nobody can read; answers how far the device's log is now. */
  unreadable(origin: Device, told: UnreadableResult): Promise<Memory | undefined>;
  cancelRefused(origin: Device, message: CancelRefusedMessage): Promise<void>;
  /** Writes the dispatches that nothing was heard of since. */
  flush(): Promise<void>;
}

/** Not stored, and counted in its log. */
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
}

const mostTries = 4;

export function createReports(deps: ReportDeps): Reports {
  const { db, clock, origins } = deps;
  const notes = dispatchedNotes();
  const report = gatherReports(deps);
  const unasked = createSpanLimit(limits.unaskedClosesPerMinute, 60);
  const tell = async ({ accountId, terminalId }: Device, id: string, phases: Partial<Progress>) => {
    const dispatchedAt = notes.take(terminalId, id);
    const progress = { accountId, terminalId, id, dispatchedAt, deliveredAt: null, startedAt: null, ...phases };
    // One that somebody else is just changing is tried once more, beside the others.
    if (await report({ progress })) return;
    const live = await db.waits({ group: accountId, member: terminalId }, () =>
      retried(() => noteProgress(db.pool, [progress], "wait")),
    );
    // It has ended meanwhile; the worker writes it.
    if (live.size === 0 && dispatchedAt) notes.note({ accountId, terminalId, id, at: dispatchedAt });
  };

  const answer = async (finish: Finish): Promise<Answered> => {
    let answered = (await report({ finish })) as Answered;
    for (let tries = 1; answered.standing === "overdue" || answered.standing === "busy"; tries += 1) {
      if (tries === mostTries) throw new ApiError("service_unavailable", "The operation is being ended; repeat.");
      // Past its deadline, and the worker has not come by: it is TIMEOUT before its late answer is noted.
      if (answered.standing === "overdue") await expireOperations(db.pool, finish.at, 1_000);
      const { accountId: group, terminalId: member } = finish;
      [answered] = (await db.waits({ group, member }, () => takeInOrder(db, [finish], "wait"))) as [Answered];
    }
    return answered;
  };

  return {
    dispatched: (sent) => notes.note({ ...sent, at: clock.now() }),

    delivered: (origin, { operation_id: id }) => tell(origin, id, { deliveredAt: clock.now() }),
    started: (origin, { operation_id: id }) => tell(origin, id, { startedAt: clock.now() }),

    async finished(origin, message) {
      const told = toFinish(origin, message, { at: clock.now(), origins });
      if (isUnasked(told)) takeTurn(unasked, origin.terminalId);
      const dispatchedAt = notes.take(origin.terminalId, told.id);
      return receiptOf(message, await answer({ ...told, dispatchedAt }));
    },

    unreadable: async (origin, told) => (await answer(toUnreadable(origin, told, clock.now()))).memory,

    cancelRefused: (origin, { operation_id: id }) =>
      inTurn(db, origin.accountId, () => noteCancelRefused(db.sql, { ...origin, id, at: clock.now() })),

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

function receiptOf(
  { operation_id }: ResultMessage,
  { standing, status, memory }: Answered,
): ReceiptMessage | OfAnother | undefined {
  if (!memory) return undefined;
  if (standing === "of_another") return { ofAnother: true, memory };
  return standing === "early" ? { operation_id, memory } : { operation_id, status: status ?? "UNKNOWN", memory };
}

/** Answers how a result was met; of progress, whether the operation is live. */
function gatherReports({ db, clock, durations }: ReportDeps): (report: Report) => Promise<Answered | boolean> {
  return gather<Report, Answered | boolean>({
    // One batch at a time: two would race, and of two results of a terminal the later could come first.
    slots: 1,
    maxBatch: 256,
    maxQueue: 20_000,
    overload: () => new ApiError("service_unavailable", "Too many reports are waiting."),
    run: async (batch) => {
      const { answered, live } = await writeReports(db, batch);
      const now = clock.now().getTime();
      for (const [{ operation, status }, { ended }] of answered.values()) {
        // What is refused at once says nothing of how long it takes.
        if (ended && status === "COMPLETED") {
          durations.observe(operation, ended.deviceModel, now - ended.createdAt.getTime());
        }
      }
      return batch.map(({ finish, progress }) =>
        finish ? (answered.get(sameAnswer(finish))?.[1] as Answered) : live.has(keyOf(progress)),
      );
    },
  });
}

interface Written {
  answered: Map<string, [Finish, Answered]>;
  /** The operations that are live, of those that progress was told of. */
  live: Set<string>;
}

async function writeReports(db: Db, batch: Report[]): Promise<Written> {
  const progress = new Map<string, Progress>();
  const finishes = new Map<string, Finish>();
  for (const report of batch) {
    if (report.progress) merge(progress, report.progress);
    // What is repeated is taken once.
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
  const answers = await takeInOrder(db, all, "skip");
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
