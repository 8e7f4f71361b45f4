import { type ChildProcess, fork } from "node:child_process";
import type { Closing } from "@tillkeeper/server/platform/closing";

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
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #over = false;
  /** Told of what the child says without being asked. */
  onEvent: (event: unknown) => void = () => {};
  /** Told that nothing more will come. */
  onEnd: (error: Error) => void = () => {};

  /** Starts `children/<name>.ts`; it ends with `closing`, at the latest with this process. */
  static start(name: string, closing: Closing): Child {
    let child: Child | undefined;
    closing.add(() => child?.stop());
    child = new Child(fork(new URL(`./children/${name}.ts`, import.meta.url)), name);
    return child;
  }

  private constructor(child: ChildProcess, name: string) {
    this.#process = child;
    child.on("message", (message) => this.#receive(message as FromChild));
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#over = true;
        const error = new Error(`the process ${name} has ended (${how})`);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.onEnd(error);
        resolve();
      };
      child.once("exit", (code, signal) => end(`${signal ?? code}`));
      child.once("error", (error) => end(error.message));
    });
  }

  async call<Value>(method: string, argument?: unknown): Promise<Value> {
    const call = ++this.#calls;
    const value = new Promise((resolve, reject) => this.#waiting.set(call, { resolve, reject }));
    this.#send({ call, method, argument });
    return (await value) as Value;
  }

  async stop(): Promise<void> {
    if (this.#over) return;
    this.#send({ stop: true });
    const patience = setTimeout(() => this.#process.kill("SIGKILL"), stopWithinMs);
    await this.#ended;
    clearTimeout(patience);
  }

  #send(message: ToChild): void {
    // A child that is going already is noticed by its end, not by a message that does not reach it.
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #receive(message: FromChild): void {
    if ("event" in message) return this.onEvent(message.event);
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if (message.failure === undefined) waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.failure));
  }
}
