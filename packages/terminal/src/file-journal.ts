import { readFile, rename } from "node:fs/promises";
import { DeviceAddress, readDeviceAddress } from "@tillkeeper/contract/addresses";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { isFull, Reserve } from "./disk-room.ts";
import { replaceFile } from "./durable-file.ts";
import { type Journal, JournalEntry } from "./journal.ts";

/** A journal kept in one JSON file together with the terminal's own state, so that an answer and what it changes are one write. */
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

/** What a device has done as its address is not known: it must not be that any longer. */
export class MemoryLostError extends Error {
  override readonly name = "MemoryLostError";

  constructor(path: string, why: string, cause?: unknown) {
    const message = `The journal ${path} ${why}: the device must not go on as who it was, and needs another password`;
    super(message, { cause });
  }
}

/** Opens the journal of the device with this address. Throws `MemoryLostError` unless it is there, whole, and that device's. */
export async function openFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const { path } = options;
  const stored = await load(options).catch((cause: unknown) => {
    throw new MemoryLostError(path, "cannot be read", cause);
  });
  if (!stored) throw new MemoryLostError(path, "is missing");
  if (stored.address !== address) throw new MemoryLostError(path, `is that of ${stored.address}, not of ${address}`);
  return new FileJournal(options, stored);
}

/**
 * The journal for an address, or a password, that was given just now and that nobody has spoken as: what the terminal
 * remembers goes on under it, or a new one begins. A file that is damaged, or another terminal's, is moved aside to `.former`.
 */
export async function claimFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const { path } = options;
  const stored = await load(options).catch(() => undefined);
  if (stored && terminalOf(stored.address) === terminalOf(address)) return begin(options, { ...stored, address });
  // There may be nothing to move.
  await rename(path, `${path}.former`).catch(() => undefined);
  return begin(options, { address, state: options.initial(), operations: [] });
}

/**
 * The journal for an address of a terminal whose state outlives its devices: with another address than before, a new journal
 * beside the same state. Rejects for a damaged file.
 */
export async function resumeFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const stored = await load(options);
  if (stored?.address === address) return new FileJournal(options, stored);
  return begin(options, { address, state: stored ? stored.state : options.initial(), operations: [] });
}

function terminalOf(address: string): string | undefined {
  return readDeviceAddress(address)?.terminalId;
}

interface Content<State> {
  address: string;
  state: State;
  operations: JournalEntry[];
}

async function begin<State>(options: FileJournalOptions<State>, content: Content<State>): Promise<Journal<State>> {
  const journal = new FileJournal(options, content);
  await journal.save();
  return journal;
}

const formatVersion = 1;
const Format = Compile(
  Type.Object({
    version: Type.Literal(formatVersion),
    address: DeviceAddress,
    // JSON leaves out the state of a terminal that has none.
    state: Type.Optional(Type.Unknown()),
    operations: Type.Array(JournalEntry),
  }),
);

/** Undefined when there is no file. Throws when it cannot be understood: to begin afresh could mean to begin twice. */
async function load<State>({ path, readState }: FileJournalOptions<State>): Promise<Content<State> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    const { address, state, operations } = Format.Parse(JSON.parse(text));
    return { address, state: readState(state), operations };
  } catch (cause) {
    throw new Error(`The journal ${path} is damaged or of another version; move it away to begin anew`, { cause });
  }
}

class FileJournal<State> implements Journal<State> {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;
  readonly #entries: Map<string, JournalEntry>;
  readonly #reserve: Reserve | undefined;
  #address: string;
  #state: State;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: FileJournalOptions<State>, { address, state, operations }: Content<State>) {
    this.#path = options.path;
    this.#replace = options.replace ?? replaceFile;
    this.#reserve = options.reserveBytes ? new Reserve(`${options.path}.reserve`, options.reserveBytes) : undefined;
    this.#address = address;
    this.#state = state;
    this.#entries = new Map(operations.map((entry) => [entry.operation_id, entry]));
  }

  get address(): string {
    return this.#address;
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
      await this.#store({ state: next, operations: [...others, entry] }, { useReserve: !begins });
      // Memory follows the disk, never the other way round.
      this.#state = next;
      this.#entries.set(entry.operation_id, entry);
    });
  }

  save(): Promise<void> {
    return this.#inTurn(() => this.#store({}, { useReserve: true }));
  }

  move(address: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store({ address }, { useReserve: true });
      this.#address = address;
    });
  }

  probe(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#reserve?.keep();
      await this.#store({}, { useReserve: false });
    });
  }

  forget(operationIds: string[]): void {
    for (const id of operationIds) this.#entries.delete(id);
  }

  idle(): Promise<void> {
    return this.#lastWrite;
  }

  async #store(change: Partial<Content<State>>, { useReserve }: { useReserve: boolean }): Promise<void> {
    const content = { address: this.#address, state: this.#state, operations: this.entries(), ...change };
    const text = `${JSON.stringify({ version: formatVersion, ...content })}\n`;
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
