import { terminalTopicPrefix } from "@tillkeeper/contract/mqtt";
import type { Client } from "aedes";

interface Connection {
  client: Client;
  terminalId: string;
  credentialId: string;
  /** Of a connection beside the terminal's own: the end of its token. */
  endsAt?: Date;
  /** Those of its subscriptions that bring commands. */
  commandFilters: Set<string>;
}

/** What a connection was let in by. */
interface Shown {
  credentialId: string;
  endsAt?: Date;
}

/** What stands in a topic filter behind the terminal's prefix. */
const commandFilterEnds = new Set<string>(["command", "+", "#"]);

function endOf(terminalId: string, filter: string): string | undefined {
  const prefix = terminalTopicPrefix(terminalId);
  return filter.startsWith(prefix) ? filter.slice(prefix.length) : undefined;
}

/**
 * Who is connected to the broker of this process. The broker's own table is not asked: it learns of a connection only
 * some time after its authentication, and loses one when another with the same client id ends half-way.
 */
export class Connections {
  readonly #mostPerTerminal: number;
  readonly #left: (terminalId: string) => void;
  readonly #byClient = new Map<Client, Connection>();
  /** The oldest connection first. */
  readonly #byTerminal = new Map<string, Set<Connection>>();
  /** Those that a newer connection of their terminal has taken the place of. */
  readonly #replaced = new WeakSet<Client>();
  #closing = false;
  /** Goes on after the end of a connection: its last messages are still being handled then. */
  readonly #terminals = new WeakMap<Client, string>();

  /** `left` is told of a terminal whose last connection has ended. */
  constructor(mostPerTerminal: number, left: (terminalId: string) => void) {
    this.#mostPerTerminal = mostPerTerminal;
    this.#left = left;
  }

  /** Answers the connections that have to end for it: the one with its client id, and the oldest beyond the limit. */
  add(client: Client, terminalId: string, { credentialId, endsAt }: Shown): Client[] {
    const connections = this.#byTerminal.get(terminalId) ?? new Set();
    const ending = [...connections].filter((other) => other.client.id === client.id);
    const staying = [...connections].filter((other) => other.client.id !== client.id);
    ending.push(...staying.slice(0, Math.max(0, staying.length + 1 - this.#mostPerTerminal)));
    for (const { client: other } of ending) {
      this.#replaced.add(other);
      this.#remove(other);
    }

    const beside = client.id !== terminalId && endsAt !== undefined;
    const connection = {
      client,
      terminalId,
      credentialId,
      ...(beside && { endsAt }),
      commandFilters: new Set<string>(),
    };
    this.#terminals.set(client, terminalId);
    this.#byClient.set(client, connection);
    // Read again: the set of a terminal whose last connection was removed is gone.
    const kept = this.#byTerminal.get(terminalId) ?? new Set();
    this.#byTerminal.set(terminalId, kept.add(connection));
    client.conn.once("close", () => {
      this.#remove(client);
      // Not of one that another has replaced: that one is there.
      if (!this.#closing && !this.#byTerminal.has(terminalId)) this.#left(terminalId);
    });
    return ending.map((other) => other.client);
  }

  #remove(client: Client): void {
    const connection = this.#byClient.get(client);
    if (!connection) return;
    this.#byClient.delete(client);
    const connections = this.#byTerminal.get(connection.terminalId);
    connections?.delete(connection);
    if (connections?.size === 0) this.#byTerminal.delete(connection.terminalId);
  }

  /** From now on connections end because the server does. */
  close(): void {
    this.#closing = true;
  }

  /** Whether its end says nothing about the terminal: a newer connection is there, or this server goes away itself. */
  endsQuietly(client: Client): boolean {
    return this.#closing || this.#replaced.has(client);
  }

  /** The terminal that a connection has proved to be. */
  terminalOf(client: Client): string | undefined {
    return this.#terminals.get(client);
  }

  subscribed(client: Client, filters: string[]): void {
    const connection = this.#byClient.get(client);
    if (!connection) return;
    for (const filter of filters) {
      if (commandFilterEnds.has(endOf(connection.terminalId, filter) ?? "")) connection.commandFilters.add(filter);
    }
  }

  unsubscribed(client: Client, filters: string[]): void {
    const connection = this.#byClient.get(client);
    for (const filter of filters) connection?.commandFilters.delete(filter);
  }

  /** Whether a command published here would be heard. */
  hears(terminalId: string): boolean {
    return [...(this.#byTerminal.get(terminalId) ?? [])].some(({ commandFilters }) => commandFilters.size > 0);
  }

  /** The terminals that hear commands published here. */
  listening(): string[] {
    return [...this.#byTerminal.keys()].filter((terminalId) => this.hears(terminalId));
  }

  of(terminalId: string): Client[] {
    return [...(this.#byTerminal.get(terminalId) ?? [])].map(({ client }) => client);
  }

  all(): Readonly<Connection>[] {
    return [...this.#byClient.values()];
  }
}
