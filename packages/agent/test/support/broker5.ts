import { createServer, type Server, type Socket } from "node:net";
import { downChannels } from "@tillkeeper/contract/mqtt/topics";

/**
 * The answer to a CONNECT of MQTT 5: a reason code, with properties in bytes. Or the broker supports 3.1.1 only, and
 * refuses 5 by a return code, or closes the connection. Or it closes every connection.
 */
export type HelloExchange = { code: number; properties?: number[] } | "refuses 5" | "closes on 5" | "closes";

/** A PUBLISH of the agent as it was received. */
interface Published {
  channel: string;
  message: Record<string, unknown>;
  expirySeconds: number | undefined;
}

interface Attempt {
  level: number;
  at: number;
}

const packet = (type: number, ...body: number[]) => Buffer.from([type, body.length, ...body]);

/**
 * An MQTT 5 broker whose answers the test sets byte by byte, because no real broker gives them on demand. It takes one
 * connection after the other, and checks no credentials.
 */
export class Broker5 {
  /** The answers, one for each CONNECT; the last also for all later ones. */
  greetings: HelloExchange[] = [{ code: 0 }];
  acknowledges = true;
  readonly attempts: Attempt[] = [];
  readonly published: Published[] = [];
  /** Publishes without a PUBACK. */
  unacknowledged = 0;
  mostUnacknowledged = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#take(socket));
  }

  static async start(): Promise<Broker5> {
    const broker = new Broker5();
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    broker.#port = (broker.#server.address() as { port: number }).port;
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  get levels(): number[] {
    return this.attempts.map(({ level }) => level);
  }

  /** Ends every connection by a DISCONNECT. */
  disconnect(code: number): void {
    for (const socket of this.#sockets) socket.end(packet(0xe0, code, 0));
  }

  /** Ends every connection without a DISCONNECT. */
  cut(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    let unread: Buffer = Buffer.alloc(0);
    let level = 0;
    this.unacknowledged = 0;
    socket.on("data", (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      for (let next = cut(unread); next; next = cut(unread)) {
        unread = next.rest;
        if (next.type >> 4 === 1) level = this.#greet(socket, next.body);
        else this.#answer(socket, next, level);
      }
    });
  }

  #greet(socket: Socket, body: Buffer): number {
    // The protocol name precedes the level.
    const level = body.readUInt8(6);
    this.attempts.push({ level, at: performance.now() });
    const greeting = this.greetings.length > 1 ? this.greetings.shift() : this.greetings[0];
    if (greeting === undefined || greeting === "closes") socket.end();
    else if (level === 4) socket.write(packet(0x20, 0, 0));
    else if (greeting === "closes on 5") socket.end();
    else if (greeting === "refuses 5") socket.end(packet(0x20, 0, 1));
    else {
      const { code, properties = [] } = greeting;
      socket.write(packet(0x20, 0, code, properties.length, ...properties));
      if (code > 0) socket.end();
    }
    return level;
  }

  #answer(socket: Socket, { type, body }: Packet, level: number): void {
    if (type >> 4 === 8) {
      socket.write(
        packet(
          0x90,
          ...body.subarray(0, 2),
          ...(level === 5 ? [0] : []),
          ...Array<number>(downChannels.length).fill(1),
        ),
      );
    }
    if (type >> 4 !== 3) return;
    const end = 2 + body.readUInt16BE(0);
    const channel = body.subarray(2, end).toString().split("/").at(-1) ?? "";
    const length = level === 5 ? body.readUInt8(end + 2) : 0;
    const from = end + 2 + (level === 5 ? 1 : 0);
    // Agents use this property only.
    const expirySeconds = length === 5 && body[from] === 2 ? body.readUInt32BE(from + 1) : undefined;
    this.published.push({ channel, message: JSON.parse(body.subarray(from + length).toString()), expirySeconds });
    this.unacknowledged += 1;
    this.mostUnacknowledged = Math.max(this.mostUnacknowledged, this.unacknowledged);
    if (!this.acknowledges) return;
    // Like a broker that is busy before it answers.
    setImmediate(() => {
      this.unacknowledged -= 1;
      socket.write(packet(0x40, ...body.subarray(end, end + 2)));
    });
  }
}

interface Packet {
  type: number;
  body: Buffer;
  rest: Buffer;
}

function cut(bytes: Buffer): Packet | undefined {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at += 1) {
    const digit = bytes.readUInt8(at);
    length += (digit & 127) * 128 ** (at - 1);
    if (digit & 128) continue;
    const end = at + 1 + length;
    if (bytes.length < end) return undefined;
    return { type: bytes.readUInt8(0), body: bytes.subarray(at + 1, end), rest: Buffer.from(bytes.subarray(end)) };
  }
  return undefined;
}
