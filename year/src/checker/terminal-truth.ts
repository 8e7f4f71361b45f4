import type { DeviceClose } from "../devices/history.ts";
import { type Condition, conditionAt } from "../plan/faults.ts";
import type { History, TerminalHistory, Visit } from "./history.ts";

/** A close with the device that made it, and what the server says it was for. */
export interface TerminalClose extends DeviceClose {
  terminal: number;
  /** Of the closing that sent it; absent if none did. */
  storeId?: string;
  businessDay?: string;
  closingId?: string;
}

const isSuccess = ({ outcome }: DeviceClose) => outcome === "closed" || outcome === "died";

/** What happened at the terminals, by their own account. */
export class Truth {
  readonly #history: History;
  /** Of each terminal, oldest first: closes that were begun. */
  readonly closes: readonly (readonly TerminalClose[])[];

  constructor(history: History) {
    this.#history = history;
    this.closes = history.terminals.map(({ devices }, terminal) =>
      devices
        .flatMap((device) => device.history.closes)
        .map((close) => {
          const sent = history.operations.get(close.operationId);
          const day = sent && history.days.get(sent.closingId);
          return { ...close, terminal, ...(sent && { closingId: sent.closingId }), ...day };
        })
        .toSorted((one, other) => one.at - other.at),
    );
  }

  /** The closes of a terminal that closed its batch, from and until when. */
  closed(terminal: number, from: number, until: number): TerminalClose[] {
    return (this.closes[terminal] ?? []).filter((close) => isSuccess(close) && close.at >= from && close.at <= until);
  }

  /** Every close that closed a batch. */
  allClosed(): TerminalClose[] {
    return this.closes.flat().filter(isSuccess);
  }

  begun(terminal: number, from: number, until: number): TerminalClose[] {
    return (this.closes[terminal] ?? []).filter(({ at }) => at >= from && at <= until);
  }

  /** How many sales are in the open batch of the terminal's device at that instant. */
  openAt(terminal: number, at: number): number {
    const { devices } = this.#terminal(terminal);
    const device = devices.findLast(({ from }) => from <= at);
    if (!device) return 0;
    const { closes, sales } = device.history;
    const last = closes.findLast((close) => isSuccess(close) && close.at < at);
    return sales
      .filter((sale) => sale.at < at && sale.at >= (last?.at ?? 0))
      .reduce((sum, { count }) => sum + count, 0);
  }

  soldBetween(terminal: number, from: number, until: number): boolean {
    return this.#terminal(terminal).devices.some(({ history }) =>
      history.sales.some(({ at }) => at >= from && at <= until),
    );
  }

  /** The stores to which the terminal belonged at some time of the span. */
  storesBetween(terminal: number, from: number, until: number): Set<number> {
    const { stores } = this.#terminal(terminal);
    return new Set(
      stores.flatMap(({ at, store }, index) => {
        const ended = stores[index + 1]?.at ?? Number.POSITIVE_INFINITY;
        return at <= until && ended >= from ? [store] : [];
      }),
    );
  }

  /** Whether another device became the terminal in that span. */
  swappedBetween(terminal: number, from: number, until: number): boolean {
    return this.#terminal(terminal)
      .devices.slice(1)
      .some((device) => device.from >= from && device.from <= until);
  }

  /** Whether a device of the terminal was replaced before that instant while its batch was open. */
  leftBatch(terminal: number, at: number): boolean {
    return this.#terminal(terminal).devices.some(({ from, openCountBefore }) => openCountBefore > 0 && from <= at);
  }

  conditionAt(terminal: number, at: number): Condition {
    return conditionAt(this.#terminal(terminal).faults, at);
  }

  /**
   * A visit in the span at which the terminal was reachable and free, so that it could be closed. What failed shortly before is
   * tried again after a pause, and a command that was not heard is waited for until its deadline.
   */
  goodVisit(terminal: number, from: number, until: number): Visit | undefined {
    const { visits } = this.#history;
    const shown = visits.filter(({ at }) => at >= from - pauseMs && at <= until - minuteMs);
    return shown.find(
      ({ at }) =>
        at >= from &&
        shown.every(
          (other) => other.at > at || other.at < at - pauseMs || this.conditionAt(terminal, other.at) === "up",
        ),
    );
  }

  #terminal(terminal: number): TerminalHistory {
    return this.#history.terminals[terminal] as TerminalHistory;
  }
}

const minuteMs = 60_000;
const pauseMs = 6 * minuteMs;
