import type { EventRow } from "../events/read.ts";
import type { EventTail } from "../events/tail.ts";
import type { OnWake } from "../platform/http/wait.ts";

/**
 * Wakes requests that wait for an operation, by its events. What this server stores itself is told at once by `wake`; what others
 * store comes with the tail, which is read only while a request waits.
 */
export class OperationWakes {
  readonly #tail: Pick<EventTail, "listen">;
  readonly #waiting = new Map<string, Set<() => void>>();
  #stopListening: (() => void) | undefined;

  constructor(tail: Pick<EventTail, "listen">) {
    this.#tail = tail;
  }

  readonly onWake: OnWake = (id, wake) => {
    const ofId = this.#waiting.get(id) ?? new Set();
    ofId.add(wake);
    this.#waiting.set(id, ofId);
    this.#stopListening ??= this.#tail.listen((events) => this.#heard(events));
    return () => {
      ofId.delete(wake);
      if (ofId.size === 0 && this.#waiting.get(id) === ofId) this.#waiting.delete(id);
      if (this.#waiting.size > 0) return;
      this.#stopListening?.();
      this.#stopListening = undefined;
    };
  };

  /** Something has happened to this operation. */
  wake(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  #heard(events: readonly EventRow[]): void {
    for (const { type, subject } of events) if (type === "terminal_operation_update") this.wake(subject);
  }
}
