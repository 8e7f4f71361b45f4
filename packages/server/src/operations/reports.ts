import type {
  CancelRefusedMessage,
  DeliveredMessage,
  ReceiptMessage,
  ResultMessage,
  StartedMessage,
} from "@tillkeeper/contract/mqtt";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";
import { type CredentialHolder, holdsCredential } from "../terminals/credential-holders.ts";
import { type Dispatched, dispatchedNotes } from "./dispatched.ts";
import type { Durations } from "./durations.ts";
import { findOperation, noteCancelRefused, type OperationRow, recordLateResult } from "./queries.ts";
import { expireOperations } from "./sql/expire.ts";
import { type Finish, type Finished, finishOperations } from "./sql/finish.ts";
import { keyOf, noteDispatchedLate, noteProgress, type Progress } from "./sql/progress.ts";

/** What is told about operations on their way, gathered into batches like the requests that create them. */
export interface Reports {
  /** This server has sent the command. Written along with the next report, or by `flush`. */
  dispatched(sent: Omit<Dispatched, "at">): void;
  delivered(origin: CredentialHolder, message: DeliveredMessage): Promise<void>;
  started(origin: CredentialHolder, message: StartedMessage): Promise<void>;
  /**
   * Resolves when the result, or the fact that it came too late, is committed; answers the state to acknowledge. Undefined for
   * a device that does not speak for the terminal any more; `of_another` for a result that names another operation than the
   * one that was sent.
   */
  finished(origin: CredentialHolder, message: ResultMessage): Promise<Acknowledged | "of_another" | undefined>;
  cancelRefused(origin: CredentialHolder, message: CancelRefusedMessage): Promise<void>;
  /** Writes the dispatches that nothing was heard of since. */
  flush(): Promise<void>;
}

type Acknowledged = ReceiptMessage["status"];
type Report = { progress: Progress; finish?: undefined } | { finish: Finish; progress?: undefined };

export function createReports({ db, clock, durations }: { db: Db; clock: Clock; durations: Durations }): Reports {
  const notes = dispatchedNotes();
  const report = gatherReports(db, clock, durations);
  const tell = async (
    { accountId, terminalId, credentialId }: CredentialHolder,
    id: string,
    phases: Partial<Progress>,
  ) => {
    const dispatchedAt = notes.take(terminalId, id);
    const progress = {
      accountId,
      terminalId,
      credentialId,
      id,
      dispatchedAt,
      deliveredAt: null,
      startedAt: null,
      ...phases,
    };
    // One that somebody else is just changing is tried once more, beside the others.
    if (await report({ progress })) return;
    const live = await retried(() => noteProgress(db.pool, [progress], "wait"));
    if (live.size === 0) putBack(progress);
  };
  /** Whoever took the note along was not heeded. */
  const putBack = ({ accountId, terminalId, id, dispatchedAt }: Progress | Finish) => {
    if (dispatchedAt) notes.note({ accountId, terminalId, id, at: dispatchedAt });
  };

  return {
    dispatched: (sent) => notes.note({ ...sent, at: clock.now() }),

    delivered: (origin, { operation_id: id }) => tell(origin, id, { deliveredAt: clock.now() }),
    started: (origin, { operation_id: id }) => tell(origin, id, { startedAt: clock.now() }),

    async finished(origin, message) {
      const dispatchedAt = notes.take(origin.terminalId, message.operation_id);
      const finish = { ...toFinish(origin, message, clock.now()), dispatchedAt };
      // One that somebody else is just changing is tried once more, beside the others.
      const ended = (await report({ finish })) || (await finishAlone(db, finish));
      if (ended) return message.status;
      return inTurn(db, origin.accountId, async () => {
        if (origin.credentialId === undefined || (await holdsCredential(db.sql, origin))) {
          return settleUnmatched(db, origin, message, finish.at);
        }
        putBack({ ...finish, dispatchedAt });
        return undefined;
      });
    },

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

/** Answers whether a result ended its operation; of progress, whether the operation is live. */
function gatherReports(db: Db, clock: Clock, durations: Durations): (report: Report) => Promise<boolean> {
  return gather<Report, boolean>({
    // One batch at a time: two would race, and of two results of a terminal the later could come first.
    slots: 1,
    maxBatch: 256,
    maxQueue: 20_000,
    overload: () => new ApiError("service_unavailable", "Too many reports are waiting."),
    run: async (batch) => {
      const { ended, answers } = await writeReports(db, batch);
      const now = clock.now().getTime();
      for (const { operation, status, deviceModel, createdAt } of ended) {
        // What is refused at once says nothing of how long it takes.
        if (status === "COMPLETED") durations.observe(operation, deviceModel, now - createdAt.getTime());
      }
      return answers;
    },
  });
}

async function finishAlone(db: Db, finish: Finish): Promise<boolean> {
  const ended = await retried(() => finishOperations(db.pool, [finish], "wait"));
  return ended.length > 0;
}

interface Written {
  ended: Finished[];
  /** For each report in order: a result, whether it ended its operation; progress, whether the operation is live. */
  answers: boolean[];
}

async function writeReports(db: Db, batch: Report[]): Promise<Written> {
  const progress = new Map<string, Progress>();
  const finishes = new Map<string, Finish>();
  for (const report of batch) {
    if (report.progress) merge(progress, report.progress);
    // Of two results of one operation the first counts; the other will be told what was kept.
    else if (!finishes.has(keyOf(report.finish))) finishes.set(keyOf(report.finish), report.finish);
  }
  for (const finish of finishes.values()) {
    const known = progress.get(saidOf(finish));
    progress.delete(saidOf(finish));
    finish.dispatchedAt ??= known?.dispatchedAt ?? null;
    finish.deliveredAt ??= known?.deliveredAt ?? null;
    finish.startedAt ??= known?.startedAt ?? null;
  }
  const noted = [...progress.values()];
  const live = noted.length > 0 ? await retried(() => noteProgress(db.pool, noted, "skip")) : new Set<string>();
  const ended = finishes.size > 0 ? await retried(() => finishOperations(db.pool, [...finishes.values()], "skip")) : [];
  const endedKeys = new Set(ended.map(keyOf));
  const answers = batch.map(({ finish, progress: told }) =>
    finish ? finishes.get(keyOf(finish)) === finish && endedKeys.has(keyOf(finish)) : live.has(keyOf(told)),
  );
  return { ended, answers };
}

/** What two devices say of one operation is not one word: only one of them speaks for the terminal. */
function saidOf(report: Progress | Finish): string {
  return `${keyOf(report)} ${report.credentialId}`;
}

function merge(into: Map<string, Progress>, next: Progress): void {
  const known = into.get(saidOf(next));
  if (!known) return void into.set(saidOf(next), { ...next });
  known.dispatchedAt ??= next.dispatchedAt;
  known.deliveredAt ??= next.deliveredAt;
  known.startedAt ??= next.startedAt;
}

function toFinish({ accountId, terminalId, credentialId }: CredentialHolder, message: ResultMessage, at: Date): Finish {
  const failed = message.status === "FAILED";
  return {
    accountId,
    terminalId,
    credentialId,
    id: message.operation_id,
    operation: message.operation,
    status: message.status,
    result: failed ? null : message.result,
    reason: failed ? (message.reason ?? "device_error") : null,
    error: failed ? (message.error ?? null) : null,
    dispatchedAt: null,
    deliveredAt: null,
    // Stands in for a `started` that was not sent; at the server's time, like every phase.
    startedAt: message.started_at === undefined ? null : at,
    at,
  };
}

/** A result that ended nothing: repeated, too late, or of an operation that this terminal never had. */
async function settleUnmatched(
  db: Db,
  { accountId, terminalId }: CredentialHolder,
  message: ResultMessage,
  at: Date,
): Promise<Acknowledged | "of_another"> {
  let row = await findOperation(db.sql, accountId, message.operation_id);
  if (row?.terminal_id !== terminalId) return "UNKNOWN";
  if (row.operation !== message.operation) return "of_another";
  if (row.status === "PENDING") {
    // Past its deadline, but the worker has not come by yet: it is TIMEOUT before its late answer is noted.
    await expireOperations(db.pool, at, 1_000);
    row = await findOperation(db.sql, accountId, message.operation_id);
  }
  if (!row || row.status === "PENDING")
    throw new ApiError("service_unavailable", "The operation is being ended; repeat.");
  const givenUp = row.reason === "cancelled" && message.reason === "cancelled";
  if (endedWithoutAnswer(row) && !givenUp) {
    const { status, result, reason, error } = toFinish({ accountId, terminalId }, message, at);
    const late = {
      status,
      finished_at: message.finished_at,
      ...(status === "COMPLETED" ? { result } : { reason, error }),
    };
    await recordLateResult(db.sql, { accountId, id: row.id, late: withoutNulls(late) });
  }
  return row.status;
}

/** Timed out, or cancelled at once: whether the terminal carried it out all the same is worth knowing. */
function endedWithoutAnswer(row: OperationRow): boolean {
  return row.answered_at === null && row.status !== "PENDING";
}

function withoutNulls(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
