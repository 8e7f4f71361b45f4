import type { Socket } from "node:net";
import { limits } from "@tillkeeper/contract/limits";
import type { DownChannel } from "@tillkeeper/contract/mqtt";
import { type Allowance, Budget } from "./budget.ts";
import { type Frame, Frames, ProtocolError } from "./frames.ts";
import { type ConnectPacket, decode, type Incoming, type PublishPacket } from "./incoming.ts";
import { connack, pingresp, puback, publish, refusedFilter, returnCodes, suback, unsuback } from "./outgoing.ts";
import { listenTo, type SocketListener } from "./socket-listener.ts";
import { grantedOf, noSubscriptions, type Subscriptions, withGranted } from "./subscriptions.ts";
import { Share, type Turns } from "./turns.ts";

/** What a link asks of the broker that it belongs to. */
export interface LinkHost {
  /** Of the event loop, shared by all links of the process. */
  readonly turns: Turns;
  /** What each connection may do before it counts as a flood. */
  readonly allowance: Allowance;
  /** Answers with which return code a connection is let in or refused. Must not reject. */
  enter(link: Link, packet: ConnectPacket): Promise<number>;
  /** A message that has come; resolves when it is handled. Throws `ProtocolError` where the terminal may not send it. */
  take(link: Link, packet: PublishPacket): Promise<void>;
  /** What of a terminal's topics a filter is for; `undefined` where it may not have it. */
  filterEnd(link: Link, filter: string): string | undefined;
  /** The link has ended without a word; what its will says is to be told. */
  publishWill(link: Link, payload: Buffer): void;
  /** Its socket has closed; the link has ended before. */
  closed(link: Link): void;
  failed(link: Link, error: unknown): void;
}

type Of<K extends Incoming["kind"]> = Extract<Incoming, { kind: K }>;
type State = "new" | "checking" | "open" | "ended";

const connectTimeoutMs = 10_000;
/** How long a terminal may leave unread what it was sent. */
const drainTimeoutMs = 2_000;
/** A connection's further packets are read when some of these are handled: it cannot outrun the database far. */
const mostUnderWay = 4;
/** For so long an acknowledgement waits for the answer to its message, so that both go out in one write. */
const acknowledgeWithinMs = 200;
const lastPacketId = 65_535;

/**
 * One connection of a terminal, from its first byte to its end. Sessions are clean, so nothing outlives it: what it did
 * not acknowledge is not sent again, because agents and server compare notes after each connect.
 */
export class Link implements SocketListener {
  /** The client id. */
  id = "";
  /** Of the device, once it is let in; stays when it has ended, while its last messages are being handled. */
  address: string | undefined;
  /** As its will names it. */
  session: string | undefined;
  readonly socket: Socket;
  readonly #host: LinkHost;
  readonly #frames = new Frames();
  readonly #share: Share;
  readonly #budget: Budget;
  /** What was read already is gone on with in another turn of the event loop. */
  #deferred = false;
  /** How many have come. */
  #packets = 0;
  #subscriptions: Subscriptions = noSubscriptions;
  #state: State = "new";
  /** What its will says: as text, because bytes would keep the whole packet that they came in. */
  #will: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #lastId = 0;
  /** Messages with QoS 1 that were sent and not acknowledged. */
  #unacknowledged = 0;
  /** Acknowledgements that have not gone out, in the order of their messages. */
  #owed: Buffer[] | undefined;
  #owing: NodeJS.Timeout | undefined;
  #drain: { over: Promise<void>; settle: () => void } | undefined;

  constructor(socket: Socket, host: LinkHost) {
    this.socket = socket;
    this.#host = host;
    this.#share = new Share(host.turns);
    this.#budget = new Budget(host.allowance);
    this.#timer = setTimeout(Link.#waitedInVain, connectTimeoutMs, this);
    listenTo(socket, this);
  }

  static readonly #waitedInVain = (link: Link): void => {
    link.#fail(new ProtocolError("no CONNECT in time"));
  };

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** The QoS with which a message of this channel is to be sent here; `undefined` if it was not asked for. */
  qosOf(channel: DownChannel): number | undefined {
    return grantedOf(this.#subscriptions, channel);
  }

  /** Sends a message. Resolves when there is room for the next one, or nobody there any more. */
  send(topic: string, payload: Buffer, qos: number): Promise<void> {
    if (this.#state !== "open") return Promise.resolve();
    if (qos > 0) this.#unacknowledged += 1;
    return this.#write(publish(topic, payload, qos > 0 ? this.#nextId() : undefined));
  }

  /** Ends at once. */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearTimeout(this.#timer);
    clearTimeout(this.#owing);
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
    // A piece of a packet makes as much work as a packet, and a packet may come in thousands of pieces.
    if (this.#packets === before && (this.#state === "new" || this.#mayTake()))
      this.#attempt(() => this.#budget.spend("others"));
  }

  #read(): void {
    this.#attempt(() => {
      while (this.#state === "new" || this.#mayTake()) {
        if (!this.#share.left) return this.#defer();
        const frame = this.#frames.next();
        if (!frame) return;
        this.#packets += 1;
        this.#share.taken(frame.body.length);
        this.#take(frame);
      }
      // What comes before its CONNECT is answered has to wait, and may not be without end.
      if (this.#state === "checking" && this.#frames.bytes > limits.mqttPacketBytes) {
        throw new ProtocolError("too much before the CONNACK");
      }
    });
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Lets others have their turn first. What comes meanwhile stays with the network. */
  #defer(): void {
    if (this.#frames.bytes === 0) return;
    this.#deferred = true;
    this.socket.pause();
    this.#share.later(() => {
      this.#deferred = false;
      this.#readOn();
    });
  }

  #take(frame: Frame): void {
    const packet = decode(frame);
    if (this.#state === "open") {
      this.#timer?.refresh();
      this.#pay(packet, frame.body.length);
      return this.#obey(packet);
    }
    if (packet.kind !== "connect") throw new ProtocolError(`${packet.kind} before the connect`);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state = "checking";
    void this.#enter(packet);
  }

  async #enter(packet: ConnectPacket): Promise<void> {
    this.id = packet.clientId;
    const code = await this.#host.enter(this, packet);
    if (this.ended) return;
    if (code !== returnCodes.accepted) return this.#refuse(code);
    this.#state = "open";
    this.#will = packet.will?.payload.toString("utf8");
    const silenceMs = packet.keepaliveSeconds * 1_500;
    if (silenceMs > 0) this.#timer = setTimeout(Link.#silent, silenceMs, this);
    void this.#write(connack(code));
    this.#read();
  }

  /** Throws `FloodError` when the connection has said too much. */
  #pay({ kind }: Incoming, bytes: number): void {
    // The acknowledgement of a message that was sent costs nothing.
    if (kind === "puback" && this.#unacknowledged > 0) this.#unacknowledged -= 1;
    else this.#budget.spend(kind === "publish" ? "messages" : "others", bytes);
  }

  static readonly #silent = (link: Link): void => {
    // What it said since may be unread, because we are not done with what it said before.
    if (link.#underWay >= mostUnderWay || link.#deferred) link.#timer?.refresh();
    else link.#fail(new ProtocolError("keepalive timeout"));
  };

  /** The socket goes only when the answer is out. */
  #refuse(code: number): void {
    this.#state = "ended";
    this.socket.write(connack(code));
    this.socket.destroySoon();
  }

  #obey(packet: Incoming): void {
    switch (packet.kind) {
      case "publish":
        return this.#publish(packet);
      case "subscribe":
        return this.#subscribe(packet);
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

  #publish(packet: PublishPacket): void {
    const handled = this.#host.take(this, packet);
    if (packet.qos > 0) {
      this.#owed ??= [];
      this.#owed.push(puback(packet.id));
      this.#owing ??= setTimeout(() => this.#acknowledge(), acknowledgeWithinMs);
    }
    this.#underWay += 1;
    if (!this.#mayTake()) this.socket.pause();
    const over = () => {
      this.#underWay -= 1;
      this.#acknowledge();
      this.#readOn();
    };
    handled.then(over, over);
  }

  /** Whether another packet may be taken: few enough are being handled, what was answered is being read, and it is its turn. */
  #mayTake(): boolean {
    return this.#state === "open" && this.#underWay < mostUnderWay && !this.#drain && !this.#deferred;
  }

  #readOn(): void {
    if (!this.socket.isPaused() || !this.#mayTake()) return;
    this.#read();
    if (this.#mayTake()) this.socket.resume();
  }

  #subscribe({ id, wishes }: Of<"subscribe">): void {
    const answers = wishes.map(({ filter, qos }) => this.#grant(filter, Math.min(qos, 1)) ?? refusedFilter);
    void this.#write(suback(id, answers));
  }

  /** Answers what was granted; `undefined` takes a filter back. */
  #grant(filter: string, qos: number | undefined): number | undefined {
    const end = this.#host.filterEnd(this, filter);
    if (end === undefined) return undefined;
    this.#subscriptions = withGranted(this.#subscriptions, end, qos);
    return qos;
  }

  #nextId(): number {
    this.#lastId = (this.#lastId % lastPacketId) + 1;
    return this.#lastId;
  }

  #acknowledge(): void {
    if (this.#owed && !this.ended) void this.#write();
  }

  /** Together with what is owed. */
  #write(packet?: Buffer): Promise<void> {
    let bytes = packet;
    if (this.#owed || !bytes) {
      clearTimeout(this.#owing);
      this.#owing = undefined;
      const owed = this.#owed ?? [];
      this.#owed = undefined;
      bytes = Buffer.concat(bytes ? [...owed, bytes] : owed);
    }
    return this.socket.write(bytes) ? atOnce : this.#drained();
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
    // Whoever asks without reading the answers is not heard on, or the answers would fill the memory.
    this.socket.pause();
    return over;
  }
}

const atOnce = Promise.resolve();
