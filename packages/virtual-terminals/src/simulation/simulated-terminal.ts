import { type Clock, timestamp } from "@tillkeeper/agent/clock";
import type { Logger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import type { Fault } from "../virtual/faults.ts";
import type { ClosedDay, TerminalState } from "../virtual/state.ts";
import { VirtualTerminal, type VirtualTerminalSpec } from "../virtual/terminal.ts";
import type { Agenda } from "./agenda.ts";
import { type Character, characterOf } from "./character.ts";
import type { FaultMix } from "./fault-mix.ts";
import { countFault, type Figures, operationCounter } from "./figures.ts";
import { type PlannedEvent, type PlannedPayment, planOf } from "./plan.ts";
import { SimulatedLink } from "./simulated-link.ts";
import { type SimulatedState, watchedJournal } from "./simulated-state.ts";
import { closeBatch, Till } from "./till.ts";

const byHand = "by hand";

/** What the terminals of a simulation have in common. */
export interface World {
  seed: string;
  faults: FaultMix;
  paymentsPerHour: number;
  /** How many times faster than the real one the simulated day goes by. */
  speed: number;
  /** Time of the simulated day at which every terminal begins, in milliseconds after midnight. */
  fromMs: number;
  clock: Clock;
  agenda: Agenda;
  figures: Figures;
  log: Logger;
  /** A terminal's device got over its fault: its server wants a check_update before it trusts it again. */
  mended: (terminalId: string) => void;
}

export interface SimulatedTerminalSpec extends VirtualTerminalSpec {
  /** From 0; with the seed it decides everything that happens to the terminal. */
  number: number;
  store: number;
}

/** Before a customer tries again who came while the day was being closed. */
const customerWaitsMs = 250;

/** A virtual terminal in a shop: customers pay at it, and things happen to it, as the plan has it. */
export class SimulatedTerminal {
  readonly #spec: SimulatedTerminalSpec;
  readonly #world: World;
  readonly #clock: Clock;
  readonly #character: Character;
  readonly #journal: Journal<SimulatedState>;
  readonly #till = new Till();
  readonly #link: SimulatedLink;
  readonly #terminal: VirtualTerminal;
  readonly #plan: Generator<PlannedEvent, never>;
  /** Which operation of this run each is, until it is answered. */
  readonly #numbers = new Map<string, number>();
  #operations = 0;
  #receipts = 0;
  #begunAt = 0;
  #powered = true;
  #powerBack: (() => void) | undefined;
  #ended = false;
  #fault: DeviceFault | undefined;

  constructor(spec: SimulatedTerminalSpec, journal: Journal<SimulatedState>, world: World) {
    const { seed, faults, paymentsPerHour, fromMs, figures } = world;
    const { number, store } = spec;
    this.#spec = spec;
    this.#world = world;
    this.#character = characterOf({ seed, number, store, faults });
    this.#clock = wrongClock(world.clock, this.#character.clock);
    this.#plan = planOf({ seed, number, store, paymentsPerHour, faults, fromMs });
    this.#link = new SimulatedLink(world.agenda, (isUp) => {
      figures.connected += isUp ? 1 : -1;
    });
    const counter = operationCounter(figures);
    this.#journal = watchedJournal(journal, {
      ...counter,
      wrote: (change) => {
        counter.wrote(change);
        for (const { operation_id: id } of change.results ?? []) {
          this.#till.openAfter(id);
          this.#numbers.delete(id);
        }
      },
    });
    this.#terminal = this.#play();
  }

  async start(): Promise<void> {
    await this.#terminal.start();
    this.#world.figures.terminals += 1;
    this.#begunAt = this.#world.agenda.now();
    this.#lookAhead();
  }

  /** Nothing more happens to it. Resolves when it is connected, so that it can say goodbye. */
  async settle(): Promise<void> {
    this.#ended = true;
    this.#powerBack?.();
    await this.#link.mend();
  }

  /** Ends cleanly; what was taken since the last close is kept, where a journal is. */
  async stop(): Promise<void> {
    await this.#terminal.stop();
    await this.#journal.write(() => ({}));
  }

  #play(): VirtualTerminal {
    return new VirtualTerminal(this.#spec, () => Promise.resolve(this.#journal), {
      clock: this.#clock,
      log: this.#world.log,
      open: this.#link.open,
      namesBatches: this.#character.namesBatches,
      parts: {
        closed: (day) => this.#closed(day),
        payments: this.#till,
        operations: (usual) => this.#operationsOf(usual),
        telemetry: () => this.#telemetry(),
        fault: () => this.#fault,
        faultOf: (operation) => this.#fateOf(operation),
      },
    });
  }

  /** The close takes its totals from the payments that there were. */
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

  #fateOf({ operation_id: id }: Operation): Fault | undefined {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      if (this.#journal.log.find(id)) return undefined;
      number = this.#operations;
      this.#operations += 1;
      this.#numbers.set(id, number);
    }
    return this.#character.fateOf(number);
  }

  #telemetry(): Telemetry {
    const { speed, fromMs, agenda } = this.#world;
    const dayTimeMs = fromMs + (agenda.now() - this.#begunAt) * speed;
    const { purchases_count, reversals_count, oldest_at } = this.#journal.state.open_batch;
    return {
      ...this.#character.conditionAt(dayTimeMs, this.#receipts),
      unsent_batch: { transactions_count: purchases_count + reversals_count, ...(oldest_at && { oldest_at }) },
    };
  }

  #lookAhead(): void {
    const { agenda, speed } = this.#world;
    const event = this.#plan.next().value;
    agenda.note(this.#begunAt + event.at / speed, () => {
      this.#happen(event);
      this.#lookAhead();
    });
  }

  #happen(event: PlannedEvent): void {
    if (!this.#powered || this.#ended) return;
    if (event.kind !== "payment") countFault(this.#world.figures, event.kind);
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
    const { agenda, speed, figures } = this.#world;
    const paying = this.#till.begin(payment);
    if (!paying) return agenda.noteIn(customerWaitsMs, () => this.#takePayment(payment));
    agenda.noteIn(payment.takesMs / speed, () => {
      if (!this.#till.complete(paying, this.#journal.state.open_batch, timestamp(this.#clock.now()))) return;
      this.#receipts += 1;
      figures.payments.count += 1;
      figures.payments.amount += payment.type === "reversal" ? -payment.amount : payment.amount + payment.tip;
    });
  }

  async #losePower(forMs: number): Promise<void> {
    this.#powered = false;
    if (this.#till.underWay()) this.#world.figures.payments.lost += 1;
    this.#till.losePower();
    this.#fault = undefined;
    const { promise: back, resolve } = Promise.withResolvers<void>();
    this.#powerBack = resolve;
    this.#world.agenda.noteIn(forMs, resolve);
    await this.#terminal.losePower(undefined, back);
    this.#powerBack = undefined;
    this.#powered = true;
  }

  /** Nobody closes the day while a payment is taken, nor takes one meanwhile: it would be in neither batch. */
  async #closeByHand(): Promise<void> {
    if (this.#till.underWay() || this.#till.isShut) return;
    this.#till.shutFor(byHand);
    await this.#terminal.closeByHand().catch(() => undefined);
    this.#till.openAfter(byHand);
  }

  #break(fault: DeviceFault, lastsMs: number): void {
    this.#fault = fault;
    this.#terminal.reportSoon();
    this.#world.agenda.noteIn(lastsMs, () => {
      if (this.#fault === fault) this.#fault = undefined;
      this.#terminal.reportSoon();
      this.#world.mended(this.#spec.terminalId);
    });
  }
}

/** The device's own clock; how time passes between two instants is right, as on real devices. */
function wrongClock(clock: Clock, { offMs, drift }: Character["clock"]): Clock {
  if (offMs === 0 && drift === 0) return clock;
  const since = clock.monotonic();
  return {
    now: () => clock.now() + offMs + drift * (clock.monotonic() - since),
    monotonic: () => clock.monotonic(),
    after: (delayMs, action) => clock.after(delayMs, action),
  };
}
