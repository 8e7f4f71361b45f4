import type { Connections, Shown } from "./connections.ts";
import type { Link } from "./mqtt/link.ts";

/** Answers the device that a user name, an address, and a password are of, if it may get in. */
export type Authenticate = (username: string, password: Buffer | undefined) => Promise<Shown | undefined>;

/**
 * Lets connections in whose credential holds. A credential that is replaced while a connection is being checked against
 * the old one is checked again: who replaced it has already sent away whoever was in.
 */
export class Admission {
  readonly #connections: Connections;
  readonly #authenticate: Authenticate;
  readonly #underWay = new Map<string, Set<{ outdated: boolean }>>();

  constructor(connections: Connections, authenticate: Authenticate) {
    this.#connections = connections;
    this.#authenticate = authenticate;
  }

  /** Whether the connection may go on. Those have gone then that had to end for it. */
  async admit(link: Link, address: string, password: Buffer | undefined): Promise<boolean> {
    const attempt = { outdated: false };
    const attempts = this.#underWay.get(address) ?? new Set();
    this.#underWay.set(address, attempts.add(attempt));
    try {
      const shown = await this.#shown(attempt, address, password);
      if (!shown) return false;
      // Nothing would ever tell that it has gone: it would be counted as connected for good.
      if (link.ended) return false;
      // Before the attempt is over, so that a replacement meets either the attempt or the connection.
      this.#connections.add(link, shown);
    } finally {
      attempts.delete(attempt);
      if (attempts.size === 0) this.#underWay.delete(address);
    }
    return true;
  }

  async #shown(attempt: { outdated: boolean }, address: string, password: Buffer | undefined) {
    for (;;) {
      attempt.outdated = false;
      const shown = await this.#authenticate(address, password);
      if (!shown || !attempt.outdated) return shown;
    }
  }

  /** Sends away the device with this address, and whoever is about to be let in as it. */
  replaced(address: string): void {
    for (const attempt of this.#underWay.get(address) ?? []) attempt.outdated = true;
    for (const link of this.#connections.of(address)) link.end();
  }
}
