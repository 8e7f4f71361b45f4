import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { vi } from "vitest";

const patience = { interval: 5 };

/**
 * A raw connection to a broker. It sends packets or bytes as the test says, and records all packets that it receives.
 */
export class RawLink {
  readonly received: Packet[] = [];
  readonly socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reading = parser();
    reading.on("packet", (packet) => this.received.push(packet));
    socket.on("data", (chunk) => reading.parse(chunk));
    // These tests treat a reset like any other end of the connection.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
    });
  }

  static async open(url: string): Promise<RawLink> {
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawLink(socket);
  }

  /** Sends all of them in one write. */
  say(...packets: (Packet | Buffer)[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => (Buffer.isBuffer(packet) ? packet : generate(packet)))));
  }

  /** Waits for the next packet of that kind and returns it. `after` is the number of earlier ones to skip. */
  async next(cmd: Packet["cmd"], after = 0): Promise<Packet> {
    const all = () => this.received.filter((packet) => packet.cmd === cmd);
    await vi.waitUntil(() => all().length > after, patience);
    return all()[after] as Packet;
  }

  async closed(): Promise<void> {
    await vi.waitUntil(() => this.#closed, patience);
  }

  get open(): boolean {
    return !this.#closed;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Fields of a CONNECT; `undefined` removes a field. */
export type ConnectFields = { [Field in keyof IConnectPacket]?: IConnectPacket[Field] | undefined };

/** Returns the CONNECT that a device sends. */
export function connectOf(address: string, more: ConnectFields = {}): IConnectPacket {
  const packet: ConnectFields = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    clientId: address,
    keepalive: 0,
    username: address,
    password: Buffer.from("x"),
    ...more,
  };
  return packet as IConnectPacket;
}
