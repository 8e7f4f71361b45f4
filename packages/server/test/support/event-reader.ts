import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { vi } from "vitest";

/** A block of a stream: its fields, and its comments. */
interface Block {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
  comment?: string;
}

interface Connection {
  url: string;
  token: string;
  lastEventId?: string | undefined;
}

const patience = { timeout: 20_000, interval: 10 };

/** Reads one stream of events, as the specification of Server-Sent Events says. */
export class EventReader {
  readonly blocks: Block[] = [];
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

  get resets(): Block[] {
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
    let text = "";
    try {
      for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n")) {
          this.#take(text.slice(0, at));
          text = text.slice(at + 2);
        }
      }
    } catch {
      // The connection was cut.
    }
    this.ended = true;
  }

  #take(text: string): void {
    const fields = text.split("\n").map((line) => /^(?<name>[^:]*):? ?(?<value>.*)$/.exec(line)?.groups ?? {});
    const block = Object.fromEntries(fields.map(({ name, value }) => [name || "comment", value])) as Block;
    if (block.id !== undefined) this.lastEventId = block.id;
    this.blocks.push(block);
  }
}
