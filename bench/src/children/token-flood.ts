import { randomBytes } from "node:crypto";
import { HttpConnection } from "../http-connection.ts";
import { tokenRequest } from "../token-request.ts";
import { serveParent } from "./serve-parent.ts";

export interface Flood {
  httpUrl: string;
  accountId: string;
  /** Whose secrets are guessed, in turns. */
  clientIds: string[];
  /** Where the guesses come from, and how many each address sends in a second. */
  addresses: string[];
  perSecond: number;
}

/** How many requests got which answer. */
export type FloodAnswers = Record<string, number>;

const mostConnections = 40;

/** Guesses from one address, each due at its time, also while earlier ones are still unanswered. */
class Stranger {
  readonly #flood: Flood;
  readonly #address: string;
  readonly #idle: HttpConnection[] = [];
  readonly #all: HttpConnection[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly answers: FloodAnswers = {};
  #sent = 0;

  constructor(flood: Flood, address: string) {
    this.#flood = flood;
    this.#address = address;
    this.#timer = setInterval(() => void this.#guess(), 1000 / flood.perSecond);
  }

  end(): void {
    clearInterval(this.#timer);
    for (const connection of this.#all) connection.close();
  }

  async #guess(): Promise<void> {
    const { httpUrl, accountId, clientIds } = this.#flood;
    const clientId = clientIds[this.#sent++ % clientIds.length] as string;
    const connection = await this.#connection();
    if (!connection) return this.#count("not sent: all connections wait");
    const secret = randomBytes(32).toString("base64url");
    try {
      const { status } = await connection.send(tokenRequest(httpUrl, { accountId, clientId, secret }));
      this.#count(String(status));
      this.#idle.push(connection);
    } catch {
      this.#count("no answer");
    }
  }

  async #connection(): Promise<HttpConnection | undefined> {
    const idle = this.#idle.pop();
    if (idle || this.#all.length === mostConnections) return idle;
    const opened = await HttpConnection.open(this.#flood.httpUrl, this.#address);
    this.#all.push(opened);
    return opened;
  }

  #count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }
}

let strangers: Stranger[] = [];

function end(): FloodAnswers {
  const sum: FloodAnswers = {};
  for (const stranger of strangers) {
    stranger.end();
    for (const [answer, count] of Object.entries(stranger.answers)) sum[answer] = (sum[answer] ?? 0) + count;
  }
  strangers = [];
  return sum;
}

serveParent(
  {
    begin: (flood: Flood) => {
      strangers = flood.addresses.map((address) => new Stranger(flood, address));
    },
    end,
  },
  async () => void end(),
);
