import { Agent } from "./agent.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Credential, OpenConnection } from "./connection.ts";
import { type Fault, faultOfCommand, faultOfSerial } from "./faults.ts";
import { FaultyLink } from "./faulty-connection.ts";
import { InventedPayments, type PaymentLength } from "./invented-payments.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { openMqttConnection } from "./mqtt-connection.ts";
import type { Operation } from "./operation.ts";
import type { OpenTerminalJournal, TerminalState } from "./terminal-state.ts";
import { virtualOperations } from "./virtual-operations.ts";

/** A terminal to play, with the credential that it connects with. */
export interface VirtualTerminalSpec {
  terminalId: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
  clientId?: string;
  ca?: string;
}

export interface VirtualTerminalOptions {
  clock?: Clock;
  log?: Logger;
  /** Milliseconds an operation takes, by chance between the two; both 0 for load. */
  durationMs?: { shortest: number; longest: number };
  /** How long the payments of the fault `busy_payment` take. */
  payment?: PaymentLength;
  /** The fault of all its operations, in place of the one by serial number; a command may still ask for another. */
  fault?: Fault;
  open?: OpenConnection;
  /** As in `AgentOptions`. */
  repeat?: { firstMs: number; longestMs: number };
}

const defaultDurationMs = { shortest: 150, longest: 600 };
const defaultPayment = { share: 0.3, longestMs: 5000 };
const agentName = "tillkeeper-virtual-terminal/0.1.0";

/** A terminal without hardware: an agent whose handlers invent what they answer, and that can lose its power. */
export class VirtualTerminal {
  readonly #spec: VirtualTerminalSpec;
  readonly #openJournal: OpenTerminalJournal;
  readonly #options: VirtualTerminalOptions;
  readonly #clock: Clock;
  readonly #payments: InventedPayments;
  readonly #link: FaultyLink;
  #credential: Credential;
  #agent: Agent<TerminalState> | undefined;
  #restarted: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(spec: VirtualTerminalSpec, openJournal: OpenTerminalJournal, options: VirtualTerminalOptions = {}) {
    this.#spec = spec;
    this.#openJournal = openJournal;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#credential = credentialOf(spec);
    this.#payments = new InventedPayments(this.#clock, options.payment ?? defaultPayment);
    this.#link = new FaultyLink({
      faultOf: (operation) => this.#faultOf(operation),
      payments: this.#payments,
      restart: () => this.#restart(),
    });
  }

  /** Resolves when it has its memory and begins to connect. Rejects for a damaged memory and a URL that is not MQTT. */
  async start(): Promise<void> {
    const agent = await this.#boot();
    agent.start();
    this.#agent = agent;
  }

  /** Connects again with another credential. */
  use(credential: Credential): void {
    this.#agent?.use(credential);
    this.#credential = credential;
  }

  /** Ends cleanly, a restart that is under way too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#restarted;
    await this.#agent?.stop();
    this.#payments.endAll();
  }

  /** The power is lost and comes back: what is not in the journal is forgotten. */
  #restart(): void {
    const { log = silentLogger } = this.#options;
    this.#restarted = this.#restarted
      .then(() => this.#loseAndRegainPower())
      .catch((cause: unknown) => {
        log.error({ terminal_id: this.#spec.terminalId, err: cause }, "a virtual terminal could not restart");
      });
  }

  async #loseAndRegainPower(): Promise<void> {
    if (this.#stopped) return;
    await this.#agent?.kill();
    this.#payments.endAll();
    if (!this.#stopped) await this.start();
  }

  async #boot(): Promise<Agent<TerminalState>> {
    const { durationMs = defaultDurationMs, open = openMqttConnection, log, repeat } = this.#options;
    // First: another credential may come meanwhile.
    const journal = await this.#openJournal();
    return new Agent<TerminalState>({
      terminalId: this.#spec.terminalId,
      credential: this.#credential,
      agentName,
      handlers: virtualOperations({
        serialNumber: this.#spec.serialNumber,
        clock: this.#clock,
        durationMs,
        faultOf: (operation) => this.#faultOf(operation),
        nextLink: (signal) => this.#link.nextLink(signal),
      }),
      journal,
      clock: this.#clock,
      open: this.#link.through(open),
      payments: this.#payments,
      ...(log && { log }),
      ...(repeat && { repeat }),
    });
  }

  #faultOf({ parameters }: Operation): Fault | "unknown" | undefined {
    return faultOfCommand(parameters) ?? this.#options.fault ?? faultOfSerial(this.#spec.serialNumber);
  }
}

export function credentialOf({ mqttUrl: url, username, password, clientId, ca }: VirtualTerminalSpec): Credential {
  return { url, username, password, ...(clientId !== undefined && { clientId }), ...(ca !== undefined && { ca }) };
}
