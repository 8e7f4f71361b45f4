import { join } from "node:path";
import { DeviceCredential } from "@tillkeeper/agent/credentials/device-credential";
import { type DeviceMemory, openDeviceMemory } from "@tillkeeper/agent/credentials/device-memory";
import { requestToken } from "@tillkeeper/agent/credentials/pairing";
import { makeFolder } from "@tillkeeper/agent/files/make-folder";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { type Client, type ClientOptions, createClient } from "@tillkeeper/sdk";
import type { FaultMix } from "@tillkeeper/virtual-terminals/simulation/fault-mix";
import { SimulatedFleet } from "@tillkeeper/virtual-terminals/simulation/simulated-fleet";
import {
  newSimulatedState,
  type SimulatedState,
  simulatedFile,
} from "@tillkeeper/virtual-terminals/simulation/simulated-state";
import { asSentence } from "../connection/refusals.ts";
import { aborted } from "../interruption.ts";
import { takeStateFolder } from "../state-folder.ts";
import { Activation } from "./activation.ts";
import { type Enrolled, Enrolment } from "./enrolment.ts";
import { Report } from "./report.ts";
import { inParallel, withRetries } from "./retries.ts";

export interface SimulationOptions {
  terminals: number;
  seed: string;
  perStore: number;
  faults: FaultMix;
  paymentsPerHour: number;
  speed: number;
  fromMs: number;
  /** The folder of keys and journals; without it they are kept in memory. */
  state: string | undefined;
  /** Minutes after which the simulation ends by itself. */
  minutes: number | undefined;
  remove: boolean;
  json: boolean;
}

/** Terminals that are enrolled, or deleted, at the same time. */
const width = 8;

/** Simulates until the interruption, or until the time is over. Throws `StartupError` for an error that the caller can mend. */
export async function simulate(target: ClientOptions, options: SimulationOptions, interruption: AbortSignal) {
  const signal = endOf(options.minutes, interruption);
  const folder = folderOf(target, options);
  const taken = folder === undefined ? undefined : takeStateFolder(folder);
  const simulation = new Simulation(target, options, signal);
  try {
    await simulation.run();
  } catch (cause) {
    if (!signal.aborted) throw asSentence(cause, target.url);
  } finally {
    await simulation.end();
    taken?.release();
  }
}

function folderOf({ accountId }: ClientOptions, { state }: SimulationOptions): string | undefined {
  return state === undefined ? undefined : join(state, accountId);
}

function endOf(minutes: number | undefined, interruption: AbortSignal): AbortSignal {
  if (minutes === undefined) return interruption;
  return AbortSignal.any([interruption, AbortSignal.timeout(minutes * 60_000)]);
}

class Simulation {
  readonly #target: ClientOptions;
  readonly #options: SimulationOptions;
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #fleet: SimulatedFleet;
  readonly #enrolment: Enrolment;
  readonly #activation: Activation;
  readonly #report: Report;
  readonly #journals: string | undefined;
  readonly #credentials: DeviceCredential[] = [];
  readonly #terminalIds: string[] = [];
  /** Texts of the errors printed so far, so that each is printed once. */
  readonly #printed = new Set<string>();

  constructor(target: ClientOptions, options: SimulationOptions, signal: AbortSignal) {
    const { seed, perStore } = options;
    const folder = folderOf(target, options);
    this.#target = target;
    this.#options = options;
    this.#signal = signal;
    // `withRetries` repeats what fails: also what devices ask for, and for longer.
    this.#client = createClient({ ...target, maxRetries: 0 });
    this.#activation = new Activation({ client: this.#client, signal, failed: (cause) => this.#printOnce(cause) });
    this.#journals = folder && join(folder, "journals");
    this.#fleet = new SimulatedFleet({
      ...options,
      mended: (terminalId) => this.#activation.wants(terminalId),
    });
    const keysFolder = folder && join(folder, "keys");
    const { url: server } = target;
    this.#enrolment = new Enrolment({ client: this.#client, server, seed, perStore, keysFolder, signal });
    this.#report = new Report(() => this.#progress(), options.json);
  }

  async run(): Promise<void> {
    const { terminals, state } = this.#options;
    if (state === undefined) {
      this.#report.note(
        "Without --state the terminals' keys are gone at the end; the next run pairs the terminals anew.",
      );
    }
    await this.#enrolment.readRegistered();
    await inParallel(Array(terminals).keys(), width, this.#signal, async (number) => {
      await this.#start(await this.#enrolment.enrol(number));
    });
    await aborted(this.#signal);
  }

  /** Stops all terminals, which say goodbye, and deletes them if that was asked for. */
  async end(): Promise<void> {
    this.#report.pause();
    for (const credential of this.#credentials) credential.stop();
    await this.#fleet.stop();
    if (this.#options.remove) await this.#remove();
    this.#report.end();
  }

  async #start(enrolled: Enrolled): Promise<void> {
    const { number, store, serialNumber, keys, isActive } = enrolled;
    const { terminal_id: terminalId } = enrolled.token;
    this.#terminalIds.push(terminalId);
    const { token: first, journal } = await this.#remember(enrolled);
    const moved = (address: string) => journal.move(address);
    const credential = await DeviceCredential.open({ server: this.#target.url, keys, terminalId, first, moved });
    this.#credentials.push(credential);
    const { url: mqttUrl, ...login } = credential.credential;
    await this.#fleet.add({ number, store, serialNumber, terminalId, mqttUrl, ...login }, journal);
    if (isActive) this.#activation.isActive(terminalId);
    else this.#activation.wants(terminalId);
  }

  async #remember(enrolled: Enrolled): Promise<Pick<DeviceMemory<SimulatedState>, "token" | "journal">> {
    const { keys, token } = enrolled;
    // Without a folder the keys are gone with the journals, and every terminal is a new device.
    if (this.#journals === undefined) return { token, journal: memoryJournal(newSimulatedState(Date.now())) };
    const { url: server } = this.#target;
    const { terminal_id: terminalId } = token;
    await makeFolder(this.#journals);
    return openDeviceMemory(enrolled, simulatedFile(this.#journals, terminalId, Date.now()), () =>
      withRetries(this.#signal, () => requestToken({ server, keys, terminalId, memoryLost: true })),
    );
  }

  async #remove(): Promise<void> {
    const goOn = new AbortController().signal;
    await inParallel(this.#terminalIds, width, goOn, async (terminalId) => {
      try {
        await withRetries(goOn, () => this.#client.terminals.delete(terminalId));
      } catch (cause) {
        this.#printOnce(cause);
      }
    });
  }

  #progress() {
    const { registered, paired } = this.#enrolment;
    const { active } = this.#activation;
    return { wanted: this.#options.terminals, registered, paired, active, figures: this.#fleet.figures };
  }

  #printOnce(cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    if (this.#printed.has(text)) return;
    this.#printed.add(text);
    console.error(text);
  }
}
