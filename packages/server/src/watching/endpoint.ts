import { createServer, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import type { Logger } from "../platform/log/log.ts";

interface EndpointDeps {
  registry: Registry;
  /** Brings the figures of the database up to date. */
  refresh: () => Promise<void>;
  log: Logger;
}

/** Scrapers are few: more connections than this are refused. */
const mostConnections = 32;

/** The server that answers `GET /metrics` and nothing else. Scrapes that come at the same time share one look. The caller listens. */
export function metricsServer({ registry, refresh, log }: EndpointDeps): Server {
  let looking: Promise<string> | undefined;
  const look = async () => {
    try {
      await refresh();
      return await registry.metrics();
    } finally {
      looking = undefined;
    }
  };
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, ({ method, url }, response) => {
    if (url?.split("?")[0] !== "/metrics") return answer(response, 404, "Only /metrics is here.\n");
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return answer(response, 405, "Only GET is possible.\n");
    }
    looking ??= look();
    looking.then(
      (text) => answer(response, 200, text, registry.contentType),
      (error: unknown) => {
        log.error({ err: error }, "metrics could not be read");
        answer(response, 500, "The metrics could not be read.\n");
      },
    );
  });
  server.maxConnections = mostConnections;
  return server;
}

function answer(response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}
