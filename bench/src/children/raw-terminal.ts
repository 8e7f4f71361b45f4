import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { downChannels, topic } from "@tillkeeper/contract/mqtt/topics";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import type { DeviceAccess } from "../parts/seed.ts";

export interface RawOptions {
  port: number;
  device: DeviceAccess;
  keepaliveSeconds: number;
}

/**
 * A minimal terminal on a raw socket, so that 10,000 terminals fit beside the measured server. It connects and
 * subscribes like an agent, publishes a hello, and then only heartbeats.
 */
export class RawTerminal {
  readonly #options: RawOptions;
  readonly #session = randomUUID();
  #socket: Socket | undefined;
  #messageId = 0;
  /** The server accepts no message but the hello before its welcome. */
  #welcomed = false;
  #onWelcome: () => void = () => {};
  #onClose: (error: Error) => void = () => {};

  constructor(options: RawOptions) {
    this.#options = options;
  }

  /** Connects; resolves at the server's welcome, or at the SUBACK of a `bare` broker, which has no server behind it. */
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
    this.#publish("heartbeat", { session: this.#session, sent_at: new Date().toISOString(), round_trip_ms: 3 });
  }

  ping(): void {
    if (this.#welcomed) this.#write({ cmd: "pingreq" });
  }

  /** Destroys the socket without a DISCONNECT, as a power cut does. */
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
      else this.#publishHello();
    } else if (packet.cmd === "publish") {
      if (packet.qos === 1) this.#write({ cmd: "puback", messageId: packet.messageId as number });
      if (packet.topic.endsWith("/welcome")) this.#onWelcome();
    }
  }

  #publishHello(): void {
    const hello = { protocol: 1, agent: "bench", session: this.#session, operations: [] };
    this.#publish("hello", { ...hello, sent_at: new Date().toISOString() });
  }

  #publish(channel: "hello" | "heartbeat", message: object): void {
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
