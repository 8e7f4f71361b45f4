import { readFile } from "node:fs/promises";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { isFull, Reserve } from "./disk-room.ts";
import { replaceFile } from "./durable-file.ts";
import { type Journal, JournalEntry } from "./journal.ts";

export interface FileJournalOptions<State> {
  path: string;
  /** Reads the state as it was stored; throws for what it does not understand. */
  readState: (stored: unknown) => State;
  /** The state of a terminal that has no file yet. It is written at once. */
  initial: () => State;
  /** Room for the answer of what has been begun: so many bytes beside the file, given up when the disk is full. None without it. */
  reserveBytes?: number;
  /** Replaces the file durably; tests put their own in place of it. */
  replace?: (path: string, text: string) => Promise<void>;
}

const formatVersion = 1;

/**
 * Opens a journal kept in one JSON file together with the terminal's own state, so that an answer and what it changes are
 * one write. Throws when the file is there but cannot be understood: to begin afresh could mean to begin twice.
 */
export async function openFileJournal<State>(options: FileJournalOptions<State>): Promise<Journal<State>> {
  const stored = await load(options);
  const journal = new FileJournal(options, stored?.state ?? options.initial(), stored?.operations ?? []);
  if (!stored) await journal.save();
  return journal;
}

const Format = Compile(
  Type.Object({
    version: Type.Literal(formatVersion),
    // JSON leaves out the state of a terminal that has none.
    state: Type.Optional(Type.Unknown()),
    operations: Type.Array(JournalEntry),
  }),
);

async function load<State>({ path, readState }: FileJournalOptions<State>) {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const { state, operations } = Format.Parse(JSON.parse(text));
    return { state: readState(state), operations };
  } catch (cause) {
    throw new Error(`The journal ${path} is damaged or of another version; move it away to begin anew`, { cause });
  }
}

class FileJournal<State> implements Journal<State> {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;
  readonly #entries: Map<string, JournalEntry>;
  readonly #reserve: Reserve | undefined;
  #state: State;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: FileJournalOptions<State>, state: State, entries: JournalEntry[]) {
    this.#path = options.path;
    this.#replace = options.replace ?? replaceFile;
    this.#reserve = options.reserveBytes ? new Reserve(`${options.path}.reserve`, options.reserveBytes) : undefined;
    this.#state = state;
    this.#entries = new Map(entries.map((entry) => [entry.operation_id, entry]));
  }

  get state(): State {
    return this.#state;
  }

  get(operationId: string): JournalEntry | undefined {
    return this.#entries.get(operationId);
  }

  entries(): JournalEntry[] {
    return [...this.#entries.values()];
  }

  write(entry: JournalEntry, state?: State): Promise<void> {
    return this.#inTurn(async () => {
      const begins = entry.phase === "started";
      if (begins) await this.#reserve?.keep();
      const next = state ?? this.#state;
      const others = this.entries().filter((other) => other.operation_id !== entry.operation_id);
      await this.#store(next, [...others, entry], { useReserve: !begins });
      // Memory follows the disk, never the other way round.
      this.#state = next;
      this.#entries.set(entry.operation_id, entry);
    });
  }

  save(): Promise<void> {
    return this.#inTurn(() => this.#store(this.#state, this.entries(), { useReserve: true }));
  }

  probe(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#reserve?.keep();
      await this.#store(this.#state, this.entries(), { useReserve: false });
    });
  }

  forget(operationIds: string[]): void {
    for (const id of operationIds) this.#entries.delete(id);
  }

  idle(): Promise<void> {
    return this.#lastWrite;
  }

  async #store(state: State, operations: JournalEntry[], { useReserve }: { useReserve: boolean }): Promise<void> {
    const text = `${JSON.stringify({ version: formatVersion, state, operations })}\n`;
    try {
      await this.#replace(this.#path, text);
    } catch (cause) {
      if (!useReserve || !isFull(cause) || !(await this.#reserve?.giveUp())) throw cause;
      await this.#replace(this.#path, text);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.catch(() => {});
    return done;
  }
}
