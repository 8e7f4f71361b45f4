import { existsSync } from "node:fs";

import { join } from "node:path";
import { type DeviceKeys, makeDeviceKeys, openDeviceKeys } from "@tillkeeper/agent/credentials/device-keys";
import {
  DeviceServerError,
  type GivenToken,
  pairOrRequestToken,
  requestToken,
} from "@tillkeeper/agent/credentials/pairing";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { type Client, TillkeeperError } from "@tillkeeper/sdk";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { version } from "../version.ts";
import { withRetries } from "./retries.ts";

export interface EnrolmentOptions {
  client: Client;
  /** The server's address. */
  server: string;
  seed: string;
  perStore: number;
  /** Where keys are kept; without it they are lost at the end of the process. */
  keysFolder: string | undefined;
  signal: AbortSignal;
}

/** A terminal that has its first token. */
export interface Enrolled extends GivenToken {
  number: number;
  store: number;
  serialNumber: string;
  keys: DeviceKeys;
  /** Whether the terminal is ACTIVE already; if not, it needs a check_update. */
  isActive: boolean;
}

interface Known {
  terminalId: string;
  status: TerminalStatus;
}

const agentName = `tillkeeper-simulation/${version}`;
const pageLength = 100;

/** Enrols terminals: terminals of an earlier run go on as they are, others are registered and paired. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #known = new Map<string, Known>();
  readonly #stores = new Map<number, Promise<void>>();
  registered = 0;
  paired = 0;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /** Reads which terminals of the seed are registered. Call it before `enrol`. */
  async readRegistered(): Promise<void> {
    const { client, keysFolder, signal } = this.#options;
    if (keysFolder !== undefined) await makeFolder(keysFolder);
    const prefix = this.#serialOf("");
    for (let after: string | undefined; ; ) {
      const page = { limit: pageLength, ...(after !== undefined && { starting_after: after }) };
      const list = await withRetries(signal, () => client.terminals.list(page));
      for (const { device_serial_number: serial, terminal_id: terminalId, status } of list.terminals) {
        if (serial.startsWith(prefix)) this.#known.set(serial, { terminalId, status });
      }
      after = list.starting_after;
      if (after === undefined) return;
    }
  }

  /** Gives one terminal, counted from 0, with its first token. Throws `StartupError` for a serial number that is taken. */
  async enrol(number: number): Promise<Enrolled> {
    const serialNumber = this.#serialOf(String(number + 1));
    const store = Math.floor(number / this.#options.perStore);
    const path = this.#options.keysFolder && join(this.#options.keysFolder, `${serialNumber}.json`);
    const hasKeys = path !== undefined && existsSync(path);
    const keys = path === undefined ? makeDeviceKeys() : await openDeviceKeys(path);
    const known = this.#known.get(serialNumber);
    const given =
      (known && hasKeys ? await this.#goOn(known, keys) : undefined) ??
      (await this.#pair(serialNumber, keys, known?.terminalId ?? (await this.#register(serialNumber, store))));
    return { number, store, serialNumber, keys, ...given, isActive: known?.status === "ACTIVE" };
  }

  #serialOf(number: string): string {
    return `SIMULATION-${this.#options.seed}-${number}`;
  }

  /** Gets a token with the keys of an earlier run; undefined when the server does not accept them any more. */
  async #goOn({ terminalId }: Known, keys: DeviceKeys): Promise<GivenToken | undefined> {
    const { server, signal } = this.#options;
    try {
      const token = await withRetries(signal, () => requestToken({ server, keys, signal, terminalId }));
      return { token, isNew: false };
    } catch (cause) {
      if (cause instanceof DeviceServerError && cause.final) return undefined;
      throw cause;
    }
  }

  /** Pairs with the code of a registration just made, or with a new code for a terminal that is registered (its id). */
  async #pair(serialNumber: string, keys: DeviceKeys, from: string | { code: string }): Promise<GivenToken> {
    const { client, server, signal } = this.#options;
    const { code } =
      typeof from === "string" ? await withRetries(signal, () => client.terminals.issuePairingCode(from)) : from;
    const given = await withRetries(signal, () =>
      pairOrRequestToken({ server, keys, signal, serialNumber, code, agentName }),
    );
    this.paired += 1;
    return given;
  }

  async #register(serialNumber: string, store: number): Promise<{ code: string }> {
    const { client, signal } = this.#options;
    await this.#ensureStore(store);
    const body = { device_serial_number: serialNumber, store_id: storeId(store) };
    const { pairing } = await withRetries(signal, () => client.terminals.create(body)).catch((cause: unknown) => {
      if (!isRefusal(cause, "serial_number_taken")) throw cause;
      const message = `Terminal ${serialNumber} belongs to another account, or somebody registers it just now; take another --seed.`;
      throw new StartupError(message, { cause });
    });
    if (!pairing) throw new Error(`The server answered no pairing code for ${serialNumber}`);
    this.registered += 1;
    return pairing;
  }

  #ensureStore(store: number): Promise<void> {
    const known = this.#stores.get(store);
    if (known) return known;
    const { client, signal } = this.#options;
    const body = { store_id: storeId(store), store_name: `Simulated store ${store + 1}` };
    const made = withRetries(signal, () => client.stores.create(body)).then(
      () => undefined,
      (cause: unknown) => {
        if (!isRefusal(cause, "store_id_taken")) throw cause;
      },
    );
    this.#stores.set(store, made);
    return made;
  }
}

function storeId(store: number): string {
  return `SIM-${String(store + 1).padStart(4, "0")}`;
}

function isRefusal(cause: unknown, code: string): boolean {
  return cause instanceof TillkeeperError && cause.code === code;
}
