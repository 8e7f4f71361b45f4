import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { downChannels, topic } from "@tillkeeper/contract/mqtt";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import type { DeviceAccess } from "../seed.ts";

export interface RawOptions {
  port: number;
  device: DeviceAccess;
  keepaliveSeconds: number;
}

/**
 * A terminal with as little around it as possible, so that ten thousand of them fit beside the server that is measured:
 * it connects and subscribes like an agent, says hello, and then only heartbeats.
 */
export class RawTerminal {
  readonly #options: RawOptions;
  readonly #session = randomUUID();
  #socket: Socket | undefined;
  #messageId = 0;
  /** Before that nothing else may be said. */
  #welcomed = false;
  #onWelcome: () => void = () => {};
  #onClose: (error: Error) => void = () => {};

  constructor(options: RawOptions) {
    this.#options = options;
  }

  /** Resolves with the server's welcome; `bare` is a broker with no server behind it, where the SUBACK has to do. */
  open(bare: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onWelcome = () => {
        this.#welcomed = true;
        resolve();
      };
      this.#onClose = reject;
      const socket = connect({ port: this.#options.port, host: "127.0.0.1", noDelay: true });
      this.#socket = socket;
      const reading = parser();
      reading.on("packet", (packet) => this.#receive(packet, bare));
      socket.on("data", (chunk) => reading.parse(chunk));
      socket.on("error", (error) => this.#onClose(error));
      socket.on("close", () => this.#onClose(new Error("the connection was closed")));
      socket.once("connect", () => this.#connect());
    });
  }

  heartbeat(): void {
    if (!this.#welcomed) return;
    this.#say("heartbeat", { session: this.#session, sent_at: new Date().toISOString(), round_trip_ms: 3 });
  }

  ping(): void {
    if (this.#welcomed) this.#write({ cmd: "pingreq" });
  }

  /** As a power cut would. */
  drop(): Promise<void> {
    this.#onClose = () => {};
    this.#welcomed = false;
    const socket = this.#socket;
    if (!socket || socket.destroyed) return Promise.resolve();
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.destroy();
    return closed;
  }

  #connect(): void {
    const { address, password } = this.#options.device;
    this.#write({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId: address,
      keepalive: this.#options.keepaliveSeconds,
      username: address,
      password: Buffer.from(password),
      will: {
        topic: topic(address, "gone"),
        payload: Buffer.from(JSON.stringify({ session: this.#session })),
        qos: 1,
        retain: false,
      },
    });
  }

  #receive(packet: Packet, bare: boolean): void {
    if (packet.cmd === "connack" && packet.returnCode === 0) {
      const subscriptions = downChannels.map((channel) => ({
        topic: topic(this.#options.device.address, channel),
        qos: 1 as const,
      }));
      this.#write({ cmd: "subscribe", messageId: this.#nextId(), subscriptions });
    } else if (packet.cmd === "suback") {
      if (bare) this.#onWelcome();
      else this.#hello();
    } else if (packet.cmd === "publish") {
      if (packet.qos === 1) this.#write({ cmd: "puback", messageId: packet.messageId as number });
      if (packet.topic.endsWith("/welcome")) this.#onWelcome();
    }
  }

  #hello(): void {
    const hello = { protocol: 1, agent: "bench", session: this.#session, operations: [] };
    this.#say("hello", { ...hello, sent_at: new Date().toISOString() });
  }

  #say(channel: "hello" | "heartbeat", message: object): void {
    const packet: IPublishPacket = {
      cmd: "publish",
      topic: topic(this.#options.device.address, channel),
      payload: JSON.stringify(message),
      qos: 1,
      retain: false,
      dup: false,
      messageId: this.#nextId(),
    };
    this.#write(packet);
  }

  #write(packet: Packet): void {
    if (this.#socket && !this.#socket.destroyed) this.#socket.write(generate(packet));
  }

  #nextId(): number {
    this.#messageId = (this.#messageId % 65_535) + 1;
    return this.#messageId;
  }
}
