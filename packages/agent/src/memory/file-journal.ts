import { readFile, rename } from "node:fs/promises";
import { DeviceAddress, readDeviceAddress } from "@tillkeeper/contract/addresses";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { isFull, Reserve } from "./disk-room.ts";
import { replaceFile } from "./durable-file.ts";
import type { Journal } from "./journal.ts";
import { type Change, ResultLog, StoredLog } from "./result-log.ts";
import { WriteCounter } from "./write-counter.ts";

/** A journal kept in one JSON file together with the terminal's own state, so that an answer and what it changes are one write. */
export interface FileJournalOptions<State> {
  path: string;
  /** Reads the state as it was stored; throws for what it does not understand. */
  readState: (stored: unknown) => State;
  /** The state of a terminal that has no file yet. It is written at once. */
  initial: () => State;
  /** Room for the answer of what has been begun: so many bytes beside the file, given up when the disk is full. None without it. */
  reserveBytes?: number;
  /** Where it is counted beside the device's key what is written, for a device that can be given another address. */
  counterPath?: string;
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

/**
 * Opens the journal of the device with this address. Throws `MemoryLostError` unless it is there, whole, that device's, and no
 * old copy as far as its counter says.
 */
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
  if (await counterOf(options)?.isAhead(address, stored.log.writes)) throw new MemoryLostError(path, "is an old copy");
  return new FileJournal(options, stored);
}

/** The journal as it lies there, whoever's it is, to read what is to be told; undefined without one that can be read. */
export async function readFileJournal<State>(options: FileJournalOptions<State>): Promise<Journal<State> | undefined> {
  const stored = await load(options).catch(() => undefined);
  return stored && new FileJournal(options, stored);
}

/**
 * The journal for an address, or a password, that was given just now and that nobody has spoken as: what the terminal
 * remembers goes on under it and is told anew, or a new one begins. A file that is damaged, or another terminal's, is moved aside to `.former`.
 */
export async function claimFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const { path } = options;
  const stored = await load(options).catch(() => undefined);
  if (stored && terminalOf(stored.address) === terminalOf(address)) return move(options, stored, address);
  // There may be nothing to move.
  await rename(path, `${path}.former`).catch(() => undefined);
  return begin(options, { address, state: options.initial(), log: new ResultLog() });
}

/**
 * The journal for whatever address a terminal has that never loses its memory: with another one than before it goes on, too.
 * Rejects for a damaged file.
 */
export async function resumeFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const stored = await load(options);
  if (stored?.address === address) return new FileJournal(options, stored);
  if (stored) return move(options, stored, address);
  return begin(options, { address, state: options.initial(), log: new ResultLog() });
}

function move<State>(options: FileJournalOptions<State>, { state, log }: Content<State>, address: string) {
  return begin(options, { address, state, log: log.renumbered() });
}

function terminalOf(address: string): string | undefined {
  return readDeviceAddress(address)?.terminalId;
}

interface Content<State> {
  address: string;
  state: State;
  log: ResultLog;
}

async function begin<State>(options: FileJournalOptions<State>, content: Content<State>): Promise<Journal<State>> {
  const journal = new FileJournal(options, content);
  await journal.write(() => ({}));
  return journal;
}

function counterOf({ counterPath, replace = replaceFile }: Omit<FileJournalOptions<never>, "initial" | "readState">) {
  return counterPath === undefined ? undefined : new WriteCounter(counterPath, replace);
}

const formatVersion = 2;
const Format = Compile(
  Type.Object({
    version: Type.Literal(formatVersion),
    address: DeviceAddress,
    // JSON leaves out the state of a terminal that has none.
    state: Type.Optional(Type.Unknown()),
    log: StoredLog,
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
    const { address, state, log } = Format.Parse(JSON.parse(text));
    return { address, state: readState(state), log: new ResultLog(log) };
  } catch (cause) {
    throw new Error(`The journal ${path} is damaged or of another version; move it away to begin anew`, { cause });
  }
}

class FileJournal<State> implements Journal<State> {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;
  readonly #reserve: Reserve | undefined;
  readonly #counter: WriteCounter | undefined;
  #content: Content<State>;
  #held = 0;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: FileJournalOptions<State>, content: Content<State>) {
    this.#path = options.path;
    this.#replace = options.replace ?? replaceFile;
    this.#reserve = options.reserveBytes ? new Reserve(`${options.path}.reserve`, options.reserveBytes) : undefined;
    this.#counter = counterOf(options);
    this.#content = content;
  }

  get address(): string {
    return this.#content.address;
  }

  get state(): State {
    return this.#content.state;
  }

  get log(): ResultLog {
    return this.#content.log;
  }

  get held(): number {
    return this.#held;
  }

  write(decide: (log: ResultLog) => Change<State> | undefined): Promise<Change<State> | undefined> {
    return this.#inTurn(async () => {
      const change = decide(this.log);
      if (!change) return undefined;
      if (change.begun) await this.#reserve?.keep();
      const log = new ResultLog(this.log.stored());
      log.apply(change, this.#held);
      const counts = log.writes !== this.log.writes;
      await this.#store({ log, state: change.state ?? this.state }, { useReserve: !change.begun });
      if (counts) await this.#counter?.note(this.address, log.writes);
      return change;
    });
  }

  hold(number: number): void {
    this.#held = number;
  }

  move(address: string): Promise<void> {
    return this.#inTurn(async () => {
      if (address === this.address) return;
      await this.#store({ address, log: this.log.renumbered() }, { useReserve: true });
      this.#held = 0;
    });
  }

  probe(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#reserve?.keep();
      await this.#store({}, { useReserve: false });
    });
  }

  idle(): Promise<void> {
    return this.#lastWrite;
  }

  /** Memory follows the disk, never the other way round. */
  async #store(change: Partial<Content<State>>, { useReserve }: { useReserve: boolean }): Promise<void> {
    const content = { ...this.#content, ...change };
    const text = `${JSON.stringify({ version: formatVersion, ...content, log: content.log.stored() })}\n`;
    try {
      await this.#replace(this.#path, text);
    } catch (cause) {
      if (!useReserve || !isFull(cause) || !(await this.#reserve?.giveUp())) throw cause;
      await this.#replace(this.#path, text);
    }
    this.#content = content;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
