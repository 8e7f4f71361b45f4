import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { type EventBlock, EventBlocks } from "@tillkeeper/stage/http/event-blocks";
import type { StreamLine } from "../checker/history.ts";

/** A stream says something every 15 s. */
const silentMs = 20_000;
const againMs = 200;

interface StreamOptions {
  url: string;
  accountId: string;
  token: string;
  signal: AbortSignal;
}

/** A reader of an account's stream, who connects again with the last id that it read, for as long as the run lasts. */
export class StreamReader {
  readonly accountId: string;
  readonly lines: StreamLine[] = [];
  /** How often it had to connect. */
  connections = 0;
  #lastId = "0";
  readonly #options: StreamOptions;
  readonly #agent = new Agent({ keepAlive: false });

  constructor(options: StreamOptions) {
    this.#options = options;
    this.accountId = options.accountId;
  }

  get lastId(): string {
    return this.#lastId;
  }

  /** Reads until the signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      await this.#readOnce().catch(() => undefined);
      await sleep(againMs, undefined, { signal }).catch(() => undefined);
    }
    this.#agent.destroy();
  }

  async #readOnce(): Promise<void> {
    this.connections += 1;
    const answer = await this.#connect();
    if (answer.statusCode !== 200) {
      answer.resume();
      return;
    }
    answer.setEncoding("utf8");
    const blocks = new EventBlocks();
    for await (const chunk of answer as AsyncIterable<string>) {
      for (const block of blocks.take(chunk)) this.#take(block);
    }
  }

  #connect(): Promise<IncomingMessage> {
    const { url, accountId, token, signal } = this.#options;
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "text/event-stream",
      "last-event-id": this.#lastId,
    };
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, headers, signal, timeout: silentMs };
      const sent = request(`${url}/v1/accounts/${accountId}/events`, options, resolve);
      sent.once("timeout", () => sent.destroy(new Error("the stream is silent")));
      sent.once("error", reject);
      sent.end();
    });
  }

  #take({ id, event, data }: EventBlock): void {
    const at = Date.now();
    if (event === "reset") this.lines.push({ type: "reset", at, id: id ?? "" });
    else if (data !== undefined) {
      const { id: told, event: type, subject } = JSON.parse(data) as EventEnvelope;
      this.lines.push({ type: "event", at, id: told, event: type, subject });
    }
    if (id !== undefined) this.#lastId = id;
  }
}
