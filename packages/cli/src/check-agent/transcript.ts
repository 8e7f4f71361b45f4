import type { Messages, UpChannel } from "@tillkeeper/contract/mqtt";

/** Something that the device did, or that happened to its connection. */
export type Happening =
  | { kind: "connected"; address: string }
  | { [C in UpChannel]: { kind: "said"; channel: C; message: Messages[C] } }[UpChannel]
  | { kind: "refused" | "ended" }
  /** Its program has ended by itself. */
  | { kind: "stopped" }
  | { kind: "asked"; what: string };

/** When, by `performance.now()`, and on which connection; 0 where it was on none. */
export type Heard = Happening & { at: number; connection: number };

export type Said<C extends UpChannel = UpChannel> = Extract<Heard, { channel: C }>;

/** All that was heard of the device, in order, to look back at and to wait for. */
export class Transcript {
  readonly #heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();

  /** The place behind the last. */
  get end(): number {
    return this.#heard.length;
  }

  add(heard: Heard): void {
    this.#heard.push(heard);
    for (const look of this.#waiting) look();
  }

  since(place: number): readonly Heard[] {
    return this.#heard.slice(place);
  }

  /** Everything so far that was said on a channel from this place on. */
  said<C extends UpChannel>(channel: C, place = 0): Messages[C][] {
    return this.since(place).flatMap((heard) =>
      heard.kind === "said" && heard.channel === channel ? [heard.message as Messages[C]] : [],
    );
  }

  /** Resolves with what `find` finds; with undefined after so long, or when the signal aborts. */
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

/** What was heard, in a few words, for a report. */
export function describe(heard: readonly Heard[]): string {
  const words = heard.map(wordsOf);
  if (words.length === 0) return "nothing";
  const most = 12;
  const shown = words.length > most ? [...words.slice(0, most), `and ${words.length - most} more`] : words;
  return shown.join(", ");
}

function wordsOf(heard: Heard): string {
  if (heard.kind !== "said") return heard.kind === "asked" ? `asks for ${heard.what}` : heard.kind;
  if (heard.channel !== "result") return heard.channel;
  const { number, operation, status, reason, by_hand, repeats } = heard.message;
  const marks = [reason, by_hand && "by_hand", repeats && "repeats"].filter(Boolean);
  return ["result", number ?? "without a number", operation, status, ...marks].join(" ");
}

/** Whether something that was heard is the result of that operation. */
export function isEntryOf(id: string): (heard: Heard) => boolean {
  return (heard) => heard.kind === "said" && heard.channel === "result" && heard.message.operation_id === id;
}
