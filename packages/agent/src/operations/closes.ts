import { randomUUID } from "node:crypto";
import { EndOfDayResult } from "@tillkeeper/contract/operations";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { type Clock, sleep, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Journal } from "../memory/journal.ts";
import type { Begun, Change, LogView } from "../memory/result-log.ts";
import type { CloseHandler, Failed, LastBatch } from "./operation.ts";
import { deviceError, type ReportedResult } from "./outcome.ts";

export interface ClosesOptions<State> {
  handler: CloseHandler<State> | undefined;
  journal: Journal<State>;
  clock: Clock;
  log: Logger;
  /** Called after results were added to the log. */
  added: () => void;
}

/** How long the terminal has to name the batch that it closed last; after that the agent counts it as unable to. */
const patienceMs = 5_000;
const lookEveryMs = 60_000;
const result = Compile(EndOfDayResult);
const time = Compile(Type.String({ format: "date-time" }));

type Close = Pick<Begun, "operation_id" | "operation" | "origin">;

interface BeginOptions {
  /** The operation id of the close before it, as the server knew it when it accepted this close; left out, `null`. */
  previous: string | null | undefined;
  /** The device address under which this agent received the close. */
  address: string | undefined;
  /**
   * Returns the journal entry of a close that begins; undefined when the close was cancelled. Called right before the
   * write.
   */
  begun: () => Begun | undefined;
}

class UnknownBatchError extends Error {
  override readonly name = "UnknownBatchError";
}

/**
 * Lets a close begin only when the server that accepted it knew of every close before it. Also finds closes that were
 * made by hand at the terminal. See docs/adr/0026-closes-and-memory.md.
 */
export class Closes<State> {
  readonly #options: ClosesOptions<State>;
  readonly #ended = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #cancelLook: (() => void) | undefined;

  constructor(options: ClosesOptions<State>) {
    this.#options = options;
  }

  /** Looks for a close by hand now, and every minute from now on, until `end`. */
  watch(): void {
    void this.look();
    if (!this.#options.handler?.lastBatch || this.#ended.signal.aborted) return;
    this.#cancelLook = this.#options.clock.after(lookEveryMs, () => this.watch());
  }

  /** Ends it: the terminal is not asked any more, and nothing more is written. */
  end(): void {
    this.#ended.abort(new Error("The agent has ended"));
    this.#cancelLook?.();
  }

  /**
   * Writes a close that was made by hand to the journal. Returns undefined where the terminal cannot tell. Never
   * rejects.
   */
  look(): Promise<void> | undefined {
    if (!this.#options.handler?.lastBatch) return undefined;
    // Failures are already reported: of the terminal in this class's log line, of the journal as the device's fault.
    return this.#inTurn(() => this.#lookNow()).catch(() => undefined);
  }

  /**
   * Returns the id of the batch that was closed last; undefined also when the terminal does not name it. Never rejects.
   */
  async lastBatch(): Promise<string | undefined> {
    return this.#askLastBatch().then(
      (named) => named?.batch_id,
      () => undefined,
    );
  }

  /** Whether a close of this request has a result already. `request` is the hash in the command's `origin`. */
  knows(request: string | undefined): boolean {
    return this.#options.journal.log.ofRequest(request) !== undefined;
  }

  /**
   * Compares the close with the log and writes its entry in one turn, so that nothing comes in between. Resolves with
   * `begun` when the close may run, with `answered` when its result was written instead. Resolves with a failure, for
   * the caller to answer, when the terminal did not name its last batch. Rejects when the journal cannot be written.
   */
  begin(close: Close, { previous = null, address, begun }: BeginOptions): Promise<"begun" | "answered" | Failed> {
    return this.#inTurn(async () => {
      const { journal, clock } = this.#options;
      try {
        const named = this.knows(close.origin?.request) ? undefined : await this.#askLastBatch();
        const now = timestamp(clock.now());
        const change = await journal.write((log) => {
          const isSame = address === journal.address;
          return (
            repeatOfRequest(log, close, now) ?? compare(log, close, { previous, isSame, begun: begun(), named, now })
          );
        });
        this.#reportAdded(change);
        return change?.begun && !(await this.#wasClosedMeanwhile(close)) ? "begun" : "answered";
      } catch (cause) {
        if (!(cause instanceof UnknownBatchError)) throw cause;
        return deviceError("last_batch_unknown", cause.message);
      }
    });
  }

  /** Asks the terminal once more: a close by hand may have come while the entry of this close was written. */
  async #wasClosedMeanwhile(close: Close): Promise<boolean> {
    const { journal, clock } = this.#options;
    const named = await this.#askLastBatch();
    const now = timestamp(clock.now());
    const change = await journal.write((log) => {
      if (!named || named.batch_id === log.batch) return undefined;
      const made = byHand(named, now);
      return { results: [made, outOfStep(close, made.operation_id, now)] };
    });
    this.#reportAdded(change);
    return change !== undefined;
  }

  #reportAdded(change: Change<State> | undefined): void {
    const { added, log } = this.#options;
    for (const { operation_id, reason, by_hand } of change?.results ?? []) {
      log.info({ operation_id, reason }, by_hand ? "the day was closed at the terminal" : "answered");
    }
    if (change?.results?.length) added();
  }

  async #lookNow(): Promise<void> {
    const { journal, clock } = this.#options;
    // A running close may be the close that the terminal would name now.
    if (this.#ended.signal.aborted || journal.log.closing) return;
    const made = missingClose(journal.log, await this.#askLastBatch(), timestamp(clock.now()));
    if (made) this.#reportAdded(await journal.write(() => ({ results: [made] })));
  }

  /** Asks the terminal for its last batch. Rejects with `UnknownBatchError`. */
  async #askLastBatch(): Promise<LastBatch | undefined> {
    const { handler, journal, clock, log } = this.#options;
    if (!handler?.lastBatch) return undefined;
    const { signal: ended } = this.#ended;
    const answered = new AbortController();
    try {
      const named = await Promise.race([
        handler.lastBatch(journal.state),
        sleep(clock, patienceMs, AbortSignal.any([ended, answered.signal])).then(() => {
          throw new Error("The terminal does not say which batch it closed last");
        }),
      ]);
      ended.throwIfAborted();
      if (named && !isReportable(named)) throw new Error("The terminal names no batch that can be told");
      return named;
    } catch (cause) {
      if (!ended.aborted) log.error({ err: cause }, "cannot find out which batch was closed last");
      throw new UnknownBatchError(cause instanceof Error ? cause.message : String(cause), { cause });
    } finally {
      answered.abort(new Error("The terminal has answered"));
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** Repeats the result of an earlier close of the same request; undefined when there is none. */
function repeatOfRequest(log: LogView, close: Close, now: string): Change<never> | undefined {
  const known = log.ofRequest(close.origin?.request);
  if (!known) return undefined;
  // This operation was never begun: it has no number and no start of its own.
  const { number: _number, started_at: _startedAt, ...recorded } = known;
  const repeats = known.repeats ?? known.operation_id;
  return { results: [{ ...recorded, ...identityOf(close), finished_at: now, repeats }] };
}

interface Compared {
  previous: string | null;
  /** The device still has the address that received the close. */
  isSame: boolean;
  /** The entry to write; undefined for a close that was cancelled. */
  begun: Begun | undefined;
  named: LastBatch | undefined;
  now: string;
}

/** Decides about a close. `out_of_step` unless it was accepted for this address, after the last close of the log. */
function compare(log: LogView, close: Close, { previous, isSame, begun, named, now }: Compared): Change<never> {
  const made = missingClose(log, named, now);
  const before = made ? [made] : [];
  const last = made?.operation_id ?? log.lastClose;
  if (!isSame || (last ?? null) !== previous) return { results: [...before, outOfStep(close, last, now)] };
  return begun ? { results: before, begun } : { results: [...before, refused(close, "cancelled", now)] };
}

function outOfStep(close: Close, last: string | undefined, now: string): ReportedResult {
  return { ...refused(close, "out_of_step", now), ...(last !== undefined && { last_close: last }) };
}

function refused(close: Close, reason: "out_of_step" | "cancelled", now: string): ReportedResult {
  return { ...identityOf(close), status: "FAILED", reason, finished_at: now };
}

function identityOf({ operation_id, operation, origin }: Close): Close {
  return { operation_id, operation, ...(origin && { origin }) };
}

/** The result for a close by hand when the terminal names a batch that is not in the log; undefined otherwise. */
function missingClose(log: LogView, named: LastBatch | undefined, now: string): ReportedResult | undefined {
  return !named || log.closing || named.batch_id === log.batch ? undefined : byHand(named, now);
}

function byHand(named: LastBatch, now: string): ReportedResult {
  return {
    operation_id: randomUUID(),
    operation: "end_of_day",
    status: "COMPLETED",
    finished_at: named.closed_at ?? now,
    result: resultOf(named),
    by_hand: true,
  };
}

function isReportable(named: LastBatch): boolean {
  const { closed_at: at, outcome } = named;
  return outcome !== "declined" && (at === undefined || time.Check(at)) && result.Check(resultOf(named));
}

function resultOf({ closed_at: _closedAt, ...known }: LastBatch): EndOfDayResult {
  return { outcome: "unconfirmed", ...known };
}
