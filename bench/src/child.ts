import { fileURLToPath } from "node:url";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { Program } from "@tillkeeper/stage/processes/program";

/** What travels between a program and its child processes. */
export type ToChild = { call: number; method: string; argument: unknown } | { stop: true };
export type FromChild = { call: number; value?: unknown; failure?: string } | { event: unknown };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const stopWithinMs = 20_000;

/**
 * A child process with methods to call. What is measured and what measures it must not share an event loop, so each
 * part runs in a process of its own.
 */
export class Child {
  readonly #program: Program;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Told of what the child says without being asked. */
  onEvent: (event: unknown) => void = () => {};
  /** Told that nothing more will come. */
  onEnd: (error: Error) => void = () => {};

  /** Starts `children/<name>.ts`; it ends with `closing`, at the latest with this process. */
  static start(name: string, closing: Closing): Child {
    let child: Child | undefined;
    closing.add(() => child?.stop());
    child = new Child(name);
    return child;
  }

  private constructor(name: string) {
    const path = fileURLToPath(new URL(`./children/${name}.ts`, import.meta.url));
    // Standard error is where its failures are seen.
    this.#program = new Program([process.execPath, path], {
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

  async call<Value>(method: string, argument?: unknown): Promise<Value> {
    const call = ++this.#calls;
    const value = new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
    this.#send({ call, method, argument });
    return (await value) as Value;
  }

  async stop(): Promise<void> {
    this.#send({ stop: true });
    const patience = setTimeout(() => this.#program.signal("SIGKILL"), stopWithinMs);
    await this.#program.ended;
    clearTimeout(patience);
  }

  #send(message: ToChild): void {
    // A child that is going already is noticed by its end, not by a message that does not reach it.
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
