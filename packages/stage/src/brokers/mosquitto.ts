import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { endsWithUs } from "../processes/children.ts";
import { freePort } from "../processes/free-port.ts";

/** Debian's Mosquitto in a process of its own, that a test may treat as it likes. */
export interface Mosquitto {
  url: string;
  /** `SIGSTOP` makes it hang, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, as a crash does; its port stays its own for the next `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Open to all: access rules are the operator's (docs/adr/0005-outside-broker.md); in tests the carrying is tried. */
export async function startMosquitto(): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-mosquitto-"));
  const port = await freePort();
  const settings = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "set_tcp_nodelay true", "persistence false"];
  writeFileSync(join(folder, "mosquitto.conf"), `${settings.join("\n")}\n`);
  let broker: ChildProcess | undefined;

  const end = async (signal: NodeJS.Signals) => {
    if (!broker) return;
    const gone = once(broker, "close");
    broker.kill(signal);
    await gone;
    broker = undefined;
  };
  const mosquitto: Mosquitto = {
    url: `mqtt://127.0.0.1:${port}`,
    signal: (signal) => void broker?.kill(signal),
    kill: () => end("SIGKILL"),
    async start() {
      broker = spawn("/usr/sbin/mosquitto", ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
      endsWithUs(broker);
      await vi.waitUntil(() => answers(port));
    },
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await mosquitto.start();
  return mosquitto;
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
