import { type Clock, sleep, systemClock } from "@tillkeeper/agent/clock";
import { type Logger, silentLogger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import { Agenda } from "./agenda.ts";
import { type FaultMix, mildFaults } from "./fault-mix.ts";
import { type Figures, noFigures } from "./figures.ts";
import type { SimulatedState } from "./simulated-state.ts";
import { SimulatedTerminal, type SimulatedTerminalSpec, type SimulationContext } from "./simulated-terminal.ts";
import { hourMs } from "./trading-hours.ts";

export interface SimulatedFleetOptions {
  seed: string;
  faults?: FaultMix;
  paymentsPerHour?: number;
  /** The factor by which the simulated day is faster than the real day. */
  speed?: number;
  /** The time of the simulated day at which it begins, in milliseconds after midnight. */
  fromMs?: number;
  clock?: Clock;
  log?: Logger;
  /**
   * Called when a reported device fault is over: the server wants a check_update before the terminal is ACTIVE again.
   */
  mended?: (terminalId: string) => void;
}

const defaults = { paymentsPerHour: 20, fromMs: 11 * hourMs };
/** How long `stop` waits for terminals that are not connected. */
const patienceMs = 5000;
/** The number of terminals that end at once. */
const endingAtOnce = 500;

/** Thousands of simulated terminals in this process, with one timer for all their events. */
export class SimulatedFleet {
  readonly #context: SimulationContext;
  readonly #terminals: SimulatedTerminal[] = [];

  constructor(options: SimulatedFleetOptions) {
    const { seed, faults = mildFaults, speed = 1, clock = systemClock, log = silentLogger } = options;
    this.#context = {
      seed,
      faults,
      paymentsPerHour: options.paymentsPerHour ?? defaults.paymentsPerHour,
      speed,
      fromMs: options.fromMs ?? defaults.fromMs,
      clock,
      log,
      agenda: new Agenda(clock),
      figures: noFigures(),
      mended: options.mended ?? (() => {}),
    };
  }

  /** The counts so far; the object goes on changing. */
  get figures(): Readonly<Figures> {
    return this.#context.figures;
  }

  /**
   * Resolves when the terminal begins to connect. Rejects for the journal of another device, and a URL that is not
   * MQTT.
   */
  async add(spec: SimulatedTerminalSpec, journal: Journal<SimulatedState>): Promise<void> {
    const terminal = new SimulatedTerminal(spec, journal, this.#context);
    this.#terminals.push(terminal);
    await terminal.start();
  }

  /** Ends all events and every terminal, cleanly. */
  async stop(): Promise<void> {
    this.#context.agenda.close();
    const settled = new AbortController();
    const patience = sleep(this.#context.clock, patienceMs, settled.signal).catch(() => undefined);
    await Promise.race([patience, Promise.all(this.#terminals.map((terminal) => terminal.settle()))]);
    settled.abort();
    for (let from = 0; from < this.#terminals.length; from += endingAtOnce) {
      await Promise.all(this.#terminals.slice(from, from + endingAtOnce).map((terminal) => terminal.stop()));
    }
  }
}
