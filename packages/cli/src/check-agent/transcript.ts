import type { Messages } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";

/** An action of the device, or an event of its connection. */
export type DeviceEvent =
  | { kind: "connected"; address: string }
  | { [C in UpChannel]: { kind: "said"; channel: C; message: Messages[C] } }[UpChannel]
  | { kind: "refused" | "ended" }
  /** The device's program has ended by itself. */
  | { kind: "stopped" }
  | { kind: "asked"; what: string };

/** An entry of the transcript. `at`: of `performance.now()`. `connection`: its number, 0 for none. */
export type TranscriptEntry = DeviceEvent & { at: number; connection: number };

export type DeviceMessage<C extends UpChannel = UpChannel> = Extract<TranscriptEntry, { channel: C }>;

/** All events of the device, in order. Cases read earlier events, and wait for later ones. */
export class Transcript {
  readonly #heard: TranscriptEntry[] = [];
  readonly #waiting = new Set<() => void>();

  /** The place behind the last event. */
  get end(): number {
    return this.#heard.length;
  }

  add(heard: TranscriptEntry): void {
    this.#heard.push(heard);
    for (const look of this.#waiting) look();
  }

  since(place: number): readonly TranscriptEntry[] {
    return this.#heard.slice(place);
  }

  /** The messages so far on a channel, from this place on. */
  said<C extends UpChannel>(channel: C, place = 0): Messages[C][] {
    return this.since(place).flatMap((heard) =>
      heard.kind === "said" && heard.channel === channel ? [heard.message as Messages[C]] : [],
    );
  }

  /** Calls `find` on each event until it finds something. Resolves with undefined after `withinMs`, or when the signal aborts. */
  until<T>(find: () => T | undefined, withinMs: number, signal: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (found: T | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal.removeEventListener("abort", stop);
        resolve(found);
      };
      const look = () => {
        const found = find();
        if (found !== undefined) end(found);
      };
      const stop = () => end(undefined);
      const timer = setTimeout(stop, withinMs);
      this.#waiting.add(look);
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      else look();
    });
  }
}

/** Events in a few words, for a report. */
export function describe(heard: readonly TranscriptEntry[]): string {
  const words = heard.map(wordsOf);
  if (words.length === 0) return "nothing";
  const most = 12;
  const shown = words.length > most ? [...words.slice(0, most), `and ${words.length - most} more`] : words;
  return shown.join(", ");
}

function wordsOf(heard: TranscriptEntry): string {
  if (heard.kind !== "said") return heard.kind === "asked" ? `asks for ${heard.what}` : heard.kind;
  if (heard.channel !== "result") return heard.channel;
  const { number, operation, status, reason, by_hand, repeats } = heard.message;
  const marks = [reason, by_hand && "by_hand", repeats && "repeats"].filter(Boolean);
  return ["result", number ?? "without a number", operation, status, ...marks].join(" ");
}

/** Makes a test for events: whether one is the result of this operation. */
export function isEntryOf(id: string): (heard: TranscriptEntry) => boolean {
  return (heard) => heard.kind === "said" && heard.channel === "result" && heard.message.operation_id === id;
}
