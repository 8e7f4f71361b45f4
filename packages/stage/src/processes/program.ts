import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { connect } from "node:net";
import { until } from "../until.ts";

export interface ProgramOptions extends Pick<SpawnOptions, "cwd" | "uid" | "gid" | "stdio" | "serialization"> {
  /** Environment variables beside `PATH` and `TMPDIR`; no others of this process are passed on. */
  env?: NodeJS.ProcessEnv;
  /** Starts a process group: signals also reach the program's own child processes, and Ctrl-C does not reach it. */
  group?: boolean;
}

/** How a program ended, with its output as far as its outputs were pipes. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const running = new Set<Program>();

process.once("exit", () => {
  for (const program of running) program.signal("SIGKILL");
});

/**
 * A program in a process of its own, which ends with this process at the latest. Unless `stdio` says otherwise, its
 * output is shown only with `TEST_LOG=1`.
 */
export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #group: boolean;
  readonly #watchers = new Set<() => void>();
  /** The standard output so far. */
  stdout = "";
  stderr = "";

  constructor([command = "", ...args]: readonly string[], { env, group = false, ...options }: ProgramOptions = {}) {
    this.#group = group;
    this.child = spawn(command, args, {
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...env },
      stdio: process.env["TEST_LOG"] === "1" ? "inherit" : "ignore",
      detached: group,
      ...options,
    });
    running.add(this);
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      for (const check of this.#watchers) check();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      // A program that cannot be started also emits `close`.
      this.child.once("error", (error) => (this.stderr += String(error)));
      this.child.once("close", (code, signal) => {
        running.delete(this);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.running || this.child.pid === undefined) return;
    process.kill(this.#group ? -this.child.pid : this.child.pid, signal);
  }

  /** `true` suspends the process; `false` resumes it. */
  hold(held: boolean): void {
    this.signal(held ? "SIGSTOP" : "SIGCONT");
  }

  /** Sends the signal if the program still runs, and waits for its end. */
  end(signal: NodeJS.Signals = "SIGKILL"): Promise<Ended> {
    this.signal(signal);
    return this.ended;
  }

  /** Resolves when the standard output, a pipe, matches. Rejects when the program ends before that. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = pattern.exec(this.stdout);
        if (!found) return;
        this.#watchers.delete(check);
        resolve(found);
      };
      this.#watchers.add(check);
      check();
      const describe = () => `ended without ${String(pattern)}:\n${this.stdout}\n${this.stderr}`;
      void this.ended.then(() => reject(new Error(describe())));
    });
  }

  /** Resolves when a connection to that port of 127.0.0.1 succeeds. Rejects when the program ends before that. */
  async listens(port: number): Promise<void> {
    await until(() => {
      if (!this.running) throw new Error(`${this.child.spawnfile} ended by itself`);
      return accepts(port);
    }, `${this.child.spawnfile} to listen`);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
