import { randomBytes } from "node:crypto";
import { tokenRequest } from "../edges/token-request.ts";
import { HttpConnection } from "../parts/http-connection.ts";
import { serveParent } from "./serve-parent.ts";

export interface Flood {
  httpUrl: string;
  accountId: string;
  /** Clients whose secrets are guessed, in turns. */
  clientIds: string[];
  /** Local addresses that send the guesses. */
  addresses: string[];
  /** Guesses per second of each address. */
  perSecond: number;
}

/** Number of requests by their answer: a status code, or why there is none. */
export type FloodAnswers = Record<string, number>;

const mostConnections = 40;

/** Sends guesses from one address at a fixed rate, without waiting for earlier answers. */
class Guesser {
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

let guessers: Guesser[] = [];

function end(): FloodAnswers {
  const sum: FloodAnswers = {};
  for (const guesser of guessers) {
    guesser.end();
    for (const [answer, count] of Object.entries(guesser.answers)) sum[answer] = (sum[answer] ?? 0) + count;
  }
  guessers = [];
  return sum;
}

serveParent(
  {
    begin: (flood: Flood) => {
      guessers = flood.addresses.map((address) => new Guesser(flood, address));
    },
    end,
  },
  async () => void end(),
);
