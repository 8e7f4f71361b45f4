import { randomUUID } from "node:crypto";
import { EndOfDayResult } from "@tillkeeper/contract/operations";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { type Clock, sleep, timestamp } from "./clock.ts";
import type { Journal } from "./journal.ts";
import type { Logger } from "./logger.ts";
import type { CloseHandler, Failed, LastBatch } from "./operation.ts";
import { deviceError, type ReportedResult } from "./outcome.ts";
import type { Begun, Change, LogView } from "./result-log.ts";

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

/** What a close was accepted after, and as which device this one heard of it. */
interface AcceptedAfter {
  previous: string | null;
  address: string | undefined;
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
    return this.#inTurn(() => this.#lookNow()).catch((cause: unknown) => {
      if (!this.#ended.signal.aborted) this.#options.log.warn({ err: cause }, "cannot look for closes at the terminal");
    });
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
   * Writes that a close is begun, if it may be; else what came of it. Nothing comes between the comparison and the write. Resolves with a failure where that has to be answered; rejects when the journal cannot be written.
   */
  begin(begun: Begun, after: AcceptedAfter): Promise<"begun" | "answered" | Failed> {
    return this.#inTurn(async () => {
      const { journal, added, clock, log } = this.#options;
      let named: LastBatch | undefined;
      try {
        named = this.knows(begun.origin?.request) ? undefined : await this.#ask();
      } catch (cause) {
        if (!this.#ended.signal.aborted)
          log.error({ operation_id: begun.operation_id, err: cause }, "cannot find out which batch was closed last");
        return deviceError("last_batch_unknown", cause instanceof Error ? cause.message : String(cause));
      }
      const now = timestamp(clock.now());
      const change = await journal.write(
        (log) =>
          again(log, begun) ?? compare(log, begun, { ...after, isSame: after.address === journal.address, named, now }),
      );
      for (const { operation_id, reason, by_hand } of change?.results ?? []) {
        log.info({ operation_id, reason }, by_hand ? "the day was closed at the terminal" : "answered");
      }
      if (change?.results?.length) added();
      return change?.begun ? "begun" : "answered";
    });
  }

  async #lookNow(): Promise<void> {
    const { journal, added, clock, log } = this.#options;
    // What runs now may be what closes it.
    if (this.#ended.signal.aborted || journal.log.closing) return;
    const named = await this.#ask();
    const byHand = missing(journal.log, named, timestamp(clock.now()));
    if (!byHand) return;
    await journal.write(() => ({ results: [byHand] }));
    log.info({ operation_id: byHand.operation_id, batch_id: named?.batch_id }, "the day was closed at the terminal");
    added();
  }

  async #ask(): Promise<LastBatch | undefined> {
    const { handler, journal, clock } = this.#options;
    if (!handler?.lastBatch) return undefined;
    const { signal: ended } = this.#ended;
    const answered = new AbortController();
    const named = await Promise.race([
      handler.lastBatch(journal.state),
      sleep(clock, patienceMs, AbortSignal.any([ended, answered.signal])).then(() => {
        throw new Error("The terminal does not say which batch it closed last");
      }),
    ]).finally(() => answered.abort(new Error("The terminal has answered")));
    if (ended.aborted) throw ended.reason;
    if (named && !canBeTold(named)) throw new Error("The terminal names no batch that can be told");
    return named;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** The result that the same request had. */
function again(log: LogView, begun: Begun): Change<never> | undefined {
  const known = log.ofRequest(begun.origin?.request);
  if (!known) return undefined;
  // This one was never begun.
  const { number: _, started_at: __, ...recorded } = known;
  return { results: [{ ...recorded, ...headOf(begun), repeats: known.repeats ?? known.operation_id }] };
}

interface Compared {
  previous: string | null;
  /** This is still the device that the close was for. */
  isSame: boolean;
  named: LastBatch | undefined;
  now: string;
}

/** Begun if it was accepted after the last close, by this device; out of step otherwise. */
function compare(log: LogView, begun: Begun, { previous, isSame, named, now }: Compared): Change<never> {
  const byHand = missing(log, named, now);
  const results = byHand ? [byHand] : [];
  const last = byHand?.operation_id ?? log.lastClose ?? null;
  if (isSame && last === previous) return { results, begun };
  const refused = { status: "FAILED", reason: "out_of_step", last_close: last, finished_at: now } as const;
  return { results: [...results, { ...headOf(begun), ...refused }] };
}

function headOf({ operation_id, operation, origin }: Begun) {
  return { operation_id, operation, ...(origin && { origin }) };
}

/** The close by hand of a batch that the log lacks. */
function missing(log: LogView, named: LastBatch | undefined, now: string): ReportedResult | undefined {
  if (!named || log.closing || named.batch_id === log.batch) return undefined;
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

function resultOf({ closed_at: _, ...known }: LastBatch): EndOfDayResult {
  return { outcome: "unconfirmed", ...known };
}
