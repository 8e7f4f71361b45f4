import type { Abilities } from "@tillkeeper/contract/abilities";
import { type HelloMessage, type WelcomeMessage } from "@tillkeeper/contract/mqtt/messages";
import { protocolVersion } from "@tillkeeper/contract/mqtt/topics";
import { backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { ServerTime } from "./server-time.ts";

/** What the hello exchange needs from the agent. */
export interface HelloExchangeOptions {
  clock: Clock;
  serverTime: ServerTime;
  agentName: string;
  abilities: Abilities;
  operations: () => HelloMessage["operations"];
  /**
   * Called before each hello, which waits for the promise; undefined when there is nothing to wait for. Never rejects.
   */
  prepare?: () => Promise<void> | undefined;
  send: (hello: HelloMessage) => void;
  /** Milliseconds between hellos until the welcome: the first pause, and the limit to which pauses double. */
  repeat: { firstMs: number; longestMs: number };
  /** Milliseconds that an operation waits for a welcome. */
  patienceMs: number;
}

/** Sends hello until a welcome comes: on every new connection, and whenever the server's time is in doubt. */
export class HelloExchange {
  readonly #options: HelloExchangeOptions;
  readonly #waiting = new Set<() => void>();
  /** The name of the connection; undefined while there is none. */
  #session: string | undefined;
  #attempts = 0;
  /** Cancels the next hello; undefined unless a hello waits for its welcome. */
  #cancel: (() => void) | undefined;

  constructor(options: HelloExchangeOptions) {
    this.#options = options;
  }

  /** To be called when a connection is up, with its name. */
  begin(session: string): void {
    this.#session = session;
    this.#beginHellos();
  }

  #beginHellos(): void {
    this.#attempts = 0;
    this.#prepareAndSend();
  }

  /** To be called when the connection is lost or the agent stops. */
  pause(): void {
    this.#session = undefined;
    this.#cancelNext();
  }

  /** Takes a welcome, and returns the round trip in milliseconds; undefined when it answers no hello of this agent. */
  welcomed(message: WelcomeMessage): number | undefined {
    const roundTripMs = this.#options.serverTime.welcomed(message);
    if (roundTripMs === undefined) return undefined;
    this.#cancelNext();
    for (const resume of this.#waiting) resume();
    return roundTripMs;
  }

  /**
   * Returns `undefined` while the server's time is known well enough. Otherwise asks for it, and resolves at the next
   * welcome, after `patienceMs`, or when the signal is aborted. Never rejects.
   */
  settled(signal: AbortSignal): Promise<void> | undefined {
    if (this.#options.serverTime.trusted || signal.aborted) return undefined;
    // Without a hello under way, a new hello asks for the server's time.
    if (this.#session !== undefined && !this.#cancel) this.#beginHellos();
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

  #prepareAndSend(): void {
    this.#cancelNext();
    const prepared = this.#options.prepare?.();
    if (!prepared) return this.#send();
    let wanted = true;
    this.#cancel = () => {
      wanted = false;
    };
    void prepared.then(() => wanted && this.#send());
  }

  #send(): void {
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
    this.#cancel = clock.after(backoff(this.#attempts, repeat.firstMs, repeat.longestMs), () => this.#prepareAndSend());
    this.#attempts += 1;
  }

  #cancelNext(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
