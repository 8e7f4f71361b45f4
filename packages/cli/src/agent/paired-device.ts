import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { backoff } from "@tillkeeper/agent/backoff";
import { sleep, systemClock } from "@tillkeeper/agent/clock";
import { type DeviceKeys, openDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import { type RememberedDevice, rememberedDevice } from "@tillkeeper/agent/credentials/device-memory";
import { DeviceServerError, pairOrGoOn, requestToken, type ServerOptions } from "@tillkeeper/agent/credentials/pairing";
import { replaceFile } from "@tillkeeper/agent/memory/durable-file";
import { type FileJournalOptions, readFileJournal } from "@tillkeeper/agent/memory/file-journal";
import { handIn } from "@tillkeeper/agent/talk/handing-in";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { type TerminalState, terminalFile } from "@tillkeeper/virtual-terminals/virtual/state";

/** Which server and which device, and the code to pair with where there is one. */
export interface DeviceIdentity {
  server: string;
  serialNumber: string;
  code: string | undefined;
  /** Where keys, terminal id and journal are kept. */
  folder: string;
  agentName: string;
}

export interface PairedDevice extends Pick<RememberedDevice<TerminalState>, "token" | "memoryLost"> {
  keys: DeviceKeys;
  /** Of the token's address. */
  journal: FileJournalOptions<TerminalState>;
  /** Just now, and not in an earlier run. */
  fresh: boolean;
}

const firstRetryMs = 500;
const longestRetryMs = 15_000;
/** For the answer of what is going on when the disk becomes full. */
const reserveBytes = 128 * 1024;

/**
 * The device with its first token: paired by the code; or, when it was paired before, under the address of its journal, and
 * under a new address when the journal is lost. Tries until the server answers. Throws `StartupError` when the server refuses, and the signal's reason: as a device
 * that was replaced, it has handed in then what it had done.
 */
export async function openPairedDevice(identity: DeviceIdentity, signal: AbortSignal): Promise<PairedDevice> {
  const { folder, server, serialNumber, code, agentName } = identity;
  await mkdir(folder, { recursive: true, mode: 0o700 });
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
    patiently(work, signal).catch(async (cause: unknown) => {
      if (!(cause instanceof DeviceServerError)) throw cause;
      if (known) await handInRest(by, journalOf(known.terminal_id));
      throw refused(cause, code);
    });
  const goOn = async () => ({ token: await requestToken({ ...by, ...who }), isNew: false });
  const given = await asked(() => (code === undefined ? goOn() : pairOrGoOn({ ...by, serialNumber, code, agentName })));
  const { terminal_id: terminalId } = given.token;
  const journal = journalOf(terminalId);
  const { token, memoryLost } = await rememberedDevice(given, journal, () =>
    asked(() => requestToken({ ...by, terminalId, memoryLost: true })),
  );
  const fresh = known?.terminal_id !== token.terminal_id || code !== undefined;
  const now = { server, serial_number: serialNumber, terminal_id: token.terminal_id };
  // The disk may be full, and it is all there.
  if (JSON.stringify(known) !== JSON.stringify(now)) {
    await replaceFile(join(folder, "device.json"), `${JSON.stringify(now)}\n`);
  }
  return { keys, token, journal, memoryLost, fresh };
}

/** Hands in what a device that was replaced has left to tell. A failure changes nothing: the device is refused all the same. */
async function handInRest(by: ServerOptions, file: FileJournalOptions<TerminalState>): Promise<void> {
  const journal = await readFileJournal(file);
  if (journal) await handIn(by, journal).catch(() => undefined);
}

function refused(cause: DeviceServerError, code: string | undefined): StartupError {
  if (code !== undefined) return new StartupError(`The device could not be paired: ${cause.message}`);
  return new StartupError(`The device is not paired; give it a pairing code with --code. (${cause.message})`);
}

async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
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

/** What the device was in an earlier run. */
export interface KnownDevice {
  server: string;
  serial_number: string;
  terminal_id: string;
}

/** What an earlier run has written down; a file that says something else is as good as none, the keys say it all. */
export async function readKnown(folder: string): Promise<KnownDevice | undefined> {
  try {
    const { server, serial_number, terminal_id } = JSON.parse(await readFile(join(folder, "device.json"), "utf8"));
    const known = { server, serial_number, terminal_id };
    return Object.values(known).every((value) => typeof value === "string") ? known : undefined;
  } catch {
    return undefined;
  }
}
