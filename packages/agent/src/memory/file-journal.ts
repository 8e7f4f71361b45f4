import { readFile, rename } from "node:fs/promises";
import { DeviceAddress, readDeviceAddress } from "@tillkeeper/contract/addresses";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { isFull, ReservedSpace } from "./disk-space.ts";
import { replaceFile } from "./durable-file.ts";
import type { Journal } from "./journal.ts";
import { type Change, ResultLog, StoredLog } from "./result-log.ts";
import { WriteCounter } from "./write-counter.ts";

/**
 * Where and how a journal is kept: one JSON file that also holds the terminal's own state. So a result and the state
 * that it changes are one write.
 */
export interface FileJournalOptions<State> {
  path: string;
  /** Reads the state as it was stored; throws for a value that it does not understand. */
  readState: (stored: unknown) => State;
  /** Returns the state of a terminal that has no file yet; the state is written at once. */
  initial: () => State;
  /**
   * Bytes of a second file that reserve disk space for the result of an operation that was begun. The file is deleted
   * when the disk is full. Left out, no space is reserved.
   */
  reserveBytes?: number;
  /** The file of the write counter, beside the device's key; for a device that can get another address. */
  counterPath?: string;
  /** Replaces the file durably, and rejects when it cannot; tests replace this function. */
  replace?: (path: string, text: string) => Promise<void>;
}

/** The journal of the device's address is lost: the device must stop using that address. */
export class MemoryLostError extends Error {
  override readonly name = "MemoryLostError";

  constructor(path: string, why: string, cause?: unknown) {
    const message = `The journal ${path} ${why}: the device must not go on as who it was, and needs another password`;
    super(message, { cause });
  }
}

/**
 * Opens the journal of a device address. Rejects with `MemoryLostError` when the file is missing, damaged, of another
 * address, or an old copy by its write counter.
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

/** Opens the journal of any address, to read its results; resolves with undefined when there is no readable file. */
export async function readFileJournal<State>(options: FileJournalOptions<State>): Promise<Journal<State> | undefined> {
  const stored = await load(options).catch(() => undefined);
  return stored && new FileJournal(options, stored);
}

/**
 * Opens the journal for an address or a password that was given just now and that no agent has used yet. A journal of
 * the terminal is taken over and renumbered, so that the server is sent all its results; otherwise a new journal
 * begins. A file that is damaged, or of another terminal, is renamed to `.former`. Rejects when the disk fails.
 */
export async function claimFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const { path } = options;
  const stored = await load(options).catch(() => undefined);
  if (stored && terminalOf(stored.address) === terminalOf(address)) return moveTo(options, stored, address);
  // Fails without a file, which is fine.
  await rename(path, `${path}.former`).catch(() => undefined);
  return writeFirst(options, { address, state: options.initial(), log: new ResultLog() });
}

/**
 * Opens the journal of a terminal that never loses its memory, a virtual one. An address other than before takes over
 * the results, too; without a file a new journal begins. Rejects for a damaged file.
 */
export async function resumeFileJournal<State>(
  options: FileJournalOptions<State>,
  address: string,
): Promise<Journal<State>> {
  const stored = await load(options);
  if (stored?.address === address) return new FileJournal(options, stored);
  if (stored) return moveTo(options, stored, address);
  return writeFirst(options, { address, state: options.initial(), log: new ResultLog() });
}

function moveTo<State>(options: FileJournalOptions<State>, { state, log }: JournalContent<State>, address: string) {
  return writeFirst(options, { address, state, log: log.renumbered() });
}

function terminalOf(address: string): string | undefined {
  return readDeviceAddress(address)?.terminalId;
}

interface JournalContent<State> {
  address: string;
  state: State;
  log: ResultLog;
}

async function writeFirst<State>(
  options: FileJournalOptions<State>,
  content: JournalContent<State>,
): Promise<Journal<State>> {
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
    // A terminal without state has `undefined`, which JSON leaves out.
    state: Type.Optional(Type.Unknown()),
    log: StoredLog,
  }),
);

/**
 * Resolves with undefined without a file. Rejects for a damaged file: a new journal could begin operations a second
 * time.
 */
async function load<State>({ path, readState }: FileJournalOptions<State>): Promise<JournalContent<State> | undefined> {
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
  readonly #reserve: ReservedSpace | undefined;
  readonly #counter: WriteCounter | undefined;
  #content: JournalContent<State>;
  #held = 0;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(options: FileJournalOptions<State>, content: JournalContent<State>) {
    this.#path = options.path;
    this.#replace = options.replace ?? replaceFile;
    this.#reserve = options.reserveBytes
      ? new ReservedSpace(`${options.path}.reserve`, options.reserveBytes)
      : undefined;
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
      await this.#writeFile({ log, state: change.state ?? this.state }, { useReserve: !change.begun });
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
      await this.#writeFile({ address, log: this.log.renumbered() }, { useReserve: true });
      this.#held = 0;
    });
  }

  probe(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#reserve?.keep();
      await this.#writeFile({}, { useReserve: false });
    });
  }

  idle(): Promise<void> {
    return this.#lastWrite;
  }

  /** Writes the file first, and only then changes the content in memory. Deletes the reserve when the disk is full. */
  async #writeFile(change: Partial<JournalContent<State>>, { useReserve }: { useReserve: boolean }): Promise<void> {
    const content = { ...this.#content, ...change };
    const text = `${JSON.stringify({ version: formatVersion, ...content, log: content.log.stored() })}\n`;
    try {
      await this.#replace(this.#path, text);
    } catch (cause) {
      if (!useReserve || !isFull(cause) || !(await this.#reserve?.free())) throw cause;
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
