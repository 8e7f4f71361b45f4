import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Link } from "./mqtt/link.ts";
import type { Takeovers } from "./takeovers.ts";

interface Connection {
  link: Link;
  terminalId: string;
  address: string;
  /** When its token ends; set only for a connection beside the terminal's own. */
  endsAt?: Date;
}

/** The device that a connection has authenticated as. `endsAt`: when the token ends that it has shown. */
export interface AuthenticatedDevice {
  terminalId: string;
  address: string;
  endsAt?: Date;
}

/** The authenticated connections of the embedded broker. */
export class Connections {
  readonly #mostPerTerminal: number;
  readonly #takeovers: Takeovers;
  readonly #byLink = new Map<Link, Connection>();
  /** Per terminal id, the oldest connection first. */
  readonly #byTerminal = new Map<string, readonly Connection[]>();
  #closing = false;

  constructor(mostPerTerminal: number, takeovers: Takeovers) {
    this.#mostPerTerminal = mostPerTerminal;
    this.#takeovers = takeovers;
  }

  /**
   * Registers a connection. Ends the connection with its client id (takeover, MQTT-3.1.4-2), and the oldest of the
   * terminal beyond the limit.
   */
  add(link: Link, { terminalId, address, endsAt }: AuthenticatedDevice): void {
    const connections = this.#byTerminal.get(terminalId) ?? [];
    const ending = connections.filter((other) => other.link.id === link.id);
    for (const { link: other } of ending) if (!other.ended) this.#takeovers.tookOver(address, link, other);
    const staying = connections.filter((other) => other.link.id !== link.id);
    ending.push(...staying.slice(0, Math.max(0, staying.length + 1 - this.#mostPerTerminal)));
    for (const { link: other } of ending) this.remove(other);

    const isSecond = link.id !== address && endsAt !== undefined;
    const connection = { link, terminalId, address, ...(isSecond && { endsAt }) };
    link.address = address;
    // Keeps one string in memory instead of two equal ones.
    if (link.id === address) link.id = address;
    this.#byLink.set(link, connection);
    this.#byTerminal.set(terminalId, [...(this.#byTerminal.get(terminalId) ?? []), connection]);
    for (const { link: other } of ending) other.end();
  }

  /** Removes a connection that has ended, or is about to be ended. An unknown link is ignored. */
  remove(link: Link): void {
    const connection = this.#byLink.get(link);
    if (!connection) return;
    this.#byLink.delete(link);
    const { terminalId } = connection;
    const left = this.#byTerminal.get(terminalId)?.filter((other) => other !== connection) ?? [];
    if (left.length > 0) this.#byTerminal.set(terminalId, left);
    else this.#byTerminal.delete(terminalId);
  }

  /** Called before the server ends all connections: their wills say nothing about the terminals then. */
  close(): void {
    this.#closing = true;
  }

  /**
   * Whether a connection must be refused for now, because two devices with this address keep ending each other's
   * connections.
   */
  mustWait(link: Link, address: string): boolean {
    const ending = this.of(address).filter((other) => other.id === link.id);
    return this.#takeovers.mustWait(address, link, ending);
  }

  /**
   * Whether the will of an ended link is to be ignored: another connection has replaced it, or this server is closing.
   */
  isReplacedOrClosing(link: Link): boolean {
    return this.#closing || !this.#byLink.has(link);
  }

  /** Whether one of the terminal's connections here is subscribed to commands. */
  hears(terminalId: string): boolean {
    for (const { link } of this.#byTerminal.get(terminalId) ?? []) {
      if (link.qosOf("command") !== undefined) return true;
    }
    return false;
  }

  /** The ids of the terminals with a connection that is subscribed to commands. */
  listening(): string[] {
    return [...this.#byTerminal.keys()].filter((terminalId) => this.hears(terminalId));
  }

  /** The connections of one device. */
  of(address: string): Link[] {
    const connections = this.#byTerminal.get(readDeviceAddress(address)?.terminalId ?? "") ?? [];
    return connections.filter((connection) => connection.address === address).map(({ link }) => link);
  }

  all(): Readonly<Connection>[] {
    return [...this.#byLink.values()];
  }
}
