import { type Clock, timestamp } from "@tillkeeper/agent/clock";
import type { Logger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import type { Fault } from "../virtual/faults.ts";
import type { ClosedDay, TerminalState } from "../virtual/state.ts";
import { openBatchOf } from "../virtual/telemetry.ts";
import { VirtualTerminal } from "../virtual/terminal.ts";
import type { VirtualTerminalSpec } from "../virtual/terminal-options.ts";
import type { Agenda } from "./agenda.ts";
import type { FaultMix } from "./fault-mix.ts";
import { countFault, type Figures, operationCounter } from "./figures.ts";
import { type PlannedEvent, type PlannedPayment, planOf } from "./plan.ts";
import { SimulatedLink } from "./simulated-link.ts";
import { observedJournal, type SimulatedState } from "./simulated-state.ts";
import { profileOf, type TerminalProfile } from "./terminal-profile.ts";
import { closeBatch, Till, withSale } from "./till.ts";

const byHand = "by hand";

/** The settings and objects that all terminals of a simulation share. */
export interface SimulationContext {
  seed: string;
  faults: FaultMix;
  paymentsPerHour: number;
  /** The factor by which the simulated day is faster than the real day. */
  speed: number;
  /** The time of the simulated day at which every terminal begins, in milliseconds after midnight. */
  fromMs: number;
  clock: Clock;
  agenda: Agenda;
  figures: Figures;
  log: Logger;
  /**
   * Called when a terminal's device fault is over: the server wants a check_update before the terminal is ACTIVE again.
   */
  mended: (terminalId: string) => void;
}

/** A terminal of a simulated fleet. */
export interface SimulatedTerminalSpec extends VirtualTerminalSpec {
  /** The terminal's number in the fleet, from 0; with the seed it determines all its events. */
  number: number;
  store: number;
}

/** The pause before a payment is tried again that met another payment or a close. */
const customerWaitsMs = 250;

/** A virtual terminal with payments and faults, which happen as its plan says. */
export class SimulatedTerminal {
  readonly #spec: SimulatedTerminalSpec;
  readonly #context: SimulationContext;
  readonly #clock: Clock;
  readonly #profile: TerminalProfile;
  readonly #journal: Journal<SimulatedState>;
  readonly #till = new Till();
  readonly #link: SimulatedLink;
  readonly #terminal: VirtualTerminal;
  readonly #plan: Generator<PlannedEvent, never>;
  /** The number in this run of each unanswered operation, by operation id. */
  readonly #numbers = new Map<string, number>();
  #operations = 0;
  #receipts = 0;
  #begunAt = 0;
  #powered = true;
  #powerBack: (() => void) | undefined;
  #ended = false;
  #fault: DeviceFault | undefined;

  constructor(spec: SimulatedTerminalSpec, journal: Journal<SimulatedState>, context: SimulationContext) {
    const { seed, faults, paymentsPerHour, fromMs, figures } = context;
    const { number, store } = spec;
    this.#spec = spec;
    this.#context = context;
    this.#profile = profileOf({ seed, number, store, faults });
    this.#clock = wrongClock(context.clock, this.#profile.clock);
    this.#plan = planOf({ seed, number, store, paymentsPerHour, faults, fromMs });
    this.#link = new SimulatedLink(context.agenda, (isUp) => {
      figures.connected += isUp ? 1 : -1;
    });
    const counter = operationCounter(figures);
    this.#journal = observedJournal(journal, {
      ...counter,
      wrote: (change) => {
        counter.wrote(change);
        for (const { operation_id: id } of change.results ?? []) {
          this.#till.openAfter(id);
          this.#numbers.delete(id);
        }
      },
    });
    this.#terminal = this.#createTerminal();
  }

  async start(): Promise<void> {
    await this.#terminal.start();
    this.#context.figures.terminals += 1;
    this.#begunAt = this.#context.agenda.now();
    this.#planNextEvent();
  }

  /** Ends its events and its faults. Resolves when it is connected, so that it can send goodbye. */
  async settle(): Promise<void> {
    this.#ended = true;
    this.#powerBack?.();
    await this.#link.mend();
  }

  /** Ends cleanly; the payments since the last close are stored with the journal. */
  async stop(): Promise<void> {
    await this.#terminal.stop();
    await this.#journal.write(() => ({}));
  }

  #createTerminal(): VirtualTerminal {
    return new VirtualTerminal(this.#spec, () => Promise.resolve(this.#journal), {
      clock: this.#clock,
      log: this.#context.log,
      open: this.#link.open,
      namesBatches: this.#profile.namesBatches,
      parts: {
        closed: (day) => this.#closed(day),
        payments: this.#till,
        operations: (usual) => this.#operationsOf(usual),
        telemetry: () => this.#telemetry(),
        fault: () => this.#fault,
        faultOf: (operation) => this.#faultOf(operation),
      },
    });
  }

  /** Replaces the invented totals of a close by the totals of the open batch. */
  #closed({ result: usual, state }: ClosedDay): ClosedDay {
    const closed = closeBatch(this.#journal.state, state);
    const result = { ...usual, ...closed.totals };
    return { result, state: { ...closed.state, last_close: result } };
  }

  #operationsOf(usual: OperationHandlers<TerminalState>): OperationHandlers<TerminalState> {
    const { end_of_day: usualClose } = usual;
    if (!usualClose) return usual;
    return {
      ...usual,
      end_of_day: {
        ...usualClose,
        run: async (operation, context) => {
          this.#till.shutFor(operation.operation_id);
          return usualClose.run(operation, context);
        },
      },
    };
  }

  #faultOf({ operation_id: id }: Operation): Fault | undefined {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      if (this.#journal.log.find(id)) return undefined;
      number = this.#operations;
      this.#operations += 1;
      this.#numbers.set(id, number);
    }
    return this.#profile.faultOf(number);
  }

  #telemetry(): Telemetry {
    const { speed, fromMs, agenda } = this.#context;
    const dayTimeMs = fromMs + (agenda.now() - this.#begunAt) * speed;
    const { oldest_at, ...batch } = this.#journal.state.open_batch;
    const transactions_count = batch.purchases_count + batch.reversals_count;
    return {
      ...this.#profile.conditionAt(dayTimeMs, this.#receipts),
      unsent_batch: { transactions_count, ...(oldest_at && { oldest_at }) },
      open_batch: openBatchOf(withSale(batch), oldest_at),
    };
  }

  #planNextEvent(): void {
    const { agenda, speed } = this.#context;
    const event = this.#plan.next().value;
    agenda.note(this.#begunAt + event.at / speed, () => {
      this.#handle(event);
      this.#planNextEvent();
    });
  }

  #handle(event: PlannedEvent): void {
    if (!this.#powered || this.#ended) return;
    if (event.kind !== "payment") countFault(this.#context.figures, event.kind);
    switch (event.kind) {
      case "payment":
        return this.#takePayment(event);
      case "drop":
        return this.#link.drop();
      case "silent":
        return this.#link.fallSilent(event.lastsMs);
      case "slow_link":
        return this.#link.slowDown(event.delayMs, event.lastsMs);
      case "restart":
        return void this.#losePower(event.lastsMs);
      case "by_hand":
        return void this.#closeByHand();
      case "device_fault":
        return this.#break({ code: event.code, message: "The simulation has it so" }, event.lastsMs);
    }
  }

  #takePayment(payment: PlannedPayment): void {
    if (!this.#powered || this.#ended) return;
    const { agenda, speed, figures } = this.#context;
    const paying = this.#till.begin(payment);
    if (!paying) return agenda.noteIn(customerWaitsMs, () => this.#takePayment(payment));
    agenda.noteIn(payment.takesMs / speed, () => {
      if (!this.#till.complete(paying, this.#journal.state.open_batch, timestamp(this.#clock.now()))) return;
      this.#receipts += 1;
      this.#terminal.openBatchChanged();
      figures.payments.count += 1;
      figures.payments.amount += payment.type === "reversal" ? -payment.amount : payment.amount + payment.tip;
    });
  }

  async #losePower(forMs: number): Promise<void> {
    this.#powered = false;
    if (this.#till.underWay()) this.#context.figures.payments.lost += 1;
    this.#till.losePower();
    this.#fault = undefined;
    const { promise: back, resolve } = Promise.withResolvers<void>();
    this.#powerBack = resolve;
    this.#context.agenda.noteIn(forMs, resolve);
    await this.#terminal.losePower(undefined, back);
    this.#powerBack = undefined;
    this.#powered = true;
  }

  /**
   * Closes the day by hand, but not during a payment, and no payment begins meanwhile: it would be in neither batch.
   */
  async #closeByHand(): Promise<void> {
    if (this.#till.underWay() || this.#till.isShut) return;
    this.#till.shutFor(byHand);
    await this.#terminal.closeByHand().catch(() => undefined);
    this.#till.openAfter(byHand);
  }

  #break(fault: DeviceFault, lastsMs: number): void {
    this.#fault = fault;
    this.#terminal.reportSoon();
    this.#context.agenda.noteIn(lastsMs, () => {
      if (this.#fault === fault) this.#fault = undefined;
      this.#terminal.reportSoon();
      this.#context.mended(this.#spec.terminalId);
    });
  }
}

/** Returns a clock whose wall time is wrong. Its monotonic time is right, as on real devices. */
function wrongClock(clock: Clock, { offMs, drift }: TerminalProfile["clock"]): Clock {
  if (offMs === 0 && drift === 0) return clock;
  const since = clock.monotonic();
  return {
    now: () => clock.now() + offMs + drift * (clock.monotonic() - since),
    monotonic: () => clock.monotonic(),
    after: (delayMs, action) => clock.after(delayMs, action),
  };
}
