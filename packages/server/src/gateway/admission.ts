import type { Connections, Shown } from "./connections.ts";
import type { Link } from "./mqtt/link.ts";

/** Answers the credential by which a live terminal gets in, and when that ends by itself if it is a token. */
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
  async admit(link: Link, terminalId: string, password: Buffer | undefined): Promise<boolean> {
    const attempt = { outdated: false };
    const attempts = this.#underWay.get(terminalId) ?? new Set();
    this.#underWay.set(terminalId, attempts.add(attempt));
    try {
      const shown = await this.#shown(attempt, terminalId, password);
      if (!shown) return false;
      // Nothing would ever tell that it has gone: it would be counted as connected for good.
      if (link.ended) return false;
      // Before the attempt is over, so that a replacement meets either the attempt or the connection.
      this.#connections.add(link, terminalId, shown);
    } finally {
      attempts.delete(attempt);
      if (attempts.size === 0) this.#underWay.delete(terminalId);
    }
    return true;
  }

  async #shown(attempt: { outdated: boolean }, terminalId: string, password: Buffer | undefined) {
    for (;;) {
      attempt.outdated = false;
      const shown = await this.#authenticate(terminalId, password);
      if (!shown || !attempt.outdated) return shown;
    }
  }

  /** Sends away whoever is connected as this terminal, and whoever is about to be with what no longer holds. */
  replaced(terminalId: string): void {
    for (const attempt of this.#underWay.get(terminalId) ?? []) attempt.outdated = true;
    for (const link of this.#connections.of(terminalId)) link.end();
  }
}
