import type { UpChannel } from "@tillkeeper/contract/mqtt";
import type { Connection, ConnectionSettings, OpenConnection } from "./connection.ts";
import type { Fault } from "./faults.ts";
import type { Operation } from "./operation.ts";
import { readMessage } from "./wire.ts";

/** The faults of a virtual terminal that lie in its link, and not in what its handlers do. */
export class FaultyLink {
  readonly #faultOf: (operation: Operation) => Fault | "unknown" | undefined;
  /** Operations whose messages are tampered with, until their receipt. */
  readonly #tampered = new Map<string, Fault>();
  readonly #waitingForLink = new Set<() => void>();

  constructor(faultOf: (operation: Operation) => Fault | "unknown" | undefined) {
    this.#faultOf = faultOf;
  }

  /** A way to connect that goes through this link. */
  through(open: OpenConnection): OpenConnection {
    return (settings) => {
      const connection = open({ ...settings, events: this.#events(settings.events) });
      return {
        send: (channel, message) => this.#send(connection, channel, message),
        drop: () => connection.drop(),
        use: (credential) => connection.use(credential),
        close: () => connection.close(),
        destroy: () => connection.destroy(),
      };
    };
  }

  /** Resolves when a link comes up after this call; rejects with the signal's reason when it is aborted. */
  nextLink(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waitingForLink.delete(onUp);
        reject(signal.reason);
      };
      const onUp = () => {
        this.#waitingForLink.delete(onUp);
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      if (signal.aborted) return reject(signal.reason);
      this.#waitingForLink.add(onUp);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #events(events: ConnectionSettings["events"]): ConnectionSettings["events"] {
    return {
      up: () => {
        events.up();
        for (const onUp of this.#waitingForLink) onUp();
      },
      down: () => events.down(),
      message: (channel, payload) => {
        const { channel: kind, message } = { message: undefined, ...readMessage(channel, payload) };
        if (kind === "receipt" && message) this.#tampered.delete(message.operation_id);
        if (kind === "command" && message) {
          const fault = this.#faultOf(message);
          if (fault === "no_answer") return;
          if (fault === "twice" || fault === "disconnect") this.#tampered.set(message.operation_id, fault);
        }
        events.message(channel, payload);
      },
    };
  }

  async #send(connection: Connection, channel: UpChannel, message: object): Promise<void> {
    const fault = "operation_id" in message ? this.#tampered.get(String(message.operation_id)) : undefined;
    const sent = connection.send(channel, message);
    if (fault === "twice") await connection.send(channel, message);
    await sent;
    if (fault === "disconnect" && channel === "started") connection.drop();
  }
}
