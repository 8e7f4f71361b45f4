import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { backoff } from "@tillkeeper/agent/backoff";
import { sleep, systemClock } from "@tillkeeper/agent/clock";
import { type DeviceKeys, openDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import { type DeviceMemory, openDeviceMemory } from "@tillkeeper/agent/credentials/device-memory";
import {
  DeviceServerError,
  pairOrRequestToken,
  requestToken,
  type ServerOptions,
} from "@tillkeeper/agent/credentials/pairing";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import { replaceFile } from "@tillkeeper/agent/memory/durable-file";
import { type FileJournalOptions, readFileJournal } from "@tillkeeper/agent/memory/file-journal";
import { handInResults } from "@tillkeeper/agent/talk/hand-in-results";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { type TerminalState, terminalFile } from "@tillkeeper/virtual-terminals/virtual/state";

/** A device and its server, with the code to pair with if there is one. */
export interface DeviceIdentity {
  server: string;
  serialNumber: string;
  code: string | undefined;
  /** Where keys, terminal id and journal are kept. */
  folder: string;
  agentName: string;
}

/** A paired device at the beginning of a run. */
export interface PairedDevice extends Pick<DeviceMemory<TerminalState>, "token" | "memoryLost"> {
  keys: DeviceKeys;
  /** The journal of the token's address. */
  journal: FileJournalOptions<TerminalState>;
  /** Whether it was paired in this run, not in an earlier one. */
  fresh: boolean;
}

const firstRetryMs = 500;
const longestRetryMs = 15_000;
/** Space kept for the result of the operation in progress when the disk becomes full. */
const reserveBytes = 128 * 1024;

/**
 * Gives the device with the first token of this run. It pairs by the code. A device that was paired before goes on with the
 * address of its journal, or gets a new address if the journal is lost. Requests are repeated until the server answers.
 *
 * Throws the signal's reason, and `StartupError` when the server refuses the device. A refused device may have been replaced,
 * so it first hands in the rest of its log.
 */
export async function openPairedDevice(identity: DeviceIdentity, signal: AbortSignal): Promise<PairedDevice> {
  const { folder, server, serialNumber, code, agentName } = identity;
  await makeFolder(folder);
  const keys = await openDeviceKeys(join(folder, "device-keys.json"));
  const known = await readKnown(folder);
  const by = { server, keys, signal };
  const who = known?.serial_number === serialNumber ? { terminalId: known.terminal_id } : { serialNumber };
  const journalOf = (terminalId: string): FileJournalOptions<TerminalState> => ({
    ...terminalFile(join(folder, `${terminalId}.json`), Date.now),
    counterPath: join(folder, "device-writes.json"),
    reserveBytes,
  });
  const asked = <T>(work: () => Promise<T>) =>
    withRetries(work, signal).catch(async (cause: unknown) => {
      if (!(cause instanceof DeviceServerError)) throw cause;
      if (known) await handInRest(by, journalOf(known.terminal_id));
      throw refused(cause, code);
    });
  const goOn = async () => ({ token: await requestToken({ ...by, ...who }), isNew: false });
  const given = await asked(() =>
    code === undefined ? goOn() : pairOrRequestToken({ ...by, serialNumber, code, agentName }),
  );
  const { terminal_id: terminalId } = given.token;
  const journal = journalOf(terminalId);
  const { token, memoryLost } = await openDeviceMemory(given, journal, () =>
    asked(() => requestToken({ ...by, terminalId, memoryLost: true })),
  );
  const fresh = known?.terminal_id !== token.terminal_id || code !== undefined;
  const now = { server, serial_number: serialNumber, terminal_id: token.terminal_id };
  // An unchanged file is not written again, because the disk may be full.
  if (JSON.stringify(known) !== JSON.stringify(now)) {
    await replaceFile(join(folder, "device.json"), `${JSON.stringify(now)}\n`);
  }
  return { keys, token, journal, memoryLost, fresh };
}

/** Hands in the rest of a replaced device's log. A failure is ignored: the device is refused in any case. */
async function handInRest(by: ServerOptions, file: FileJournalOptions<TerminalState>): Promise<void> {
  const journal = await readFileJournal(file);
  if (journal) await handInResults(by, journal).catch(() => undefined);
}

function refused(cause: DeviceServerError, code: string | undefined): StartupError {
  if (code !== undefined) return new StartupError(`The device could not be paired: ${cause.message}`);
  return new StartupError(`The device is not paired; give it a pairing code with --code. (${cause.message})`);
}

/** Repeats `work` while the server is away. Throws a final refusal, and the signal's reason. */
async function withRetries<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof DeviceServerError) || cause.final) throw cause;
      const waitMs = Math.max(cause.retryAfterMs, backoff(attempt, firstRetryMs, longestRetryMs));
      await sleep(systemClock, waitMs, signal);
    }
  }
}

/** A device as an earlier run wrote it down. */
export interface KnownDevice {
  server: string;
  serial_number: string;
  terminal_id: string;
}

/** Reads the device of an earlier run; undefined without a valid file. The keys alone suffice to go on. */
export async function readKnown(folder: string): Promise<KnownDevice | undefined> {
  try {
    const { server, serial_number, terminal_id } = JSON.parse(await readFile(join(folder, "device.json"), "utf8"));
    const known = { server, serial_number, terminal_id };
    return Object.values(known).every((value) => typeof value === "string") ? known : undefined;
  } catch {
    return undefined;
  }
}
