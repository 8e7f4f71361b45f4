import { type HelloMessage, protocolVersion, type WelcomeMessage } from "@tillkeeper/contract/mqtt";
import { backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { ServerTime } from "./server-time.ts";

export interface GreetingOptions {
  clock: Clock;
  serverTime: ServerTime;
  agentName: string;
  operations: () => HelloMessage["operations"];
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
  #linked = false;
  #hellos = 0;
  #cancel: (() => void) | undefined;

  constructor(options: GreetingOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#linked = true;
    this.#hellos = 0;
    this.#hello();
  }

  /** The link is gone, or the agent stops. */
  pause(): void {
    this.#linked = false;
    this.#quiet();
  }

  welcomed(message: WelcomeMessage): boolean {
    if (!this.#options.serverTime.welcomed(message)) return false;
    this.#quiet();
    for (const resume of this.#waiting) resume();
    return true;
  }

  /**
   * Resolves at once while the server's time is known well enough, else with the next welcome, else when patience ends
   * or the signal is aborted.
   */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#options.serverTime.trusted || signal.aborted) return;
    // A hello that is already under way will be answered; otherwise the clocks are in doubt: ask again.
    if (this.#linked && !this.#cancel) this.begin();
    await new Promise<void>((resolve) => {
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
    const { clock, serverTime, agentName, operations, send, repeat } = this.#options;
    this.#quiet();
    send({
      protocol: protocolVersion,
      agent: agentName,
      sent_at: serverTime.helloSent(),
      operations: operations(),
    });
    this.#cancel = clock.after(backoff(this.#hellos, repeat.firstMs, repeat.longestMs), () => this.#hello());
    this.#hellos += 1;
  }

  #quiet(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
