import { fileURLToPath } from "node:url";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { Program } from "@tillkeeper/stage/processes/program";

/** IPC messages between a program and its child processes. */
export type ToChild = { call: number; method: string; argument: unknown } | { stop: true };
export type FromChild = { call: number; value?: unknown; failure?: string } | { event: unknown };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const stopWithinMs = 20_000;

/**
 * A child process with methods to call. Server, load and yardstick each run in their own process, because code that
 * shares an event loop with the measured code would distort the figures.
 */
export class Child {
  readonly #program: Program;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Called with each event that the child sends outside of answers to calls. */
  onEvent: (event: unknown) => void = () => {};
  /** Called once when the process has ended; no event follows. */
  onEnd: (error: Error) => void = () => {};

  /** Starts `children/<name>.ts`. The process ends with `closing`, or at the latest with this process. */
  static start(name: string, closing: Closing): Child {
    let child: Child | undefined;
    closing.add(() => child?.stop());
    child = new Child(name);
    return child;
  }

  private constructor(name: string) {
    const path = fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url));
    // The child inherits standard error, so that its failures are seen.
    this.#program = new Program([process.execPath, ...process.execArgv, path], {
      env: process.env,
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    this.#program.child.on("message", (message) => this.#receive(message as FromChild));
    void this.#followEnd(name);
  }

  async #followEnd(name: string): Promise<void> {
    const { code, signal } = await this.#program.ended;
    const error = new Error(`the process ${name} has ended (${signal ?? code})`);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.onEnd(error);
  }

  /** Calls a method of the child. Rejects when the method throws or the process ends before it answers. */
  async call<Value>(method: string, argument?: unknown): Promise<Value> {
    const call = ++this.#calls;
    const value = new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
    this.#send({ call, method, argument });
    return (await value) as Value;
  }

  /** Asks the process to end, and kills it after 20 s. */
  async stop(): Promise<void> {
    this.#send({ stop: true });
    const killTimer = setTimeout(() => this.#program.signal("SIGKILL"), stopWithinMs);
    await this.#program.ended;
    clearTimeout(killTimer);
  }

  #send(message: ToChild): void {
    // A failed send is ignored: the end of the process rejects all pending calls.
    const { child } = this.#program;
    if (child.connected) child.send(message, () => {});
  }

  #receive(message: FromChild): void {
    if ("event" in message) return this.onEvent(message.event);
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if (message.failure === undefined) waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.failure));
  }
}
