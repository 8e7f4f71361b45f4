import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "@tillkeeper/server/config/config";
import { vi } from "vitest";
import type { Certificate } from "./certificates.ts";

/** A broker in a process of its own, set up by the files that we give to operators. */
export interface TestBroker {
  kind: string;
  /** What a server on it is configured with. */
  mqtt: Config["mqtt"];
  /** What operators would do as the server's user: everything is open to it. */
  ownUrl: string;
  /** Starts it, also again; `httpUrl` is where it can ask the server. */
  start(httpUrl: string): Promise<void>;
  /** As a crash. */
  kill(): Promise<void>;
  /** Stands still, its connections with it, until it may go on. */
  hold(held: boolean): void;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** With it a server and terminals are told to come with TLS. */
  tls?: Certificate | undefined;
}

/** A broker with rules of the operator's own: it knows nothing of the server, and the server nothing of it. */
export interface BrokerWithUsers {
  /** As the servers' user. */
  url: string;
  /** What the operator does with a credential. Soon after, the broker knows it. */
  letIn(address: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

/** Where the files for operators are. */
export const deploy = fileURLToPath(new URL("../../../../deploy/brokers/", import.meta.url));

/** A configuration file for operators, with the places of this machine in it. Each must be in there. */
export function deployed(file: string, places: Record<string, string>): string {
  let text = readFileSync(join(deploy, file), "utf8");
  for (const [place, here] of Object.entries(places)) {
    if (!text.includes(place)) throw new Error(`${file} has no ${place}`);
    text = text.replaceAll(place, here);
  }
  return text;
}

export class Folder {
  readonly path: string;

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `tillkeeper-${name}-`));
  }

  write(file: string, text: string): string {
    const path = join(this.path, file);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A program with all that it starts, which form a group of processes. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(command, args, {
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...env },
      stdio: process.env["TEST_LOG"] === "1" ? "inherit" : "ignore",
      detached: true,
    });
    this.#ended = once(this.#child, "close");
    process.once("exit", this.#kill);
  }

  readonly #kill = () => {
    const running = this.#child.exitCode === null && this.#child.signalCode === null;
    if (running && this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
  };

  hold(held: boolean): void {
    this.signal(held ? "SIGSTOP" : "SIGCONT");
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }

  async end(): Promise<void> {
    this.#kill();
    await this.#ended;
    process.removeListener("exit", this.#kill);
  }

  /** Resolves when something listens there. */
  async listens(port: number): Promise<void> {
    await vi.waitUntil(
      () => {
        if (this.#child.exitCode !== null) throw new Error(`${this.#child.spawnfile} ended by itself`);
        return answers(port);
      },
      { timeout: 60_000, interval: 50 },
    );
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
