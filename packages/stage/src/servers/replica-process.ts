import { fileURLToPath } from "node:url";
import type { Config } from "@tillkeeper/server/config/config";
import type { VirtualTerminalHost } from "@tillkeeper/server/virtual-terminals/virtual-terminals";
import { inject } from "vitest";
import { Program } from "../processes/program.ts";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import type { TestClock } from "./test-clock.ts";

const program = fileURLToPath(new URL("./replica.ts", import.meta.url));

interface ReplicaOptions {
  config: Config;
  clock: TestClock;
  host: VirtualTerminalHost | undefined;
  /** How far the wall clock of the server's machine is off, in milliseconds. */
  wallAheadMs?: number;
}

/** A server in a process of its own. */
export class ReplicaProcess {
  readonly #program: Program;
  readonly #host: VirtualTerminalHost | undefined;
  readonly #moves = new Map<number, () => void>();
  #turns = 0;

  private constructor(host: VirtualTerminalHost | undefined, wallAheadMs: number) {
    this.#host = host;
    this.#program = new Program([process.execPath, program], {
      env: { ...process.env, NODE_COMPILE_CACHE: inject("compiled"), TEST_WALL_AHEAD_MS: String(wallAheadMs) },
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  /** Resolves when the server listens. Rejects with the server's own message when it does not start. */
  static async start({ config, clock, host, wallAheadMs = 0 }: ReplicaOptions): Promise<ReplicaProcess> {
    const replica = new ReplicaProcess(host, wallAheadMs);
    const started = new Promise<void>((resolve, reject) => {
      replica.#program.child.on("message", (message: FromReplica) => {
        if (message.kind === "listening") resolve();
        else if (message.kind === "failed") reject(new Error(message.message));
        else replica.#hear(message);
      });
      void replica.#program.ended.then(() => reject(new Error("the server's process ended while it was starting")));
    });
    const { aheadMs, steppedMs } = clock;
    replica.#say({ kind: "start", config, aheadMs, steppedMs, hosting: host !== undefined });
    try {
      await started;
      return replica;
    } catch (error) {
      await replica.kill();
      throw error;
    }
  }

  /** Resolves when the server has set its clock. */
  moveClock({ aheadMs, steppedMs }: TestClock): Promise<void> {
    if (!this.#program.child.connected) return Promise.resolve();
    const turn = this.#turns++;
    return new Promise((resolve) => {
      this.#moves.set(turn, resolve);
      this.#say({ kind: "clock", turn, aheadMs, steppedMs });
      void this.#program.ended.then(() => resolve());
    });
  }

  async stop(): Promise<void> {
    const { code } = await this.#program.end("SIGTERM");
    if (code !== 0) throw new Error(`the server's process ended with ${code}`);
  }

  async kill(): Promise<void> {
    await this.#program.end();
  }

  #say(message: ToReplica): void {
    this.#program.child.send(message);
  }

  #hear(message: Exclude<FromReplica, { kind: "listening" | "failed" }>): void {
    if (message.kind === "moved") {
      this.#moves.get(message.turn)?.();
      this.#moves.delete(message.turn);
      return;
    }
    const work = async () => ("start" in message ? this.#host?.start(message.start) : this.#host?.stop(message.stop));
    const { turn } = message;
    work().then(
      () => this.#say({ kind: "hosted", turn }),
      (error: Error) => this.#say({ kind: "hosted", turn, error: error.message }),
    );
  }
}
