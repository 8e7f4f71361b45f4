import type { Memory, ReceiptMessage, WelcomeMessage } from "@tillkeeper/contract/mqtt/messages";
import type { DownChannel, UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { type Connection, type Credential, current, type OpenConnection } from "./links/connection.ts";
import { openMqttConnection } from "./links/mqtt-connection.ts";
import { sessionNames } from "./links/session-names.ts";
import { type Logger, silentLogger } from "./logger.ts";
import type { Journal } from "./memory/journal.ts";
import { WatchedJournal } from "./memory/watched-journal.ts";
import { Closes } from "./operations/closes.ts";
import { MemoryComparison } from "./operations/memory-comparison.ts";
import { abilitiesOf, type OperationHandlers } from "./operations/operation.ts";
import { OperationRunner } from "./operations/operation-runner.ts";
import type { Payments } from "./operations/payments.ts";
import { Answers } from "./talk/answers.ts";
import { Heartbeats } from "./talk/heartbeats.ts";
import { HelloExchange } from "./talk/hello.ts";
import { ResultSender } from "./talk/result-sender.ts";
import { ServerTime } from "./talk/server-time.ts";
import { readMessage } from "./talk/wire.ts";

/** What an agent is made of. `State` is the terminal's own state, kept in the journal. */
export interface AgentOptions<State> {
  credential: Credential;
  /** Name and version of the program, for the server's records. */
  agentName: string;
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  clock?: Clock;
  log?: Logger;
  /** Opens the connection to the server; left out, MQTT. */
  open?: OpenConnection;
  /** Milliseconds between repetitions of a result or a hello: the first pause, and the limit to which pauses double. */
  repeat?: { firstMs: number; longestMs: number };
  /**
   * Milliseconds that the first command waits for the server's time before the agent uses the local clock. A close
   * waits for the welcome itself.
   */
  patienceMs?: number;
  /**
   * Tells the agent about payments, so that no operation begins during one. In turn, the payment program must begin no
   * payment while an operation runs that would spoil it. Left out, the device takes no payments.
   */
  payments?: Payments;
  /**
   * Called for each result that the server says it holds, perhaps more than once for one result. From then on a restart
   * for an update loses nothing.
   */
  receipted?: (operationId: string) => void;
  /**
   * Returns the telemetry of the device; called for each heartbeat, after each close and by `openBatchChanged`. Call
   * `reportSoon` when the telemetry changes. A device that leaves out `open_batch` does not say what is open.
   */
  telemetry?: () => Telemetry;
  /**
   * Returns the fault that keeps the device from its work, undefined without one; called for each heartbeat. Call
   * `reportSoon` when a fault begins or ends.
   */
  fault?: () => DeviceFault | undefined;
}

/** How long `stop` waits for the goodbye to be sent: a broker that hangs must not block it. */
const goodbyeMs = 500;
const defaults = { repeat: { firstMs: 2000, longestMs: 30_000 }, patienceMs: 5000 };

/** The agent: the program on a terminal that runs the device protocol of docs/device-protocol.md. */
export class Agent<State = undefined> {
  readonly #options: AgentOptions<State>;
  readonly #log: Logger;
  readonly #journal: WatchedJournal<State>;
  readonly #answers: Answers<State>;
  readonly #runner: OperationRunner<State>;
  readonly #closes: Closes<State>;
  readonly #telling: ResultSender;
  readonly #comparison: MemoryComparison;
  readonly #greeting: HelloExchange;
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
    const journal = new WatchedJournal(options.journal, {
      changed: () => this.#storageChanged(),
      closed: () => this.#heartbeats.batchClosed(),
    });
    this.#journal = journal;
    this.#comparison = new MemoryComparison(journal);
    this.#telling = new ResultSender({ clock, repeat, journal, send: (result) => this.#send("result", result) });
    const added = () => this.#telling.added();
    this.#closes = new Closes({ handler: options.handlers.end_of_day, journal, clock, log: this.#log, added });
    this.#greeting = new HelloExchange({
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

  /**
   * Begins to connect, and tries again until the agent is stopped. Throws for a URL that is not MQTT, and for a journal
   * that belongs to another device address.
   */
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
        down: () => this.#pauseSending(),
        message: (channel, payload) => this.#receive(channel, payload),
      },
    });
    this.#runner.restore();
    this.#journal.checkWritable();
    this.#closes.watch();
  }

  /** Whether no operation waits, runs or is about to be answered, so that a restart interrupts none. */
  get idle(): boolean {
    return this.#runner.idle;
  }

  /**
   * Connects again with another credential of the same address. Operations under way go on. Throws when the journal
   * belongs to another address.
   */
  use(credential: Credential): void {
    this.#checkMemoryOf(credential);
    this.#credential = credential;
    this.#connection?.use(credential);
  }

  /** Sends a heartbeat at once, at most one a second. To be called when telemetry or a fault has changed. */
  reportSoon(): void {
    this.#heartbeats.soon();
  }

  /**
   * To be called after each payment, where telemetry has `open_batch`. Sends a heartbeat at once when the batch has become
   * empty or has its first payment, at most one a second. After a close the agent sends one by itself.
   */
  openBatchChanged(): void {
    this.#heartbeats.openBatchChanged();
  }

  /**
   * Ends cleanly: aborts the running handler's signal, waits for the handler, then sends goodbye and DISCONNECT. No
   * timer is left. A stopped agent cannot be started again; make a new agent on the same journal.
   */
  async stop(): Promise<void> {
    await this.#runner.stop();
    const { session } = this.#heartbeats;
    this.#pauseSending();
    if (session !== undefined) await this.#goodbye(session);
    await this.#connection?.close();
    // A receipt that came during the goodbye may still be writing to the journal.
    await this.#journal.idle();
  }

  /** Ends as a power cut does: destroys the socket and writes nothing more. For tests. */
  async kill(): Promise<void> {
    const destroyed = this.#connection?.destroy();
    this.#pauseSending();
    await Promise.all([destroyed, this.#runner.kill(), this.#journal.checked()]);
  }

  /** Throws unless the journal is of the credential's address: an agent must remember what it did under its address. */
  #checkMemoryOf(credential: Credential): void {
    const { address } = this.#journal;
    const wanted = current(credential.address);
    if (address !== undefined && address !== wanted) throw new Error(`The journal is of ${address}, not of ${wanted}`);
  }

  #pauseSending(): void {
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
    if (!this.#isCurrentCopy(this.#comparison.welcomed(message.memory), message.memory)) return;
    this.#noteHeld(message.memory, () => this.#telling.begin(message.memory));
    this.#heartbeats.welcomed(roundTripMs, message.heartbeat_seconds);
  }

  #receipt(receipt: ReceiptMessage): void {
    const { memory, operation_id: id, status } = receipt;
    if (!this.#acceptsMemory(memory)) return;
    this.#log.debug({ operation_id: id, status }, "receipt");
    this.#telling.receipt(receipt);
    if (status !== undefined) this.#options.receipted?.(id);
  }

  #memoryMessage(memory: Memory): void {
    if (this.#acceptsMemory(memory)) this.#noteHeld(memory, () => this.#telling.memoryReported(memory));
  }

  /** Whether the server's memory may be used: the connection has its welcome, and the journal is no old copy. */
  #acceptsMemory(memory: Memory): boolean {
    return this.#telling.memory !== undefined && this.#isCurrentCopy(this.#comparison.heard(memory), memory);
  }

  /**
   * Whether the journal agrees with the server. A device that was cloned or restored must not go on under its address.
   */
  #isCurrentCopy(found: ReturnType<MemoryComparison["heard"]>, memory: Memory): boolean {
    if (found === "same") return true;
    this.#pauseSending();
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

  #noteHeld(memory: Memory, act: () => void): void {
    const { held, log } = this.#journal;
    act();
    for (const { operation_id } of log.after(held, memory.number - held)) this.#options.receipted?.(operation_id);
  }

  #storageFault(): DeviceFault | undefined {
    void this.#answers.writeAgain();
    return this.#journal.faultToReport();
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
        return this.#memoryMessage(incoming.message.memory);
      case "cancel":
        return this.#runner.cancel(incoming.message);
      case "probe":
        return this.#send("probe_answer", { probe_id: incoming.message.probe_id });
      case "rejection":
        // The server counts the number of a rejected result as well: its next memory message includes it.
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
