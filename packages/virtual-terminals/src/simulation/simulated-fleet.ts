import { type Clock, sleep, systemClock } from "@tillkeeper/agent/clock";
import { type Logger, silentLogger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import { Agenda } from "./agenda.ts";
import { type FaultMix, mildFaults } from "./fault-mix.ts";
import { type Figures, noFigures } from "./figures.ts";
import type { SimulatedState } from "./simulated-state.ts";
import { SimulatedTerminal, type SimulatedTerminalSpec, type World } from "./simulated-terminal.ts";
import { hourMs } from "./trading-hours.ts";

export interface SimulatedFleetOptions {
  seed: string;
  faults?: FaultMix;
  paymentsPerHour?: number;
  /** How many times faster than the real one the simulated day goes by. */
  speed?: number;
  /** Time of the simulated day at which it begins, in milliseconds after midnight. */
  fromMs?: number;
  clock?: Clock;
  log?: Logger;
  /** A device got over the fault that it had reported: its server wants a check_update before it trusts it again. */
  mended?: (terminalId: string) => void;
}

const defaults = { paymentsPerHour: 20, fromMs: 11 * hourMs };
/** How long those are waited for who have no link at the end. */
const patienceMs = 5000;
/** How many say goodbye at once. */
const endingAtOnce = 500;

/** Thousands of simulated terminals in this process, with one timer for everything that happens to them. */
export class SimulatedFleet {
  readonly #world: World;
  readonly #terminals: SimulatedTerminal[] = [];

  constructor(options: SimulatedFleetOptions) {
    const { seed, faults = mildFaults, speed = 1, clock = systemClock, log = silentLogger } = options;
    this.#world = {
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

  /** What has happened so far; goes on changing. */
  get figures(): Readonly<Figures> {
    return this.#world.figures;
  }

  /** Resolves when the terminal begins to connect. Rejects for the journal of another device, and a URL that is not MQTT. */
  async add(spec: SimulatedTerminalSpec, journal: Journal<SimulatedState>): Promise<void> {
    const terminal = new SimulatedTerminal(spec, journal, this.#world);
    this.#terminals.push(terminal);
    await terminal.start();
  }

  /** Nothing more happens; every terminal ends cleanly. */
  async stop(): Promise<void> {
    this.#world.agenda.close();
    const settled = new AbortController();
    const patience = sleep(this.#world.clock, patienceMs, settled.signal).catch(() => undefined);
    await Promise.race([patience, Promise.all(this.#terminals.map((terminal) => terminal.settle()))]);
    settled.abort();
    for (let from = 0; from < this.#terminals.length; from += endingAtOnce) {
      await Promise.all(this.#terminals.slice(from, from + endingAtOnce).map((terminal) => terminal.stop()));
    }
  }
}
