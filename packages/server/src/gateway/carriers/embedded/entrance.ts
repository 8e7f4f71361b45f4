import type { AuthenticatedDevice, Connections } from "./connections.ts";
import type { Link } from "./mqtt/link.ts";

/**
 * Checks the credential that a connection shows. Resolves with the device, or with undefined when the credential does
 * not hold. Called for each CONNECT; throws when the database cannot be asked.
 */
export type Authenticate = (username: string, password: Buffer | undefined) => Promise<AuthenticatedDevice | undefined>;

/**
 * Authenticates connections to the embedded broker and registers those whose credential holds. A credential may be
 * replaced while a connection is being checked against it. The check is then repeated, because the replacement has
 * ended only the connections that were registered already.
 */
export class Entrance {
  readonly #connections: Connections;
  readonly #authenticate: Authenticate;
  readonly #attempts = new Map<string, Set<{ outdated: boolean }>>();

  constructor(connections: Connections, authenticate: Authenticate) {
    this.#connections = connections;
    this.#authenticate = authenticate;
  }

  /**
   * Answers whether the connection is let in. When this resolves, the connections that it replaces have ended. Rejects
   * as `Authenticate` does.
   */
  async admit(link: Link, address: string, password: Buffer | undefined): Promise<boolean> {
    const attempt = { outdated: false };
    const attempts = this.#attempts.get(address) ?? new Set();
    this.#attempts.set(address, attempts.add(attempt));
    try {
      const device = await this.#authenticateUntilCurrent(attempt, address, password);
      if (!device) return false;
      // An ended link reports no second end: registered now, it would count as connected for good.
      if (link.ended) return false;
      // Registered before the attempt is removed, so that a replacement meets either the attempt or the connection.
      this.#connections.add(link, device);
    } finally {
      attempts.delete(attempt);
      if (attempts.size === 0) this.#attempts.delete(address);
    }
    return true;
  }

  async #authenticateUntilCurrent(attempt: { outdated: boolean }, address: string, password: Buffer | undefined) {
    for (;;) {
      attempt.outdated = false;
      const device = await this.#authenticate(address, password);
      if (!device || !attempt.outdated) return device;
    }
  }

  /** Ends the connections of this address, and repeats the checks that are under way for it. */
  replaced(address: string): void {
    for (const attempt of this.#attempts.get(address) ?? []) attempt.outdated = true;
    for (const link of this.#connections.of(address)) link.end();
  }
}
