import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { vi } from "vitest";

/** A span as a collector gets it, in the JSON of OTLP. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  facts: Record<string, string | number>;
  failed: boolean;
  /** Of the server that sent it. */
  instance: string;
  headers: IncomingMessage["headers"];
}

type Attributes = { key: string; value: { stringValue?: string; intValue?: number; doubleValue?: number } }[];
interface Sent {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: { spans: (Omit<ReceivedSpan, "facts"> & { attributes: Attributes; status: { code: number } })[] }[];
  }[];
}

/** A collector of traces: it takes OTLP over HTTP, and keeps the spans. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly #server = createServer((request, response) => {
    void this.#take(request).then(() => response.setHeader("content-type", "application/json").end("{}"));
  });

  /** Starts on this port, or on a free one. */
  static async start(port = 0): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(port, "127.0.0.1", resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves with the spans of a trace, in the order of these names, once they are there. Throws when there are others, too. */
  async trace(traceId: string, names: string[]): Promise<ReceivedSpan[]> {
    const found = () => this.spans.filter((span) => span.traceId === traceId);
    const ordered = () => names.map((name) => found().find((span) => span.name === name));
    await vi.waitUntil(() => !ordered().includes(undefined), { interval: 50, timeout: 30_000 });
    if (found().length > names.length)
      throw new Error(
        `there are ${found()
          .map(({ name }) => name)
          .join(", ")}`,
      );
    return ordered() as ReceivedSpan[];
  }

  async #take(request: IncomingMessage): Promise<void> {
    if (request.method !== "POST" || request.url !== "/v1/traces") return;
    const { headers } = request;
    const sent = (await json(request)) as Sent;
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      const instance = String(factsOf(resource.attributes)["service.instance.id"]);
      for (const { attributes, status, ...span } of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ ...span, facts: factsOf(attributes), failed: status.code === 2, instance, headers });
      }
    }
  }
}

function factsOf(attributes: Attributes): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue ?? ""]),
  );
}
