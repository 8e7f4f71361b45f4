import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import {
  clientIdBelongsTo,
  type DownChannel,
  deviceTopicPrefix,
  topic,
  type UpChannel,
} from "@tillkeeper/contract/mqtt/topics";
import { usualAllowance } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/budget";
import { ProtocolError } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/frames";
import type { ConnectPacket } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/incoming";
import { Link, type LinkHost } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/link";
import { returnCodes } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/outgoing";
import { Turns } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/turns";
import { mayPublish, maySubscribe } from "@tillkeeper/server/gateway/carriers/topic-rules";
import { Relay } from "./relay.ts";

/** What the broker calls; none of these functions throws. */
export interface BrokerEvents {
  /** Whether a credential is valid. Called for each CONNECT that is otherwise acceptable. */
  admits: (username: string, password: string) => boolean;
  /** Called after a CONNECT was accepted. */
  connected(link: Link, packet: ConnectPacket): void;
  /** Called after a CONNECT was refused. */
  refused(): void;
  /** Called for each PUBLISH, with its channel. */
  said(link: Link, channel: UpChannel, payload: Buffer): void;
  /** Called with the will of a connection that ended without a DISCONNECT. */
  willOf(link: Link, payload: Buffer): void;
  /** Called when an accepted connection has ended. */
  ended(link: Link): void;
  /** Called when a connection ends because the device broke a rule of MQTT or used a foreign topic. */
  misbehaved(link: Link, fault: string): void;
}

/** The embedded broker's MQTT for one device, without the rest of the server: it only calls `events`. */
export class Broker {
  /** The return code with which connections are refused; 0 accepts them. */
  refusing: number = returnCodes.accepted;
  readonly #server: Server;
  readonly #relay: Relay;
  readonly #links = new Set<Link>();
  readonly #silenced = new WeakSet<Link>();

  private constructor(server: Server, relay: Relay) {
    this.#server = server;
    this.#relay = relay;
  }

  /** Opens the broker on `host`. Devices connect to `port`. */
  static async open(host: string, events: BrokerEvents): Promise<Broker> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const relay = await Relay.open(host, (server.address() as AddressInfo).port);
    const broker = new Broker(server, relay);
    const rules = broker.#rules(events);
    server.on("connection", (socket) => {
      const link = new Link(socket, rules);
      socket.once("close", () => {
        if (broker.#links.delete(link)) events.ended(link);
      });
    });
    return broker;
  }

  get port(): number {
    return this.#relay.port;
  }

  /** Publishes to every connection of this address that has subscribed to the channel. */
  send(address: string, channel: DownChannel, payload: string): void {
    for (const link of this.#links) {
      const qos = link.address === address ? link.qosOf(channel) : undefined;
      if (qos !== undefined) void link.send(topic(address, channel), Buffer.from(payload), qos);
    }
  }

  /** Resets every connection. */
  cut(): void {
    this.#relay.cut();
  }

  /** Silences the present connections, without closing them. */
  silence(): void {
    for (const link of this.#links) this.#silenced.add(link);
    this.#relay.silence();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await this.#relay.close();
    for (const link of this.#links) link.end();
    await closed;
  }

  #rules(events: BrokerEvents): LinkHost {
    return {
      turns: new Turns(),
      allowance: usualAllowance,
      handleConnect: async (link, packet) => {
        const code = this.#codeFor(packet, events);
        if (code !== returnCodes.accepted) {
          events.refused();
          return code;
        }
        for (const other of this.#links) if (other.id === link.id) other.end();
        link.address = packet.username;
        this.#links.add(link);
        events.connected(link, packet);
        return code;
      },
      handlePublish: async (link, packet) => {
        const { address = "" } = link;
        if (!mayPublish(address, packet.topic)) throw new ProtocolError(`not allowed to publish to ${packet.topic}`);
        events.said(link, packet.topic.slice(deviceTopicPrefix(address).length) as UpChannel, packet.payload);
      },
      channelFilter: ({ address = "" }, filter) =>
        maySubscribe(address, filter) ? filter.slice(deviceTopicPrefix(address).length) : undefined,
      publishWill: (link, payload) => events.willOf(link, payload),
      closed: () => {},
      failed: (link, error) => {
        if (error instanceof ProtocolError && !this.#silenced.has(link)) events.misbehaved(link, error.message);
      },
    };
  }

  #codeFor({ level, clientId, username, password }: ConnectPacket, { admits }: BrokerEvents): number {
    if (this.refusing !== returnCodes.accepted) return this.refusing;
    if (level === 0) return returnCodes.badProtocol;
    if (clientId === "") return returnCodes.badClientId;
    if (username === undefined || !clientIdBelongsTo(clientId, username)) return returnCodes.badCredentials;
    return admits(username, password?.toString("utf8") ?? "") ? returnCodes.accepted : returnCodes.badCredentials;
  }
}
