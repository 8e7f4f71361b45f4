import type { Socket } from "node:net";
import { limits } from "@tillkeeper/contract/limits";
import type { DownChannel } from "@tillkeeper/contract/mqtt/topics";
import { type Allowance, Budget } from "./budget.ts";
import { type Frame, Frames, ProtocolError } from "./frames.ts";
import { type ConnectPacket, decode, type Incoming, type PublishPacket } from "./incoming.ts";
import { connack, pingresp, puback, publish, refusedFilter, returnCodes, suback, unsuback } from "./outgoing.ts";
import { listenTo, type SocketListener } from "./socket-listener.ts";
import { grantedOf, noSubscriptions, type Subscriptions, withGranted } from "./subscriptions.ts";
import { Share, type Turns } from "./turns.ts";

/** What a link needs of its broker. `terminalRules` implements it; a link calls the functions one packet at a time. */
export interface LinkHost {
  /** Divides the event loop among all links of the process. */
  readonly turns: Turns;
  /** What each connection may send before it counts as a flood. */
  readonly allowance: Allowance;
  /** Decides on a CONNECT: resolves with the return code of the CONNACK. Called once per link. Must not reject. */
  handleConnect(link: Link, packet: ConnectPacket): Promise<number>;
  /**
   * Handles a PUBLISH; resolves when the message is handled. Throws `ProtocolError` at once where the terminal may not
   * send it. The next packets are read before this resolves, up to a limit.
   */
  handlePublish(link: Link, packet: PublishPacket): Promise<void>;
  /**
   * Checks a topic filter of a SUBSCRIBE or UNSUBSCRIBE. Answers the part behind the device's topic prefix, or
   * `undefined` where the device may not use the filter. Must not throw.
   */
  channelFilter(link: Link, filter: string): string | undefined;
  /**
   * Called when a link has ended without DISCONNECT and had a will: delivers the payload of the will. Must not throw.
   */
  publishWill(link: Link, payload: Buffer): void;
  /** Called once, when the socket has closed; the link has ended before. */
  closed(link: Link): void;
  /** Called when the link or its socket has failed, before the link ends: for the log. Must not throw. */
  failed(link: Link, error: unknown): void;
}

type Of<K extends Incoming["kind"]> = Extract<Incoming, { kind: K }>;
type State = "new" | "checking" | "open" | "ended";

const connectTimeoutMs = 10_000;
/** A terminal may leave answers unread for so long before its connection ends. */
const drainTimeoutMs = 2_000;
/**
 * So many messages of a connection are handled at a time. Its further packets are read afterwards: it cannot outrun the
 * database far.
 */
const mostInHand = 4;
/** A PUBACK waits so long for the answer to its message, so that both go out in one write. */
const acknowledgeWithinMs = 200;
const lastPacketId = 65_535;

/**
 * One connection of a terminal, from its first byte to its end. Sessions are clean, so nothing outlives it. A message
 * that the terminal did not acknowledge is not sent again: agents and server compare notes after each connect.
 */
export class Link implements SocketListener {
  /** The client id. */
  id = "";
  /**
   * The device's address, set once it is authenticated. Kept after the end, while the last messages are being handled.
   */
  address: string | undefined;
  /** The agent's session, as the will names it. */
  session: string | undefined;
  readonly socket: Socket;
  readonly #host: LinkHost;
  readonly #frames = new Frames();
  readonly #turnShare: Share;
  readonly #budget: Budget;
  /** Whether reading goes on in a later turn of the event loop. */
  #deferred = false;
  /** How many packets have been received. */
  #packets = 0;
  #subscriptions: Subscriptions = noSubscriptions;
  #state: State = "new";
  /** The payload of the will. Kept as text, because a buffer would keep the whole CONNECT packet in memory. */
  #will: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #inHand = 0;
  #lastId = 0;
  /** How many messages with QoS 1 were sent and not acknowledged. */
  #unacknowledged = 0;
  /** PUBACKs that have not been written yet, in the order of their messages. */
  #pendingAcks: Buffer[] | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #drain: { over: Promise<void>; settle: () => void } | undefined;

  constructor(socket: Socket, host: LinkHost) {
    this.socket = socket;
    this.#host = host;
    this.#turnShare = new Share(host.turns);
    this.#budget = new Budget(host.allowance);
    this.#timer = setTimeout(Link.#connectTimedOut, connectTimeoutMs, this);
    listenTo(socket, this);
  }

  static readonly #connectTimedOut = (link: Link): void => {
    link.#fail(new ProtocolError("no CONNECT in time"));
  };

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** The QoS with which messages of this channel are sent here; `undefined` without a subscription. */
  qosOf(channel: DownChannel): number | undefined {
    return grantedOf(this.#subscriptions, channel);
  }

  /** Sends a message. Resolves when the next may be sent, or when the link has ended. Never rejects. */
  send(topic: string, payload: Buffer, qos: number): Promise<void> {
    if (this.#state !== "open") return Promise.resolve();
    if (qos > 0) this.#unacknowledged += 1;
    return this.#write(publish(topic, payload, qos > 0 ? this.#nextId() : undefined));
  }

  /** Ends the connection at once. Its will is published, unless the terminal has sent DISCONNECT. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    const will = this.#will;
    this.#will = undefined;
    this.#subscriptions = noSubscriptions;
    if (will !== undefined) this.#host.publishWill(this, Buffer.from(will));
    this.socket.destroy();
    this.#drain?.settle();
  }

  #fail(error: unknown): void {
    if (this.#state === "ended") return;
    this.#host.failed(this, error);
    this.end();
  }

  broke(error: Error): void {
    this.#host.failed(this, error);
  }

  closed(): void {
    this.end();
    this.#host.closed(this);
  }

  drained(): void {
    this.#drain?.settle();
  }

  received(chunk: Buffer): void {
    this.#frames.push(chunk);
    const before = this.#packets;
    this.#read();
    // A piece of a packet costs as much work as a packet, and a packet may come in thousands of pieces.
    if (this.#packets === before && (this.#state === "new" || this.#mayRead()))
      this.#failOnError(() => this.#budget.spend("others"));
  }

  #read(): void {
    this.#failOnError(() => {
      while (this.#state === "new" || this.#mayRead()) {
        if (!this.#turnShare.left) return this.#defer();
        const frame = this.#frames.next();
        if (!frame) return;
        this.#packets += 1;
        this.#turnShare.taken(frame.body.length);
        this.#handleFrame(frame);
      }
      // Packets that follow a CONNECT wait for the CONNACK, and their bytes must be limited.
      if (this.#state === "checking" && this.#frames.bytes > limits.mqttPacketBytes) {
        throw new ProtocolError("too much before the CONNACK");
      }
    });
  }

  #failOnError(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Stops reading until a later turn, so that other links are served first. Meanwhile the network holds the bytes back.
   */
  #defer(): void {
    if (this.#frames.bytes === 0) return;
    this.#deferred = true;
    this.socket.pause();
    this.#turnShare.later(() => {
      this.#deferred = false;
      this.#readOn();
    });
  }

  #handleFrame(frame: Frame): void {
    const packet = decode(frame);
    if (this.#state === "open") {
      this.#timer?.refresh();
      this.#charge(packet, frame.body.length);
      return this.#handle(packet);
    }
    if (packet.kind !== "connect") throw new ProtocolError(`${packet.kind} before the connect`);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state = "checking";
    void this.#handleConnect(packet);
  }

  async #handleConnect(packet: ConnectPacket): Promise<void> {
    this.id = packet.clientId;
    const code = await this.#host.handleConnect(this, packet);
    if (this.ended) return;
    if (code !== returnCodes.accepted) return this.#refuse(code);
    this.#state = "open";
    this.#will = packet.will?.payload.toString("utf8");
    const silenceMs = packet.keepaliveSeconds * 1_500;
    if (silenceMs > 0) this.#timer = setTimeout(Link.#keepaliveExpired, silenceMs, this);
    void this.#write(connack(code));
    this.#read();
  }

  /** Counts a packet against the allowance. Throws `FloodError` when it is used up. */
  #charge({ kind }: Incoming, bytes: number): void {
    // Acknowledging a message of the server costs nothing.
    if (kind === "puback" && this.#unacknowledged > 0) this.#unacknowledged -= 1;
    else this.#budget.spend(kind === "publish" ? "messages" : "others", bytes);
  }

  static readonly #keepaliveExpired = (link: Link): void => {
    // Packets may be unread because this server is still busy with the earlier ones: that is no silence of the
    // terminal.
    if (link.#inHand >= mostInHand || link.#deferred) link.#timer?.refresh();
    else link.#fail(new ProtocolError("keepalive timeout"));
  };

  /** Sends the CONNACK with the refusal, then closes the socket. */
  #refuse(code: number): void {
    this.#state = "ended";
    this.socket.write(connack(code));
    this.socket.destroySoon();
  }

  #handle(packet: Incoming): void {
    switch (packet.kind) {
      case "publish":
        return this.#handlePublish(packet);
      case "subscribe":
        return this.#handleSubscribe(packet);
      case "unsubscribe":
        for (const filter of packet.filters) this.#grant(filter, undefined);
        return void this.#write(unsuback(packet.id));
      case "pingreq":
        return void this.#write(pingresp);
      case "puback":
        return;
      case "disconnect":
        this.#will = undefined;
        return this.end();
      case "connect":
        throw new ProtocolError("a second connect");
      default:
        packet satisfies never;
    }
  }

  #handlePublish(packet: PublishPacket): void {
    const handled = this.#host.handlePublish(this, packet);
    if (packet.qos > 0) {
      this.#pendingAcks ??= [];
      this.#pendingAcks.push(puback(packet.id));
      this.#ackTimer ??= setTimeout(() => this.#acknowledge(), acknowledgeWithinMs);
    }
    this.#inHand += 1;
    if (!this.#mayRead()) this.socket.pause();
    const over = () => {
      this.#inHand -= 1;
      this.#acknowledge();
      this.#readOn();
    };
    handled.then(over, over);
  }

  /**
   * Whether the next packet may be taken. Few enough messages are being handled, the terminal reads its answers, and
   * the link has its turn.
   */
  #mayRead(): boolean {
    return this.#state === "open" && this.#inHand < mostInHand && !this.#drain && !this.#deferred;
  }

  #readOn(): void {
    if (!this.socket.isPaused() || !this.#mayRead()) return;
    this.#read();
    if (this.#mayRead()) this.socket.resume();
  }

  #handleSubscribe({ id, requested }: Of<"subscribe">): void {
    const answers = requested.map(({ filter, qos }) => this.#grant(filter, Math.min(qos, 1)) ?? refusedFilter);
    void this.#write(suback(id, answers));
  }

  /** Grants a filter, or with `undefined` removes its subscription. Answers the granted QoS, or `undefined`. */
  #grant(filter: string, qos: number | undefined): number | undefined {
    const end = this.#host.channelFilter(this, filter);
    if (end === undefined) return undefined;
    this.#subscriptions = withGranted(this.#subscriptions, end, qos);
    return qos;
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % lastPacketId) + 1;
    return this.#lastId;
  }

  #acknowledge(): void {
    if (this.#pendingAcks && !this.ended) void this.#write();
  }

  /** Writes a packet behind the PUBACKs that wait. Resolves when more may be written. */
  #write(packet?: Buffer): Promise<void> {
    let bytes = packet;
    if (this.#pendingAcks || !bytes) {
      clearTimeout(this.#ackTimer);
      this.#ackTimer = undefined;
      const acks = this.#pendingAcks ?? [];
      this.#pendingAcks = undefined;
      bytes = Buffer.concat(bytes ? [...acks, bytes] : acks);
    }
    return this.socket.write(bytes) ? written : this.#drained();
  }

  #drained(): Promise<void> {
    if (this.#drain) return this.#drain.over;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#fail(new ProtocolError("does not read")), drainTimeoutMs);
    const settle = () => {
      clearTimeout(timer);
      this.#drain = undefined;
      resolve();
      this.#readOn();
    };
    this.#drain = { over, settle };
    // Back-pressure: stop reading from a peer that does not read our answers, or these would fill the memory.
    this.socket.pause();
    return over;
  }
}

const written = Promise.resolve();
