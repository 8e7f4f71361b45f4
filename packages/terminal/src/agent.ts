import type { DownChannel, UpChannel, WelcomeMessage } from "@tillkeeper/contract/mqtt";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { Answers } from "./answers.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { type Connection, type Credential, current, type OpenConnection } from "./connection.ts";
import { Greeting } from "./greeting.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { Journal } from "./journal.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { openMqttConnection } from "./mqtt-connection.ts";
import type { OperationHandlers } from "./operation.ts";
import { OperationRunner } from "./operation-runner.ts";
import { OutstandingResults } from "./outstanding-results.ts";
import type { Payments } from "./payments.ts";
import { ServerTime } from "./server-time.ts";
import { WatchedJournal } from "./watched-journal.ts";
import { readMessage } from "./wire.ts";

export interface AgentOptions<State> {
  credential: Credential;
  /** Name and version of the program, for the server's records. */
  agentName: string;
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  clock?: Clock;
  log?: Logger;
  /** How to connect; MQTT unless told otherwise. */
  open?: OpenConnection;
  /** Milliseconds between repetitions of a result or a hello. */
  repeat?: { firstMs: number; longestMs: number };
  /** How long a first command waits for the server's time before the local clock has to do. */
  patienceMs?: number;
  /**
   * Asked before anything is begun: no operation begins in the middle of a payment. Whoever takes payments must not begin
   * one while an operation runs that would spoil it. Without it there are none.
   */
  payments?: Payments;
  /** Told of each receipt: the server knows the result now, so a restart that an update wants may follow. */
  receipted?: (operationId: string) => void;
  /** How the device is; asked for each heartbeat. Call `reportSoon` when it changes. */
  telemetry?: () => Telemetry;
  /** What keeps the device from its work, as long as it does. Call `reportSoon` when it begins and ends. */
  fault?: () => DeviceFault | undefined;
}

/** A broker that hangs does not hold up the end. */
const goodbyeMs = 500;
const defaults = { repeat: { firstMs: 2000, longestMs: 30_000 }, patienceMs: 5000 };

/** The program on a terminal that speaks the device protocol: see docs/device-protocol.md. */
export class Agent<State = undefined> {
  readonly #options: AgentOptions<State>;
  readonly #log: Logger;
  readonly #journal: WatchedJournal<State>;
  readonly #answers: Answers<State>;
  readonly #runner: OperationRunner<State>;
  readonly #results: OutstandingResults;
  readonly #greeting: Greeting;
  readonly #heartbeats: Heartbeats;
  #connection: Connection | undefined;

  constructor(options: AgentOptions<State>) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    const clock = options.clock ?? systemClock;
    const repeat = options.repeat ?? defaults.repeat;
    const serverTime = new ServerTime(clock);
    const journal = new WatchedJournal(options.journal, () => this.#heartbeats.soon());
    this.#journal = journal;
    this.#results = new OutstandingResults({ clock, repeat, send: (result) => this.#send("result", result) });
    this.#greeting = new Greeting({
      clock,
      serverTime,
      repeat,
      agentName: options.agentName,
      patienceMs: options.patienceMs ?? defaults.patienceMs,
      operations: () => this.#runner.operations(),
      send: (hello) => this.#send("hello", hello),
    });
    this.#heartbeats = new Heartbeats({
      clock,
      log: this.#log,
      send: (heartbeat) => this.#send("heartbeat", heartbeat),
      ...(options.telemetry && { telemetry: options.telemetry }),
      fault: () => options.fault?.() ?? journal.tellFault(),
    });
    this.#answers = new Answers({
      journal,
      clock,
      log: this.#log,
      answered: (result) => this.#results.add(result),
      sendAgain: (result) => this.#send("result", result),
      receipted: (operationId) => {
        this.#results.remove(operationId);
        options.receipted?.(operationId);
      },
    });
    this.#runner = new OperationRunner({
      handlers: options.handlers,
      journal,
      answers: this.#answers,
      clock,
      log: this.#log,
      serverTime,
      settled: (signal) => this.#greeting.settled(signal),
      ...(options.payments && { payments: options.payments }),
      sendDelivered: (message) => this.#send("delivered", message),
      sendStarted: (message) => this.#send("started", message),
      sendCancelRefused: (message) => this.#send("cancel_refused", message),
    });
  }

  /** Begins to connect, and never gives up until it is stopped. Throws for what is no MQTT URL, and for the journal of another device. */
  start(): void {
    if (this.#connection) return;
    const { credential, clock = systemClock, open = openMqttConnection } = this.#options;
    this.#checkMemoryOf(credential);
    this.#connection = open({
      credential,
      clock,
      log: this.#log,
      events: {
        up: (session) => {
          this.#greeting.begin(session);
          this.#heartbeats.begin(session);
          this.#results.resume();
        },
        down: () => this.#quiet(),
        message: (channel, payload) => this.#receive(channel, payload),
      },
    });
    this.#answers.restore();
    this.#runner.restore();
    this.#journal.look();
  }

  /** Nothing waits, is begun or is about to be answered: a restart interrupts nothing. */
  get idle(): boolean {
    return this.#runner.idle;
  }

  /** Connects again with another credential of its address; operations under way go on. */
  use(credential: Credential): void {
    this.#checkMemoryOf(credential);
    this.#connection?.use(credential);
  }

  /** Telemetry or a fault has changed: tells the server at once, at most once a second. */
  reportSoon(): void {
    this.#heartbeats.soon();
  }

  /**
   * Ends cleanly: the running handler is asked to break off and waited for, then goodbye and DISCONNECT. No timer is left, and the
   * agent cannot be started again; make a new one on the same journal.
   */
  async stop(): Promise<void> {
    await this.#runner.stop();
    const { session } = this.#heartbeats;
    this.#quiet();
    if (session !== undefined) await this.#goodbye(session);
    await this.#connection?.close();
    // A receipt may have come while it said goodbye.
    await this.#journal.idle();
  }

  /** Ends as a power cut would: the socket breaks off, and nothing more is written. For tests. */
  async kill(): Promise<void> {
    const destroyed = this.#connection?.destroy();
    this.#quiet();
    await Promise.all([destroyed, this.#runner.kill(), this.#journal.looked()]);
  }

  /** Whoever answers for an address remembers what it did as that address. */
  #checkMemoryOf(credential: Credential): void {
    const { address } = this.#journal;
    const wanted = current(credential.address);
    if (address !== undefined && address !== wanted) throw new Error(`The journal is of ${address}, not of ${wanted}`);
  }

  #quiet(): void {
    this.#greeting.pause();
    this.#heartbeats.pause();
    this.#results.pause();
  }

  async #goodbye(session: string): Promise<void> {
    const waited = new AbortController();
    const { clock = systemClock } = this.#options;
    await Promise.race([
      this.#connection?.send("goodbye", { session }),
      sleep(clock, goodbyeMs, waited.signal).catch(() => undefined),
    ]);
    waited.abort();
  }

  #welcomed(message: WelcomeMessage): void {
    const roundTripMs = this.#greeting.welcomed(message);
    if (roundTripMs === undefined) return this.#log.debug({}, "a welcome to no hello of this agent");
    this.#connection?.proved();
    this.#heartbeats.welcomed(roundTripMs, message.heartbeat_seconds);
  }

  #receive(channel: DownChannel, payload: Uint8Array): void {
    const incoming = readMessage(channel, payload);
    switch (incoming.channel) {
      case "welcome":
        return this.#welcomed(incoming.message);
      case "command":
        return this.#runner.take(incoming.message);
      case "unsupported":
        return this.#runner.refuse(incoming.message);
      case "receipt":
        return this.#answers.receipt(incoming.message);
      case "cancel":
        return this.#runner.cancel(incoming.message);
      case "probe":
        return this.#send("probe_answer", { probe_id: incoming.message.probe_id });
      case "rejection":
        this.#log.error({ rejection: incoming.message }, "the server did not understand a message");
        return this.#answers.rejected(incoming.message);
      case "malformed":
        return this.#log.warn({ channel, problem: incoming.problem }, "ignored a malformed message");
    }
  }

  #send(channel: UpChannel, message: object): void {
    void this.#connection?.send(channel, message);
  }
}
