import { randomUUID } from "node:crypto";
import {
  type CancelMessage,
  type CommandMessage,
  type DownChannel,
  type HeartbeatMessage,
  type HelloMessage,
  type Memory,
  type Messages,
  protocolVersion,
  type ResultMessage,
  type Transfer,
  topic,
  type UpChannel,
} from "@tillkeeper/contract/mqtt";
import type { ConnectPacket } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/incoming";
import type { Link } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/link";
import { Broker } from "./broker.ts";
import { type Desk, openDesk } from "./desk.ts";
import { HeldLog } from "./held-log.ts";
import { Identity } from "./identity.ts";
import type { Breach, Law } from "./laws.ts";
import { read } from "./reading.ts";
import { type Happening, Transcript } from "./transcript.ts";
import { type AnswerFiles, Transfers } from "./transfers.ts";
import { Watch } from "./watch.ts";

/** What the server leaves undone, and what it says that is not so. As it comes, it does everything right. */
export interface Mood {
  /** Whether it answers a hello. */
  welcomes: boolean;
  /** `lost`: it holds the result, and its receipt is lost. `deaf`: the result itself is lost. */
  receipts: "sent" | "lost" | "deaf";
  /** What a welcome says in place of what it holds. */
  memory?: Memory | undefined;
  /** How far its clock is ahead. */
  clockMs: number;
}

const calm: Mood = { welcomes: true, receipts: "sent", clockMs: 0 };

export const heartbeatSeconds = 2;

/**
 * A server for one device: broker, welcome, receipts and memory as docs/device-protocol.md has them, and no more. What goes
 * wrong on command is the mood; what the device does wrong at any time is a breach.
 */
export class Referee {
  readonly identity: Identity;
  readonly transcript = new Transcript();
  readonly breaches: Breach[] = [];
  mood: Mood = { ...calm };
  readonly #logs = new Map<string, HeldLog>();
  readonly #sent = new Map<string, CommandMessage | CancelMessage>();
  readonly #numbers = new Map<Link, number>();
  readonly #watch: Watch;
  readonly #transfers = new Transfers();
  #connections = 0;
  #live = 0;
  #broker: Broker | undefined;
  #desk: Desk | undefined;
  /** The last CONNECT. */
  lastConnect: ConnectPacket | undefined;

  private constructor(identity: Identity) {
    this.identity = identity;
    this.#watch = new Watch({
      sentOf: (id) => this.#sent.get(id),
      broken: (law, expected, seen) => this.#broken(law, expected, seen),
    });
  }

  static async open(host: string, serialNumber: string): Promise<Referee> {
    const referee = new Referee(new Identity(serialNumber));
    referee.#broker = await Broker.open(host, {
      admits: (username, password) => referee.identity.admits(username, password),
      connected: (link, packet) => referee.#connected(link, packet),
      refused: () => referee.#note({ kind: "refused" }, 0),
      said: (link, channel, payload) => referee.#said(link, channel, payload),
      willOf: (link, payload) => referee.#willOf(link, payload),
      ended: (link) => referee.#ended(link),
      misbehaved: (_, fault) => referee.#broken("Connecting", "MQTT 3.1.1, and its own topics alone", fault),
    });
    referee.#desk = await openDesk(host, {
      identity: referee.identity,
      mqttUrl: referee.mqttUrl(host),
      now: () => referee.now(),
      asked: (what) => referee.#note({ kind: "asked", what }, 0),
      replace: () => referee.replaceDevice(),
      transfers: referee.#transfers,
    });
    return referee;
  }

  mqttUrl(host: string): string {
    return `mqtt://${host}:${this.broker.port}`;
  }

  get broker(): Broker {
    return this.#broker as Broker;
  }

  get httpUrl(): string {
    return (this.#desk as Desk).url;
  }

  /** What the server holds of the log of the device's present address. */
  get log(): HeldLog {
    const { address } = this.identity;
    const known = this.#logs.get(address) ?? new HeldLog();
    this.#logs.set(address, known);
    return known;
  }

  /** Everything that the device has told at its present address, held or not. */
  get told(): ReturnType<Watch["toldBy"]> {
    return this.#watch.toldBy(this.identity.address);
  }

  /** The server's clock. */
  now(): Date {
    return new Date(Date.now() + this.mood.clockMs);
  }

  get isConnected(): boolean {
    return this.#live > 0;
  }

  /** Everything goes right again. Answers whether the device may have been told what is not so. */
  calm(): boolean {
    const { welcomes, memory, clockMs } = this.mood;
    this.mood = { ...calm };
    this.broker.refusing = 0;
    return !welcomes || memory !== undefined || clockMs !== 0;
  }

  /** The device's program has ended by itself. */
  deviceStopped(): void {
    this.#note({ kind: "stopped" }, 0);
  }

  /** Takes every told result into the server's log, so that the fault of one case is not found in the next. */
  holdAll(): void {
    for (const entry of this.told) this.log.take(entry);
  }

  switchedOff(): void {
    this.#watch.switchedOff();
  }

  /** The device gets another address, and the connections of the one before end. */
  replaceDevice(): void {
    this.identity.replace();
    this.mood.memory = undefined;
    this.#watch.switchedOff();
    this.broker.cut();
  }

  /** Sends what it is, right or wrong. */
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
    this.#saysMemory();
    this.send("memory", { memory: this.log.memory });
  }

  /** What a command needs whose files are answered like this. */
  offer(expiresAt: Date, answer: AnswerFiles): Transfer {
    return this.#transfers.offer(this.httpUrl, expiresAt, (request) => {
      const answered = answer(request);
      this.#note({ kind: "asked", what: `${request.method} ${request.what || "at the transfer's address"}` }, 0);
      return answered;
    });
  }

  /** The answer is in the transcript. */
  probe(): string {
    const id = randomUUID();
    this.send("probe", { probe_id: id, sent_at: this.now().toISOString() });
    return id;
  }

  async close(): Promise<void> {
    await Promise.all([this.broker.close(), this.#desk?.close()]);
  }

  #connected(link: Link, packet: ConnectPacket): void {
    this.#connections += 1;
    this.#live += 1;
    this.lastConnect = packet;
    this.#numbers.set(link, this.#connections);
    const address = link.address ?? "";
    const will = packet.will?.topic === topic(address, "gone") ? packet.will : undefined;
    this.#watch.connected(this.#connections, address, will);
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
    // What a device says that was replaced meanwhile is another address's.
    if (link.address !== this.identity.address) return;
    const number = this.#numberOf(link);
    this.#watch.said(number, channel, message);
    this.#note({ kind: "said", channel, message } as Happening, number);
    if (channel === "hello") this.#welcome(message as HelloMessage);
    if (channel === "result") this.#receive(message as ResultMessage);
    if (channel === "heartbeat") this.#compare(message as HeartbeatMessage);
  }

  #welcome({ sent_at }: HelloMessage): void {
    if (!this.mood.welcomes) return;
    const memory = this.mood.memory ?? this.log.memory;
    this.#watch.welcomed();
    this.#watch.saysMemory(this.identity.address, memory);
    this.send("welcome", {
      protocol: protocolVersion,
      server_time: this.now().toISOString(),
      hello_sent_at: sent_at,
      heartbeat_seconds: heartbeatSeconds,
      memory,
    } satisfies Messages["welcome"]);
  }

  #receive(result: ResultMessage): void {
    if (this.mood.receipts === "deaf") return;
    const { number, operation_id } = result;
    const held = number === undefined || this.log.take({ ...result, number });
    if (this.mood.receipts === "lost") return;
    const known = this.#sent.has(operation_id) || result.by_hand === true;
    this.#saysMemory();
    this.send("receipt", {
      operation_id,
      ...(held && { status: known ? result.status : "UNKNOWN" }),
      memory: this.log.memory,
    } satisfies Messages["receipt"]);
  }

  #compare({ memory }: HeartbeatMessage): void {
    const held = this.log.memory;
    const isQuiet = this.mood.receipts !== "sent" || this.mood.memory !== undefined;
    if (!memory || isQuiet || (memory.number === held.number && memory.id === held.id)) return;
    this.sendMemory();
  }

  #saysMemory(): void {
    this.#watch.saysMemory(this.identity.address, this.log.memory);
  }

  #numberOf(link: Link): number {
    return this.#numbers.get(link) ?? 0;
  }

  #note(happening: Happening, connection: number): void {
    this.transcript.add({ ...happening, connection, at: performance.now() });
  }

  /** A law that is broken all the time is told once in a case. */
  #broken(law: Law, expected: string, seen: string): void {
    const known = this.breaches.some((breach) => breach.law === law);
    if (!known) this.breaches.push({ law, expected, seen });
  }
}
