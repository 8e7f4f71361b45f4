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
  /** The log has grown. */
  added: () => void;
}

/** A terminal that does not say in that time which batch it closed last cannot say it now. */
const patienceMs = 5_000;
const lookEveryMs = 60_000;
const result = Compile(EndOfDayResult);
const time = Compile(Type.String({ format: "date-time" }));

type Close = Pick<Begun, "operation_id" | "operation" | "origin">;

interface Ordered {
  /** What the close was accepted after; left out, `null`. */
  previous: string | null | undefined;
  /** As which device this one heard of it. */
  address: string | undefined;
  /** What is written if it begins; undefined of one that is given up. Asked right before the write. */
  begun: () => Begun | undefined;
}

class UnknownBatchError extends Error {
  override readonly name = "UnknownBatchError";
}

/** Sees to it that a day is closed only by who knows of every close before: docs/adr/0026-closes-and-memory.md. */
export class Closes<State> {
  readonly #options: ClosesOptions<State>;
  readonly #ended = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #cancelLook: (() => void) | undefined;

  constructor(options: ClosesOptions<State>) {
    this.#options = options;
  }

  /** Looks now, and every minute from now on, until the end. */
  watch(): void {
    void this.look();
    if (!this.#options.handler?.lastBatch || this.#ended.signal.aborted) return;
    this.#cancelLook = this.#options.clock.after(lookEveryMs, () => this.watch());
  }

  /** Nothing is asked or written any more. */
  end(): void {
    this.#ended.abort(new Error("The agent has ended"));
    this.#cancelLook?.();
  }

  /** Writes down a close that was made at the terminal; undefined where it cannot tell. Never rejects. */
  look(): Promise<void> | undefined {
    if (!this.#options.handler?.lastBatch) return undefined;
    // What goes wrong has been told: with the terminal here, with the journal as the device's fault.
    return this.#inTurn(() => this.#lookNow()).catch(() => undefined);
  }

  /** The batch that was closed last; undefined also when the terminal does not say it. Never rejects. */
  async lastBatch(): Promise<string | undefined> {
    return this.#ask().then(
      (named) => named?.batch_id,
      () => undefined,
    );
  }

  /** Whether a request that a close came of has a result already. */
  knows(request: string | undefined): boolean {
    return this.#options.journal.log.ofRequest(request) !== undefined;
  }

  /**
   * Writes that a close is begun, or given up, if it may be; else what came of it. Nothing comes between the comparison and the
   * write. Resolves with a failure where that has to be answered; rejects when the journal cannot be written.
   */
  begin(close: Close, { previous = null, address, begun }: Ordered): Promise<"begun" | "answered" | Failed> {
    return this.#inTurn(async () => {
      const { journal, clock } = this.#options;
      try {
        const named = this.knows(close.origin?.request) ? undefined : await this.#ask();
        const now = timestamp(clock.now());
        const change = await journal.write((log) => {
          const isSame = address === journal.address;
          return again(log, close, now) ?? compare(log, close, { previous, isSame, begun: begun(), named, now });
        });
        this.#tell(change);
        return change?.begun && !(await this.#wasClosedMeanwhile(close)) ? "begun" : "answered";
      } catch (cause) {
        if (!(cause instanceof UnknownBatchError)) throw cause;
        return deviceError("last_batch_unknown", cause.message);
      }
    });
  }

  /** Somebody may have closed the day at the terminal while it was written down that this close is begun. */
  async #wasClosedMeanwhile(close: Close): Promise<boolean> {
    const { journal, clock } = this.#options;
    const named = await this.#ask();
    const now = timestamp(clock.now());
    const change = await journal.write((log) => {
      if (!named || named.batch_id === log.batch) return undefined;
      const made = byHand(named, now);
      return { results: [made, outOfStep(close, made.operation_id, now)] };
    });
    this.#tell(change);
    return change !== undefined;
  }

  #tell(change: Change<State> | undefined): void {
    const { added, log } = this.#options;
    for (const { operation_id, reason, by_hand } of change?.results ?? []) {
      log.info({ operation_id, reason }, by_hand ? "the day was closed at the terminal" : "answered");
    }
    if (change?.results?.length) added();
  }

  async #lookNow(): Promise<void> {
    const { journal, clock } = this.#options;
    // What runs now may be what closes it.
    if (this.#ended.signal.aborted || journal.log.closing) return;
    const made = missing(journal.log, await this.#ask(), timestamp(clock.now()));
    if (made) this.#tell(await journal.write(() => ({ results: [made] })));
  }

  /** Rejects with `UnknownBatchError`. */
  async #ask(): Promise<LastBatch | undefined> {
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
      if (named && !canBeTold(named)) throw new Error("The terminal names no batch that can be told");
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

/** The result that the same request had. */
function again(log: LogView, close: Close, now: string): Change<never> | undefined {
  const known = log.ofRequest(close.origin?.request);
  if (!known) return undefined;
  // This one was never begun.
  const { number: _number, started_at: _startedAt, ...recorded } = known;
  const repeats = known.repeats ?? known.operation_id;
  return { results: [{ ...recorded, ...headOf(close), finished_at: now, repeats }] };
}

interface Compared {
  previous: string | null;
  /** This is still the device that the close was for. */
  isSame: boolean;
  /** Left out of what is cancelled. */
  begun: Begun | undefined;
  named: LastBatch | undefined;
  now: string;
}

/** Begun, or given up, if it was accepted after the last close, by this device; out of step otherwise. */
function compare(log: LogView, close: Close, { previous, isSame, begun, named, now }: Compared): Change<never> {
  const made = missing(log, named, now);
  const before = made ? [made] : [];
  const last = made?.operation_id ?? log.lastClose;
  if (!isSame || (last ?? null) !== previous) return { results: [...before, outOfStep(close, last, now)] };
  return begun ? { results: before, begun } : { results: [...before, refused(close, "cancelled", now)] };
}

function outOfStep(close: Close, last: string | undefined, now: string): ReportedResult {
  return { ...refused(close, "out_of_step", now), ...(last !== undefined && { last_close: last }) };
}

function refused(close: Close, reason: "out_of_step" | "cancelled", now: string): ReportedResult {
  return { ...headOf(close), status: "FAILED", reason, finished_at: now };
}

function headOf({ operation_id, operation, origin }: Close): Close {
  return { operation_id, operation, ...(origin && { origin }) };
}

/** The close by hand of a batch that the log lacks. */
function missing(log: LogView, named: LastBatch | undefined, now: string): ReportedResult | undefined {
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

function canBeTold(named: LastBatch): boolean {
  const { closed_at: at, outcome } = named;
  return outcome !== "declined" && (at === undefined || time.Check(at)) && result.Check(resultOf(named));
}

function resultOf({ closed_at: _closedAt, ...known }: LastBatch): EndOfDayResult {
  return { outcome: "unconfirmed", ...known };
}
