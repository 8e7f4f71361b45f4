import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const program = resolve(import.meta.dirname, "../../packages/cli/src/main.ts");

const tokenSeconds = String(7 * 24 * 60 * 60);

/** A running server, with its secrets. */
export interface Stage {
  /** Where the requests of a run go. */
  url: string;
  /** The server's own address. */
  ownUrl: string;
  bootstrapToken: string;
  brokerSecret: string;
  /** Where the server writes its log, at its finest level. */
  logFile: string;
  /** Ends the server; its log stays until `remove`. */
  stop(): Promise<void>;
  remove(): void;
}

/** Starts `tillkeeper serve` on loopback with the embedded database and broker, and a local organization register. */
export async function openStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-hostile-"));
  const logFile = join(folder, "server.log");
  const register = createServer((_request, response) => response.writeHead(404).end());
  await once(register.listen(0, "127.0.0.1"), "listening");
  const secrets = { bootstrapToken: newSecret(), brokerSecret: newSecret() };
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [program, "serve"], {
    env: {
      PATH: process.env["PATH"],
      TMPDIR: process.env["TMPDIR"],
      TILLKEEPER_HTTP_PORT: "0",
      TILLKEEPER_MQTT_PORT: "0",
      TILLKEEPER_DATA_DIR: join(folder, "data"),
      TILLKEEPER_LOG_LEVEL: "trace",
      TILLKEEPER_BRREG_URL: `http://127.0.0.1:${(register.address() as AddressInfo).port}`,
      TILLKEEPER_BOOTSTRAP_TOKEN: secrets.bootstrapToken,
      TILLKEEPER_BROKER_SECRET: secrets.brokerSecret,
      // Tokens are valid for longer than a run.
      TILLKEEPER_TOKEN_SECONDS: tokenSeconds,
      TILLKEEPER_DEVICE_TOKEN_SECONDS: tokenSeconds,
    },
    stdio: ["ignore", "pipe", log],
    // Ctrl-C reaches only this program, which then ends the server.
    detached: true,
  });
  closeSync(log);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const stop = async () => {
    register.close();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  };
  const ownUrl = await addressOf(child);
  return { url: ownUrl, ownUrl, ...secrets, logFile, stop, remove };
}

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Reads the server's address from the line that it prints once it listens. */
async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("the server was started without a standard output");
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /http:\/\/[^\s/]+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error("The server ended before it listened.");
}
