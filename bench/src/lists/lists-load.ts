import { HttpConnection } from "../parts/http-connection.ts";
import { milliseconds } from "../parts/print.ts";
import { median, percentile } from "../parts/statistics.ts";

/** Milliseconds of each side's requests, sent in turns. */
export interface Pair {
  left: number[];
  right: number[];
}

/** One side of a comparison. */
export interface Side {
  caller: ListCaller;
  /** Returns the bytes of request number `step`, before the measured time begins. */
  request(step: number): Buffer;
  /** Called with each body of a 200, after the measured time; throws when the answer is wrong. */
  check(body: string): void;
}

/** Two kinds of requests that are sent in turns and compared. */
export interface Comparison {
  name: string;
  left: Side;
  right: Side;
  rounds: Pair[];
}

interface Turns {
  /** Requests of each side. */
  requests: number;
  /** Time limit: slow answers make the round end with fewer requests. */
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

  async get(bytes: Buffer): Promise<string> {
    const { status, body } = await this.#connection.send(bytes);
    if (status === 200) return body.toString();
    throw new Error(`${bytes.toString().split("\r\n")[0]} was answered ${status}: ${body.toString()}`);
  }

  close(): void {
    this.#connection.close();
  }
}

/** Runs one more round, left and right in turns, so that other load on the machine affects both sides alike. */
export async function inTurns({ left, right, rounds }: Comparison, { requests, seconds }: Turns): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const pair: Pair = { left: [], right: [] };
  for (let step = -warmUpRequests; step < requests && performance.now() < end; step += 1) {
    const times = [await time(left, step + warmUpRequests), await time(right, step + warmUpRequests)];
    // Slow answers end the warm-up after half of the time: an answer that takes a second gains nothing from a warm-up.
    if (step < 0 && performance.now() < end - (seconds * 1000) / 2) continue;
    pair.left.push(times[0] as number);
    pair.right.push(times[1] as number);
  }
  rounds.push(pair);
}

async function time(side: Side, step: number): Promise<number> {
  const bytes = side.request(step);
  const sentAt = performance.now();
  const body = await side.caller.get(bytes);
  const took = performance.now() - sentAt;
  side.check(body);
  return took;
}

/** Figures for a table: cells with p50 and p99 of either side, and the ratios of right to left. */
export function figuresOf({ rounds }: Pick<Comparison, "rounds">) {
  const left = rounds.map((pair) => pair.left);
  const right = rounds.map((pair) => pair.right);
  const p50 = { left: middle(left, 0.5), right: middle(right, 0.5) };
  const p99 = { left: middle(left, 0.99), right: middle(right, 0.99) };
  return {
    cells: [p50.left, p99.left, p50.right, p99.right].map(milliseconds),
    p50: p50.right / p50.left,
    p99: p99.right / p99.left,
  };
}

/** Median over the rounds of each round's percentile `share`: a short disturbance spoils one round, not the result. */
function middle(rounds: readonly number[][], share: number): number {
  return median(rounds.map((latencies) => percentile(latencies, share)));
}
