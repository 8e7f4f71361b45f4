import type { Abilities } from "@tillkeeper/contract/abilities";
import { type HelloMessage, protocolVersion, type WelcomeMessage } from "@tillkeeper/contract/mqtt";
import { backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { ServerTime } from "./server-time.ts";

export interface GreetingOptions {
  clock: Clock;
  serverTime: ServerTime;
  agentName: string;
  abilities: Abilities;
  operations: () => HelloMessage["operations"];
  /** Done before each hello, if there is anything to do. Never rejects. */
  prepare?: () => Promise<void> | undefined;
  send: (hello: HelloMessage) => void;
  /** Milliseconds between hellos until the welcome: the first, and what they grow to. */
  repeat: { firstMs: number; longestMs: number };
  /** How long an operation is held back for a welcome. */
  patienceMs: number;
}

/** Compares notes with the server: says hello until a welcome comes, on every link and whenever the time is in doubt. */
export class Greeting {
  readonly #options: GreetingOptions;
  readonly #waiting = new Set<() => void>();
  /** Of the link; undefined while there is none. */
  #session: string | undefined;
  #hellos = 0;
  /** Stops the saying and its repetition; there while a hello has no welcome yet. */
  #cancel: (() => void) | undefined;

  constructor(options: GreetingOptions) {
    this.#options = options;
  }

  /** There is a link, with that name. */
  begin(session: string): void {
    this.#session = session;
    this.#again();
  }

  #again(): void {
    this.#hellos = 0;
    this.#hello();
  }

  /** The link is gone, or the agent stops. */
  pause(): void {
    this.#session = undefined;
    this.#quiet();
  }

  /** Answers the round trip in milliseconds; undefined of a welcome to no hello of this agent. */
  welcomed(message: WelcomeMessage): number | undefined {
    const roundTripMs = this.#options.serverTime.welcomed(message);
    if (roundTripMs === undefined) return undefined;
    this.#quiet();
    for (const resume of this.#waiting) resume();
    return roundTripMs;
  }

  /**
   * `undefined` while the server's time is known well enough; otherwise resolves with the next welcome, or when patience
   * ends or the signal is aborted.
   */
  settled(signal: AbortSignal): Promise<void> | undefined {
    if (this.#options.serverTime.trusted || signal.aborted) return undefined;
    // A hello that is already under way will be answered; otherwise the clocks are in doubt: ask again.
    if (this.#session !== undefined && !this.#cancel) this.#again();
    return new Promise<void>((resolve) => {
      const resume = () => {
        this.#waiting.delete(resume);
        signal.removeEventListener("abort", resume);
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(this.#options.patienceMs, resume);
      signal.addEventListener("abort", resume, { once: true });
      this.#waiting.add(resume);
    });
  }

  #hello(): void {
    this.#quiet();
    const prepared = this.#options.prepare?.();
    if (!prepared) return this.#say();
    let wanted = true;
    this.#cancel = () => {
      wanted = false;
    };
    void prepared.then(() => wanted && this.#say());
  }

  #say(): void {
    const session = this.#session;
    if (session === undefined) return;
    const { clock, serverTime, agentName, abilities, operations, send, repeat } = this.#options;
    send({
      protocol: protocolVersion,
      agent: agentName,
      sent_at: serverTime.helloSent(),
      session,
      operations: operations(),
      abilities,
    });
    this.#cancel = clock.after(backoff(this.#hellos, repeat.firstMs, repeat.longestMs), () => this.#hello());
    this.#hellos += 1;
  }

  #quiet(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
