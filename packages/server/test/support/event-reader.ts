import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { type EventBlock, EventBlocks } from "@tillkeeper/stage/http/event-blocks";
import { vi } from "vitest";

interface Connection {
  url: string;
  token: string;
  lastEventId?: string | undefined;
}

const patience = { timeout: 20_000, interval: 10 };

/** Reads one stream of events, as the specification of Server-Sent Events says. */
export class EventReader {
  readonly blocks: EventBlock[] = [];
  readonly status: number;
  readonly headers: Headers;
  lastEventId: string | undefined;
  ended = false;
  readonly #cut: AbortController;

  static async open({ url, token, lastEventId }: Connection): Promise<EventReader> {
    const cut = new AbortController();
    const response = await fetch(url, {
      signal: cut.signal,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "text/event-stream",
        ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
      },
    });
    const reader = new EventReader(response, cut);
    reader.lastEventId = lastEventId;
    void reader.#read(response);
    return reader;
  }

  private constructor({ status, headers }: Response, cut: AbortController) {
    this.status = status;
    this.headers = headers;
    this.#cut = cut;
  }

  get events(): EventEnvelope[] {
    return this.blocks
      .filter(({ event, data }) => data !== undefined && event === undefined)
      .map(({ data }) => JSON.parse(data as string) as EventEnvelope);
  }

  get resets(): EventBlock[] {
    return this.blocks.filter(({ event }) => event === "reset");
  }

  until(what: (reader: EventReader) => boolean): Promise<unknown> {
    return vi.waitUntil(() => what(this), patience);
  }

  /** Cuts the connection, as a lost link does. */
  cut(): void {
    this.#cut.abort();
  }

  async #read(response: Response): Promise<void> {
    const blocks = new EventBlocks();
    try {
      for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        for (const block of blocks.take(chunk)) this.#take(block);
      }
    } catch {
      // The connection was cut.
    }
    this.ended = true;
  }

  #take(block: EventBlock): void {
    if (block.id !== undefined) this.lastEventId = block.id;
    this.blocks.push(block);
  }
}
