import {
  type CommandMessage,
  type Memory,
  type Messages,
  mayHaveClosed,
  messages,
} from "@tillkeeper/contract/mqtt/messages";
import { type DownChannel, parseTopic, topic, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { operationResults } from "@tillkeeper/contract/operations";
import { until } from "@tillkeeper/stage/until";
import { Compile } from "typebox/compile";
import type { TestBroker } from "./broker.ts";
import { command } from "./commands.ts";

const checks = {
  hello: Compile(messages.hello),
  delivered: Compile(messages.delivered),
  started: Compile(messages.started),
  result: Compile(messages.result),
  cancel_refused: Compile(messages.cancel_refused),
  heartbeat: Compile(messages.heartbeat),
  goodbye: Compile(messages.goodbye),
  gone: Compile(messages.gone),
  probe_answer: Compile(messages.probe_answer),
};

const signsOfLife: ReadonlySet<UpChannel> = new Set(["heartbeat", "goodbye", "gone", "probe_answer"]);

/** The server's side of the protocol for one device; the test says which messages it sends. */
export class ScriptedServer {
  readonly hellos: Messages["hello"][] = [];
  readonly deliveries: Messages["delivered"][] = [];
  readonly starts: Messages["started"][] = [];
  readonly refusals: Messages["cancel_refused"][] = [];
  readonly results: Messages["result"][] = [];
  /** The received messages about operations, in their order. */
  readonly channels: UpChannel[] = [];
  /** The received messages about presence: heartbeats, goodbyes and wills. */
  readonly signs: { channel: UpChannel; message: Record<string, unknown> }[] = [];
  heartbeatSeconds: number | undefined;
  /** The messages that did not fit the contract. */
  readonly faults: string[] = [];
  welcomes = true;
  receipts = true;
  /** How much of the device's log the server holds. */
  memory: Memory = { number: 0 };
  /** The last close that the server holds. */
  lastClose: string | null = null;
  readonly #broker: TestBroker;
  readonly #address: string;

  constructor(broker: TestBroker, address: string) {
    this.#broker = broker;
    this.#address = address;
    for (const channel of upChannels) {
      broker.aedes.subscribe(
        topic(address, channel),
        (packet, done) => {
          this.#receive(packet.topic, packet.payload.toString());
          done();
        },
        () => {},
      );
    }
  }

  now(): number {
    return Date.now();
  }

  send<Channel extends DownChannel>(channel: Channel, message: Messages[Channel]): void {
    this.sendRaw(channel, JSON.stringify(message));
  }

  sendRaw(channel: DownChannel, payload: string | Buffer): void {
    const packet = {
      cmd: "publish",
      topic: topic(this.#address, channel),
      payload,
      qos: 1,
      retain: false,
      dup: false,
    } as const;
    this.#broker.aedes.publish(packet, () => {});
  }

  /** Sends a command with a window of `windowMs`, and returns it. */
  command(overrides: Partial<CommandMessage> = {}, windowMs = 15_000): CommandMessage {
    const closes = overrides.operation === "end_of_day" && { previous_close: this.lastClose };
    const message = command(this.now(), { ...closes, ...overrides }, windowMs);
    this.send("command", message);
    return message;
  }

  /** Sends a cancellation of a command, which need not have been sent. */
  cancel({ operation_id, operation, created_at, expires_at, previous_close, origin }: CommandMessage): void {
    const when = { created_at, expires_at, ...(previous_close !== undefined && { previous_close }) };
    this.send("cancel", { operation_id, operation, ...when, origin });
  }

  /** Takes a result as a server does: only the next number of the log. */
  receipt(operationId: string, status: Messages["receipt"]["status"] = "COMPLETED"): void {
    const result = this.resultsOf(operationId).at(-1);
    const isNext = this.#take(result);
    this.send("receipt", { operation_id: operationId, ...(isNext && { status }), memory: this.memory });
  }

  /** Sends how much of the log it holds, as after a heartbeat with another number. */
  word(): void {
    this.send("memory", { memory: this.memory });
  }

  /** Restores its database to a moment at which it held that many results. */
  goBackTo(number: number): void {
    const held = this.results.filter((result) => (result.number ?? 0) <= number);
    this.memory = { number: 0 };
    this.lastClose = null;
    for (const result of held.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))) this.#take(result);
  }

  /** Returns whether it takes the result. */
  #take(result: Messages["result"] | undefined): boolean {
    if (result?.number === undefined) return true;
    if (result.number > this.memory.number && (result.after ?? result.number - 1) > this.memory.number) return false;
    if (result.number > this.memory.number) {
      this.memory = { number: result.number, id: result.operation_id };
      if (mayHaveClosed(result)) this.lastClose = result.operation_id;
    }
    return true;
  }

  /** Throws when a received message did not fit the contract. */
  assertNoFaults(): void {
    if (this.faults.length > 0) throw new Error(`Messages that do not fit the contract: ${this.faults.join("\n")}`);
  }

  startsOf(id: string) {
    return this.starts.filter(({ operation_id }) => operation_id === id);
  }

  resultsOf(id: string) {
    return this.results.filter(({ operation_id }) => operation_id === id);
  }

  /** Waits for the first result of an operation. */
  async result(id: string, count = 1): Promise<Messages["result"]> {
    await until(() => this.resultsOf(id).length >= count, `${count} results of ${id}`);
    const [first] = this.resultsOf(id);
    if (!first) throw new Error("no result");
    return first;
  }

  signsOn(channel: UpChannel): Record<string, unknown>[] {
    return this.signs.filter((sign) => sign.channel === channel).map(({ message }) => message);
  }

  /** Waits for the given number of hellos. */
  async hello(count = 1): Promise<Messages["hello"]> {
    await until(() => this.hellos.length >= count, `${count} hellos`);
    const hello = this.hellos[count - 1];
    if (!hello) throw new Error("no hello");
    return hello;
  }

  #receive(name: string, text: string): void {
    const channel = upChannels.find((known) => known === parseTopic(name)?.channel);
    if (!channel) return;
    const message: unknown = JSON.parse(text);
    if (signsOfLife.has(channel)) this.signs.push({ channel, message: message as Record<string, unknown> });
    else this.channels.push(channel);
    if (!checks[channel].Check(message)) this.faults.push(`${channel}: ${text}`);
    if (channel === "hello" && checks.hello.Check(message)) {
      this.hellos.push(message);
      if (this.welcomes) this.welcome(message.sent_at);
    }
    if (channel === "delivered" && checks.delivered.Check(message)) this.deliveries.push(message);
    if (channel === "cancel_refused" && checks.cancel_refused.Check(message)) this.refusals.push(message);
    if (channel === "started" && checks.started.Check(message)) this.starts.push(message);
    if (channel === "result" && checks.result.Check(message)) {
      if (message.status === "COMPLETED" && !Compile(operationResults[message.operation]).Check(message.result)) {
        this.faults.push(`result: ${text}`);
      }
      this.results.push(message);
      if (this.receipts) this.receipt(message.operation_id, message.status);
    }
  }

  welcome(helloSentAt: string): void {
    this.send("welcome", {
      protocol: 1,
      server_time: new Date(this.now()).toISOString(),
      hello_sent_at: helloSentAt,
      ...(this.heartbeatSeconds !== undefined && { heartbeat_seconds: this.heartbeatSeconds }),
      memory: this.memory,
    });
  }
}
