import { HttpConnection } from "./http-connection.ts";
import { median, percentile } from "./statistics.ts";

/** Milliseconds of each side's requests, which were sent in turns. */
export interface Pair {
  left: number[];
  right: number[];
}

/** A side of a pair: the bytes of the request with this number, and what its answer has to be. */
export interface Side {
  request(step: number): Buffer;
  check(body: string): void;
}

interface Turns {
  left: Side;
  right: Side;
  /** Of each side. */
  requests: number;
  /** Where each answer takes long, fewer requests than that have to do. */
  seconds: number;
}

const warmUpRequests = 20;

/** GET requests over one connection, one at a time. */
export class ListCaller {
  readonly #connection: HttpConnection;
  readonly #host: string;

  static async open(httpUrl: string): Promise<ListCaller> {
    return new ListCaller(await HttpConnection.open(httpUrl), new URL(httpUrl).host);
  }

  private constructor(connection: HttpConnection, host: string) {
    this.#connection = connection;
    this.#host = host;
  }

  prepare(path: string, token: string): Buffer {
    return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nauthorization: Bearer ${token}\r\n\r\n`);
  }

  /** Left and right in turns, so that whatever else the machine does meets both alike. */
  async inTurns({ left, right, requests, seconds }: Turns): Promise<Pair> {
    const end = performance.now() + seconds * 1000;
    const pair: Pair = { left: [], right: [] };
    for (let step = -warmUpRequests; step < requests && performance.now() < end; step += 1) {
      const times = [await this.#time(left, step + warmUpRequests), await this.#time(right, step + warmUpRequests)];
      // An answer that takes a second is no warmer after twenty of them.
      if (step < 0 && performance.now() < end - (seconds * 1000) / 2) continue;
      pair.left.push(times[0] as number);
      pair.right.push(times[1] as number);
    }
    return pair;
  }

  close(): void {
    this.#connection.close();
  }

  async #time(side: Side, step: number): Promise<number> {
    const bytes = side.request(step);
    const sentAt = performance.now();
    const { status, body } = await this.#connection.send(bytes);
    const time = performance.now() - sentAt;
    if (status !== 200)
      throw new Error(`${bytes.toString().split("\r\n")[0]} was answered ${status}: ${body.toString()}`);
    side.check(body.toString());
    return time;
  }
}

/** Of several rounds the one in the middle: a disturbance that lasts a second spoils one round, not the result. */
export function middle(rounds: readonly number[][], share: number): number {
  return median(rounds.map((latencies) => percentile(latencies, share)));
}
