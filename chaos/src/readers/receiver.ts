import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createRandom } from "@tillkeeper/stage/programs/random";
import { Webhook } from "standardwebhooks";
import type { ReceivedEvent } from "../checker/history.ts";

/** Of the first attempts, so many end in each way; all others are taken, and all second attempts. */
const mishaps = { fails: 0.1, hangsUp: 0.05, redirects: 0.05, isSlow: 0.05 };
const slowMs = 3_000;

/**
 * A receiver of webhooks with a path, at a port of its own, for each account: servers send few at a time to a host that is slow now and
 * then, however many accounts share it. It checks the signature of all that comes, and now and then loses, refuses,
 * redirects or delays an event the first time.
 */
export class Receiver {
  readonly received: ReceivedEvent[] = [];
  readonly #had = new Set<string>();
  readonly #random: () => number;
  readonly #secrets = new Map<string, Webhook>();
  readonly #tried = new Set<string>();

  constructor(seed: number) {
    const random = createRandom(seed);
    this.#random = () => random.next();
  }

  /** Listens at one more port. Resolves with the URL of an account's path there. */
  async listenFor(accountId: string, closing: Closing): Promise<string> {
    const server = createServer((request, response) => void this.#take(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.add(() => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${accountId}`;
  }

  /** The secret by which what comes for an account is signed. */
  expect(accountId: string, secret: string): void {
    this.#secrets.set(accountId, new Webhook(secret));
  }

  has(accountId: string, id: string): boolean {
    return this.#had.has(`${accountId} ${id}`);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const accountId = (request.url ?? "").slice(1);
      const body = Buffer.concat(parts).toString("utf8");
      const { event, id } = JSON.parse(body) as { event?: string; id: string };
      if (event === undefined) return void response.writeHead(204).end();
      const name = `${accountId} ${id}`;
      const isFirst = !this.#tried.has(name);
      this.#tried.add(name);
      if (isFirst && (await this.#goesWrong(response))) return;
      this.#had.add(name);
      this.received.push({ accountId, id, at: Date.now(), signed: this.#isSigned(accountId, request, body) });
      response.writeHead(204).end();
    } catch {
      // The connection broke: it counts as not taken.
      response.destroy();
    }
  }

  async #goesWrong(response: ServerResponse): Promise<boolean> {
    let chance = this.#random();
    const isLess = (share: number) => (chance -= share) < 0;
    if (isLess(mishaps.fails)) response.writeHead(500).end();
    else if (isLess(mishaps.hangsUp)) response.destroy();
    else if (isLess(mishaps.redirects)) response.writeHead(302, { location: "/" }).end();
    else {
      if (isLess(mishaps.isSlow)) await new Promise((resolve) => setTimeout(resolve, slowMs));
      return false;
    }
    return true;
  }

  #isSigned(accountId: string, { headers }: IncomingMessage, body: string): boolean {
    try {
      const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      this.#secrets.get(accountId)?.verify(body, given);
      return this.#secrets.has(accountId);
    } catch {
      return false;
    }
  }
}
