import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { serve } from "@tillkeeper/stage/servers/serving";

const hooksPath = "/hooks";
const tokenSeconds = String(7 * 24 * 60 * 60);

/** A running server, with its secrets. */
export interface Stage {
  /** Where the requests of a run go. */
  url: string;
  /** The server's own address. */
  ownUrl: string;
  bootstrapToken: string;
  brokerSecret: string;
  /** An address on this machine that takes webhooks. */
  hooksUrl: string;
  /** Where the server writes its log, at its finest level. */
  logFile: string;
  /** Ends the server; its log stays until `remove`. */
  stop(): Promise<void>;
  remove(): void;
}

/**
 * Starts `tillkeeper serve` on loopback with the embedded database and broker, and a program that is the organization register and
 * takes webhooks.
 */
export async function openStage(): Promise<Stage> {
  const folder = new Folder("hostile");
  const logFile = join(folder.path, "server.log");
  const outside = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url === hooksPath ? 200 : 404).end();
  });
  await once(outside.listen(0, "127.0.0.1"), "listening");
  const outsideUrl = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const secrets = { bootstrapToken: newSecret(), brokerSecret: newSecret() };
  const log = openSync(logFile, "a", 0o600);
  const server = await serve({
    folder: folder.path,
    log,
    env: {
      TILLKEEPER_LOG_LEVEL: "trace",
      TILLKEEPER_BRREG_URL: outsideUrl,
      TILLKEEPER_WEBHOOK_ALLOW_PRIVATE: "true",
      TILLKEEPER_BOOTSTRAP_TOKEN: secrets.bootstrapToken,
      TILLKEEPER_BROKER_SECRET: secrets.brokerSecret,
      // Tokens are valid for longer than a run.
      TILLKEEPER_TOKEN_SECONDS: tokenSeconds,
      TILLKEEPER_DEVICE_TOKEN_SECONDS: tokenSeconds,
    },
  });
  closeSync(log);
  const stop = async () => {
    outside.closeAllConnections();
    outside.close();
    await server.stop();
  };
  const hooksUrl = outsideUrl + hooksPath;
  return { url: server.url, ownUrl: server.url, hooksUrl, ...secrets, logFile, stop, remove: () => folder.remove() };
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}
