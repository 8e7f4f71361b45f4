import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const sources = fileURLToPath(new URL("../../../../conformance/java-agent/src/", import.meta.url));
const run = promisify(execFile);

/** The device in `conformance/java-agent`, compiled. */
export class JavaAgent {
  readonly #classes: string;

  private constructor(classes: string) {
    this.#classes = classes;
  }

  static async compile(): Promise<JavaAgent> {
    const classes = mkdtempSync(join(tmpdir(), "tk-java-"));
    const files = readdirSync(sources).map((name) => join(sources, name));
    await run("javac", ["--release", "17", "-Xlint:all", "-Werror", "-d", classes, ...files]);
    return new JavaAgent(classes);
  }

  remove(): void {
    rmSync(this.#classes, { recursive: true, force: true });
  }

  /** What starts it; the credentials are the name of a file. */
  args(folder: string, credentials: string): string[] {
    return ["java", "-cp", this.#classes, "Agent", "--folder", folder, "--credentials", credentials];
  }

  /** What closes the day by hand. */
  closeArgs(folder: string): string[] {
    return ["java", "-cp", this.#classes, "Reader", join(folder, "reader")];
  }

  start(folder: string, credentials: string): JavaProcess {
    const [command = "", ...args] = this.args(folder, credentials);
    return new JavaProcess(spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] }));
  }

  async closeByHand(folder: string): Promise<void> {
    const [command = "", ...args] = this.closeArgs(folder);
    await run(command, args);
  }
}

class JavaProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  stderr = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, "exit");
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  /** Answers its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}
