import type { DownChannel, Memory, ReceiptMessage, UpChannel, WelcomeMessage } from "@tillkeeper/contract/mqtt";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { type Connection, type Credential, current, type OpenConnection } from "./links/connection.ts";
import { openMqttConnection } from "./links/mqtt-connection.ts";
import { sessionNames } from "./links/session-names.ts";
import { type Logger, silentLogger } from "./logger.ts";
import type { Journal } from "./memory/journal.ts";
import { WatchedJournal } from "./memory/watched-journal.ts";
import { Closes } from "./operations/closes.ts";
import { MemoryComparison } from "./operations/comparison.ts";
import { abilitiesOf, type OperationHandlers } from "./operations/operation.ts";
import { OperationRunner } from "./operations/operation-runner.ts";
import type { Payments } from "./operations/payments.ts";
import { Answers } from "./talk/answers.ts";
import { Heartbeats } from "./talk/heartbeats.ts";
import { Greeting } from "./talk/hello.ts";
import { ServerTime } from "./talk/server-time.ts";
import { Telling } from "./talk/telling.ts";
import { readMessage } from "./talk/wire.ts";

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
  /** How long a first command waits for the server's time before the local clock has to do; a close waits for the welcome. */
  patienceMs?: number;
  /**
   * Asked before anything is begun: no operation begins in the middle of a payment. Whoever takes payments must not begin
   * one while an operation runs that would spoil it. Without it there are none.
   */
  payments?: Payments;
  /**
   * Told of each result that the server says it holds, perhaps more than once: a restart that an update wants may follow.
   */
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
  readonly #closes: Closes<State>;
  readonly #telling: Telling;
  readonly #comparison: MemoryComparison;
  readonly #greeting: Greeting;
  readonly #heartbeats: Heartbeats;
  #credential: Credential;
  #connection: Connection | undefined;

  constructor(options: AgentOptions<State>) {
    this.#options = options;
    this.#credential = options.credential;
    this.#log = options.log ?? silentLogger;
    const clock = options.clock ?? systemClock;
    const repeat = options.repeat ?? defaults.repeat;
    const serverTime = new ServerTime(clock);
    const journal = new WatchedJournal(options.journal, () => this.#storageChanged());
    this.#journal = journal;
    this.#comparison = new MemoryComparison(journal);
    this.#telling = new Telling({ clock, repeat, journal, send: (result) => this.#send("result", result) });
    const added = () => this.#telling.added();
    this.#closes = new Closes({ handler: options.handlers.end_of_day, journal, clock, log: this.#log, added });
    this.#greeting = new Greeting({
      clock,
      serverTime,
      repeat,
      agentName: options.agentName,
      abilities: abilitiesOf(options.handlers),
      patienceMs: options.patienceMs ?? defaults.patienceMs,
      operations: () => this.#runner.operations(),
      prepare: () => this.#closes.look(),
      send: (hello) => this.#send("hello", hello),
    });
    this.#heartbeats = new Heartbeats({
      clock,
      log: this.#log,
      send: (heartbeat) => this.#send("heartbeat", heartbeat),
      memory: () => this.#telling.memory,
      ...(options.telemetry && { telemetry: options.telemetry }),
      fault: () => options.fault?.() ?? this.#storageFault(),
    });
    this.#answers = new Answers({
      journal,
      clock,
      log: this.#log,
      telling: this.#telling,
      lastBatch: () => this.#closes.lastBatch(),
    });
    this.#runner = new OperationRunner({
      handlers: options.handlers,
      journal,
      answers: this.#answers,
      closes: this.#closes,
      comparison: this.#comparison,
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
      nextSession: sessionNames(),
      events: {
        up: (session) => {
          this.#greeting.begin(session);
          this.#heartbeats.begin(session);
        },
        down: () => this.#quiet(),
        message: (channel, payload) => this.#receive(channel, payload),
      },
    });
    this.#runner.restore();
    this.#journal.look();
    this.#closes.watch();
  }

  /** Nothing waits, is begun or is about to be answered: a restart interrupts nothing. */
  get idle(): boolean {
    return this.#runner.idle;
  }

  /** Connects again with another credential of its address; operations under way go on. */
  use(credential: Credential): void {
    this.#checkMemoryOf(credential);
    this.#credential = credential;
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
    this.#telling.pause();
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
    if (!this.#isOurs(this.#comparison.welcomed(message.memory), message.memory)) return;
    this.#held(message.memory, () => this.#telling.begin(message.memory));
    this.#heartbeats.welcomed(roundTripMs, message.heartbeat_seconds);
  }

  #receipt(receipt: ReceiptMessage): void {
    const { memory, operation_id: id, status } = receipt;
    if (!this.#hears(memory)) return;
    this.#log.debug({ operation_id: id, status }, "receipt");
    this.#telling.receipt(receipt);
    if (status !== undefined) this.#options.receipted?.(id);
  }

  #word(memory: Memory): void {
    if (this.#hears(memory)) this.#held(memory, () => this.#telling.word(memory));
  }

  /** Nothing is heard of the log before the welcome of a link. */
  #hears(memory: Memory): boolean {
    return this.#telling.memory !== undefined && this.#isOurs(this.#comparison.heard(memory), memory);
  }

  /** Whoever was cloned, or put back, must not go on as who it is. */
  #isOurs(found: ReturnType<MemoryComparison["heard"]>, memory: Memory): boolean {
    if (found === "same") return true;
    this.#quiet();
    if (found === "known_as_old") return false;
    const { address, log } = this.#journal;
    this.#log.error(
      { address, held: memory, last: log.last },
      "the journal is an old copy: this must be another device",
    );
    if (this.#credential.memoryLost) this.#credential.memoryLost();
    else void this.stop();
    return false;
  }

  #held(memory: Memory, act: () => void): void {
    const { held, log } = this.#journal;
    act();
    for (const { operation_id } of log.after(held, memory.number - held)) this.#options.receipted?.(operation_id);
  }

  #storageFault(): DeviceFault | undefined {
    void this.#answers.writeAgain();
    return this.#journal.tellFault();
  }

  #storageChanged(): void {
    void this.#answers.writeAgain();
    this.#heartbeats.soon();
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
        return this.#receipt(incoming.message);
      case "memory":
        return this.#word(incoming.message.memory);
      case "cancel":
        return this.#runner.cancel(incoming.message);
      case "probe":
        return this.#send("probe_answer", { probe_id: incoming.message.probe_id });
      case "rejection":
        // A result counts all the same: the server says so by its word how far it is.
        return this.#log.error({ rejection: incoming.message }, "the server did not understand a message");
      case "malformed":
        return this.#log.warn({ channel, problem: incoming.problem }, "ignored a malformed message");
    }
  }

  #send(channel: UpChannel, message: object): void {
    if (this.#comparison.isOldCopy()) return;
    void this.#connection?.send(channel, message);
  }
}
