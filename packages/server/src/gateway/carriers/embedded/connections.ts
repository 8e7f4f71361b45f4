import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Link } from "./mqtt/link.ts";
import type { Takeovers } from "./takeovers.ts";

interface Connection {
  link: Link;
  terminalId: string;
  address: string;
  /** Of a connection beside the terminal's own: the end of its token. */
  endsAt?: Date;
}

/** Who a connection is, and when that ends by itself if it is by a token. */
export interface Shown {
  terminalId: string;
  address: string;
  endsAt?: Date;
}

/** Who is connected to the broker of this process. */
export class Connections {
  readonly #mostPerTerminal: number;
  readonly #takeovers: Takeovers;
  readonly #byLink = new Map<Link, Connection>();
  /** The oldest connection first. */
  readonly #byTerminal = new Map<string, readonly Connection[]>();
  #closing = false;

  constructor(mostPerTerminal: number, takeovers: Takeovers) {
    this.#mostPerTerminal = mostPerTerminal;
    this.#takeovers = takeovers;
  }

  /** Ends the connections that have to go for it: the one with its client id, and the oldest beyond the limit. */
  add(link: Link, { terminalId, address, endsAt }: Shown): void {
    const connections = this.#byTerminal.get(terminalId) ?? [];
    const ending = connections.filter((other) => other.link.id === link.id);
    for (const { link: other } of ending) if (!other.ended) this.#takeovers.tookOver(address, link, other);
    const staying = connections.filter((other) => other.link.id !== link.id);
    ending.push(...staying.slice(0, Math.max(0, staying.length + 1 - this.#mostPerTerminal)));
    for (const { link: other } of ending) this.remove(other);

    const beside = link.id !== address && endsAt !== undefined;
    const connection = { link, terminalId, address, ...(beside && { endsAt }) };
    link.address = address;
    // One text in place of two.
    if (link.id === address) link.id = address;
    this.#byLink.set(link, connection);
    this.#byTerminal.set(terminalId, [...(this.#byTerminal.get(terminalId) ?? []), connection]);
    for (const { link: other } of ending) other.end();
  }

  /** It has ended, or has to. */
  remove(link: Link): void {
    const connection = this.#byLink.get(link);
    if (!connection) return;
    this.#byLink.delete(link);
    const { terminalId } = connection;
    const left = this.#byTerminal.get(terminalId)?.filter((other) => other !== connection) ?? [];
    if (left.length > 0) this.#byTerminal.set(terminalId, left);
    else this.#byTerminal.delete(terminalId);
  }

  /** From now on connections end because the server does. */
  close(): void {
    this.#closing = true;
  }

  /** Whether a connection that is still to be let in has to wait: it would end that of another device with its address once more. */
  mustWait(link: Link, address: string): boolean {
    const ending = this.of(address).filter((other) => other.id === link.id);
    return this.#takeovers.mustWait(address, link, ending);
  }

  /** Whether its end says nothing about the terminal: a newer connection has its place, or this server goes away itself. */
  endsQuietly(link: Link): boolean {
    return this.#closing || !this.#byLink.has(link);
  }

  /** Whether a command published here would be heard. */
  hears(terminalId: string): boolean {
    for (const { link } of this.#byTerminal.get(terminalId) ?? []) {
      if (link.qosOf("command") !== undefined) return true;
    }
    return false;
  }

  /** The terminals that hear commands published here. */
  listening(): string[] {
    return [...this.#byTerminal.keys()].filter((terminalId) => this.hears(terminalId));
  }

  /** Of one device. */
  of(address: string): Link[] {
    const connections = this.#byTerminal.get(readDeviceAddress(address)?.terminalId ?? "") ?? [];
    return connections.filter((connection) => connection.address === address).map(({ link }) => link);
  }

  all(): Readonly<Connection>[] {
    return [...this.#byLink.values()];
  }
}
