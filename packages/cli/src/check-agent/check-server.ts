import { randomUUID } from "node:crypto";
import {
  type CancelMessage,
  type CommandMessage,
  type HeartbeatMessage,
  type HelloMessage,
  type Memory,
  type Messages,
  type ResultMessage,
  type Transfer,
} from "@tillkeeper/contract/mqtt/messages";
import { type DownChannel, protocolVersion, topic, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { ConnectPacket } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/incoming";
import type { Link } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/link";
import { Broker } from "./broker.ts";
import { type DeviceApi, openDeviceApi } from "./device-api.ts";
import { read } from "./device-message.ts";
import { HeldLog } from "./held-log.ts";
import { Identity } from "./identity.ts";
import type { Breach, Law } from "./laws.ts";
import { MessageMonitor } from "./message-monitor.ts";
import { type DeviceEvent, Transcript } from "./transcript.ts";
import { type AnswerFiles, Transfers } from "./transfers.ts";

/** What the test server omits, or says wrongly. By default it does neither. */
export interface Misbehaviour {
  /** Whether it answers hellos. */
  welcomes: boolean;
  /** `lost`: it holds the result, and its receipt is lost. `deaf`: the result itself is lost. */
  receipts: "sent" | "lost" | "deaf";
  /** The `memory` of welcomes, in place of the true one. */
  memory?: Memory | undefined;
  /** Milliseconds by which its clock is ahead. */
  clockMs: number;
}

const calm: Misbehaviour = { welcomes: true, receipts: "sent", clockMs: 0 };

export const heartbeatSeconds = 2;

/**
 * The test server for one device: broker, welcome, receipts and memory as docs/device-protocol.md describes them, and no more.
 * It misbehaves on command, and notes as breaches what the device does wrong at any time.
 */
export class CheckServer {
  readonly identity: Identity;
  readonly transcript = new Transcript();
  readonly breaches: Breach[] = [];
  misbehaviour: Misbehaviour = { ...calm };
  readonly #logs = new Map<string, HeldLog>();
  readonly #sent = new Map<string, CommandMessage | CancelMessage>();
  readonly #numbers = new Map<Link, number>();
  readonly #monitor: MessageMonitor;
  readonly #transfers = new Transfers();
  #connections = 0;
  #live = 0;
  #broker: Broker | undefined;
  #deviceApi: DeviceApi | undefined;
  /** The last CONNECT packet that was accepted. */
  lastConnect: ConnectPacket | undefined;

  private constructor(identity: Identity) {
    this.identity = identity;
    this.#monitor = new MessageMonitor({
      sentOf: (id) => this.#sent.get(id),
      broken: (law, expected, seen) => this.#broken(law, expected, seen),
    });
  }

  static async open(host: string, serialNumber: string): Promise<CheckServer> {
    const server = new CheckServer(new Identity(serialNumber));
    server.#broker = await Broker.open(host, {
      admits: (username, password) => server.identity.admits(username, password),
      connected: (link, packet) => server.#connected(link, packet),
      refused: () => server.#note({ kind: "refused" }, 0),
      said: (link, channel, payload) => server.#said(link, channel, payload),
      willOf: (link, payload) => server.#willOf(link, payload),
      ended: (link) => server.#ended(link),
      misbehaved: (_, fault) => server.#broken("Connecting", "MQTT 3.1.1, and its own topics alone", fault),
    });
    server.#deviceApi = await openDeviceApi(host, {
      identity: server.identity,
      mqttUrl: server.mqttUrl(host),
      now: () => server.now(),
      asked: (what) => server.#note({ kind: "asked", what }, 0),
      replace: () => server.replaceDevice(),
      transfers: server.#transfers,
    });
    return server;
  }

  mqttUrl(host: string): string {
    return `mqtt://${host}:${this.broker.port}`;
  }

  get broker(): Broker {
    return this.#broker as Broker;
  }

  get httpUrl(): string {
    return (this.#deviceApi as DeviceApi).url;
  }

  /** What this server holds of the log of the device's present address. */
  get log(): HeldLog {
    const { address } = this.identity;
    const known = this.#logs.get(address) ?? new HeldLog();
    this.#logs.set(address, known);
    return known;
  }

  /** The entries that the device has sent at its present address, held or not. */
  get sentEntries(): ReturnType<MessageMonitor["entriesSentBy"]> {
    return this.#monitor.entriesSentBy(this.identity.address);
  }

  /** The server's clock. */
  now(): Date {
    return new Date(Date.now() + this.misbehaviour.clockMs);
  }

  get isConnected(): boolean {
    return this.#live > 0;
  }

  /** Ends all misbehaviour. Returns whether the device may have received a false statement, or missed a welcome. */
  calm(): boolean {
    const { welcomes, memory, clockMs } = this.misbehaviour;
    this.misbehaviour = { ...calm };
    this.broker.refusing = 0;
    return !welcomes || memory !== undefined || clockMs !== 0;
  }

  /** Notes that the device's program has ended by itself. */
  deviceStopped(): void {
    this.#note({ kind: "stopped" }, 0);
  }

  /** Takes every entry sent so far into the held log, so that the fault of one case is not found in the next. */
  holdAll(): void {
    for (const entry of this.sentEntries) this.log.take(entry);
  }

  switchedOff(): void {
    this.#monitor.switchedOff();
  }

  /** Gives the device another address, and ends the connections of its former one. */
  replaceDevice(): void {
    this.identity.replace();
    this.misbehaviour.memory = undefined;
    this.#monitor.switchedOff();
    this.broker.cut();
  }

  /** Sends a message without checking it: cases send wrong ones, too. */
  send(channel: DownChannel, message: unknown): void {
    this.broker.send(this.identity.address, channel, typeof message === "string" ? message : JSON.stringify(message));
  }

  sendCommand(command: CommandMessage): void {
    if (!this.#sent.has(command.operation_id)) this.#sent.set(command.operation_id, command);
    this.send("command", { ...command, sent_at: this.now().toISOString() });
  }

  sendCancel(cancel: CancelMessage): void {
    if (!this.#sent.has(cancel.operation_id)) this.#sent.set(cancel.operation_id, cancel);
    this.send("cancel", cancel);
  }

  sendMemory(): void {
    this.#memorySent();
    this.send("memory", { memory: this.log.memory });
  }

  /** Makes the `transfer` of a command; `answer` answers the requests for its files. */
  offer(expiresAt: Date, answer: AnswerFiles): Transfer {
    return this.#transfers.offer(this.httpUrl, expiresAt, (request) => {
      const answered = answer(request);
      this.#note({ kind: "asked", what: `${request.method} ${request.what || "at the transfer's address"}` }, 0);
      return answered;
    });
  }

  /** Sends a probe and returns its id. The answer appears in the transcript. */
  probe(): string {
    const id = randomUUID();
    this.send("probe", { probe_id: id, sent_at: this.now().toISOString() });
    return id;
  }

  async close(): Promise<void> {
    await Promise.all([this.broker.close(), this.#deviceApi?.close()]);
  }

  #connected(link: Link, packet: ConnectPacket): void {
    this.#connections += 1;
    this.#live += 1;
    this.lastConnect = packet;
    this.#numbers.set(link, this.#connections);
    const address = link.address ?? "";
    const will = packet.will?.topic === topic(address, "gone") ? packet.will : undefined;
    this.#monitor.connected(this.#connections, address, will);
    this.#note({ kind: "connected", address }, this.#connections);
  }

  #ended(link: Link): void {
    this.#live -= 1;
    this.#note({ kind: "ended" }, this.#numberOf(link));
  }

  #willOf(link: Link, payload: Buffer): void {
    const { message } = read("gone", payload);
    if (message) this.#note({ kind: "said", channel: "gone", message }, this.#numberOf(link));
  }

  #said(link: Link, channel: UpChannel, payload: Buffer): void {
    const { message, places, operationId } = { operationId: undefined, ...read(channel, payload) };
    if (!message) {
      const where = (places ?? []).map(({ path, message: what }) => `${path} ${what}`).join("; ");
      this.#broken("Messages", `a ${channel} as the page has it`, where);
      this.send("rejection", {
        channel,
        ...(operationId !== undefined && { operation_id: operationId }),
        errors: places,
      });
      return;
    }
    // Messages of a former address are ignored.
    if (link.address !== this.identity.address) return;
    const number = this.#numberOf(link);
    this.#monitor.said(number, channel, message);
    this.#note({ kind: "said", channel, message } as DeviceEvent, number);
    if (channel === "hello") this.#welcome(message as HelloMessage);
    if (channel === "result") this.#receive(message as ResultMessage);
    if (channel === "heartbeat") this.#compare(message as HeartbeatMessage);
  }

  #welcome({ sent_at }: HelloMessage): void {
    if (!this.misbehaviour.welcomes) return;
    const memory = this.misbehaviour.memory ?? this.log.memory;
    this.#monitor.welcomed();
    this.#monitor.memorySent(this.identity.address, memory);
    this.send("welcome", {
      protocol: protocolVersion,
      server_time: this.now().toISOString(),
      hello_sent_at: sent_at,
      heartbeat_seconds: heartbeatSeconds,
      memory,
    } satisfies Messages["welcome"]);
  }

  #receive(result: ResultMessage): void {
    if (this.misbehaviour.receipts === "deaf") return;
    const { number, operation_id } = result;
    const held = number === undefined || this.log.take({ ...result, number });
    if (this.misbehaviour.receipts === "lost") return;
    const known = this.#sent.has(operation_id) || result.by_hand === true;
    this.#memorySent();
    this.send("receipt", {
      operation_id,
      ...(held && { status: known ? result.status : "UNKNOWN" }),
      memory: this.log.memory,
    } satisfies Messages["receipt"]);
  }

  #compare({ memory }: HeartbeatMessage): void {
    const held = this.log.memory;
    const isQuiet = this.misbehaviour.receipts !== "sent" || this.misbehaviour.memory !== undefined;
    if (!memory || isQuiet || (memory.number === held.number && memory.id === held.id)) return;
    this.sendMemory();
  }

  #memorySent(): void {
    this.#monitor.memorySent(this.identity.address, this.log.memory);
  }

  #numberOf(link: Link): number {
    return this.#numbers.get(link) ?? 0;
  }

  #note(event: DeviceEvent, connection: number): void {
    this.transcript.add({ ...event, connection, at: performance.now() });
  }

  /** Notes a breach: only the first one of each law in a case. */
  #broken(law: Law, expected: string, seen: string): void {
    const known = this.breaches.some((breach) => breach.law === law);
    if (!known) this.breaches.push({ law, expected, seen });
  }
}
