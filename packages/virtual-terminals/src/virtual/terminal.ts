import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@tillkeeper/agent/agent";
import { type Clock, systemClock } from "@tillkeeper/agent/clock";
import type { ServerOptions } from "@tillkeeper/agent/credentials/pairing";
import { type Credential, current, type OpenConnection } from "@tillkeeper/agent/links/connection";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { type Logger, silentLogger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { LastBatch, Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import { bothPayments, type Payments } from "@tillkeeper/agent/operations/payments";
import { handIn } from "@tillkeeper/agent/talk/handing-in";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { EndOfDayResult, OperationName } from "@tillkeeper/contract/operations";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { type Fault, faultOfCommand, faultOfSerial } from "./faults.ts";
import { FaultyLink } from "./faulty-connection.ts";
import { InventedCondition } from "./invented-condition.ts";
import { InventedPayments, type PaymentLength } from "./invented-payments.ts";
import { inventedTelemetry } from "./invented-telemetry.ts";
import { virtualOperations } from "./operations.ts";
import { RecentLines } from "./recent-lines.ts";
import {
  afterClose,
  type ClosedDay,
  closeDay,
  lastBatch,
  type OpenTerminalJournal,
  type TerminalState,
} from "./state.ts";
import { installedVersion, runningVersions, virtualUpdates } from "./updates.ts";

/** A terminal to play, with the credential that it connects with. */
export interface VirtualTerminalSpec extends Omit<Credential, "url"> {
  terminalId: string;
  serialNumber: string;
  mqttUrl: Credential["url"];
  /** Releases for another model are not installed; left out, the server is believed. */
  deviceModel?: string;
  /** Asked at each check_update: the keys whose releases it installs. Without it, none. */
  releaseKeys?: () => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>;
  /** Its last close as far as the server knows it: made elsewhere, if its own memory knows of none as late. */
  lastClose?: EndOfDayResult | undefined;
}

export interface VirtualTerminalOptions {
  clock?: Clock;
  log?: Logger;
  /** Milliseconds an operation takes, by chance between the two; both 0 for load. */
  durationMs?: { shortest: number; longest: number };
  /** How long the payments of the fault `busy_payment` take. */
  payment?: PaymentLength;
  /** The fault of all its operations, in place of the one by serial number; a command may still ask for another. */
  fault?: Fault;
  /** What it cannot do: its hello says so, and what is sent all the same is answered `unsupported`. */
  lacks?: readonly OperationName[];
  /** Whether it can tell which batch it closed last; it can unless told otherwise. */
  namesBatches?: boolean;
  open?: OpenConnection;
  /** As in `AgentOptions`. */
  repeat?: { firstMs: number; longestMs: number };
  /** Where it keeps what it downloads, until that is installed; a temporary folder unless told otherwise. */
  downloads?: string;
  /** What somebody else plays in place of what is invented. */
  parts?: Partial<DeviceParts>;
}

/** The parts of a device that a virtual terminal invents. */
export interface DeviceParts {
  payments: Payments;
  /** Changes what a close comes to, by whomever it is made. */
  closed: (day: ClosedDay) => ClosedDay;
  /** Changes what the terminal does when it is told to. */
  operations: (usual: OperationHandlers<TerminalState>) => OperationHandlers<TerminalState>;
  /** What is told of the device, over what is invented. */
  telemetry: () => Telemetry;
  /** What keeps the device from its work. Call `reportSoon` when it begins and ends. */
  fault: () => DeviceFault | undefined;
  /** What befalls an operation; asked several times for each. A command may still ask for something else. */
  faultOf: (operation: Operation) => Fault | undefined;
}

const defaultDurationMs = { shortest: 150, longest: 600 };
const defaultPayment = { share: 0.3, longestMs: 5000 };
const agentName = "tillkeeper-virtual-terminal";

/** A terminal without hardware: an agent whose handlers invent what they answer, and that can lose its power. */
export class VirtualTerminal {
  readonly #spec: VirtualTerminalSpec;
  readonly #openJournal: OpenTerminalJournal;
  readonly #options: VirtualTerminalOptions;
  readonly #clock: Clock;
  readonly #payments: InventedPayments;
  readonly #condition: InventedCondition;
  readonly #link: FaultyLink;
  readonly #recent: RecentLines;
  #credential: Credential;
  #agent: Agent<TerminalState> | undefined;
  #journal: Journal<TerminalState> | undefined;
  #restarted: Promise<void> = Promise.resolve();
  #closedByHand: Promise<unknown> = Promise.resolve();
  readonly #downloads: string;
  #stopped = false;

  constructor(spec: VirtualTerminalSpec, openJournal: OpenTerminalJournal, options: VirtualTerminalOptions = {}) {
    this.#spec = spec;
    this.#openJournal = openJournal;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#credential = credentialOf(spec);
    this.#recent = new RecentLines(this.#clock);
    this.#downloads = options.downloads ?? join(tmpdir(), `tillkeeper-${randomUUID()}`);
    this.#payments = new InventedPayments(this.#clock, options.payment ?? defaultPayment);
    this.#condition = new InventedCondition(this.#clock, this.#ownFault() === "silent", () =>
      this.#agent?.reportSoon(),
    );
    this.#link = new FaultyLink({
      condition: this.#condition,
      faultOf: (operation) => this.#faultOf(operation),
      payments: this.#payments,
      restart: () => void this.losePower(),
      closeByHand: () => void this.closeByHand(),
    });
  }

  /** Resolves when it has its memory and begins to connect. Rejects for a damaged memory and a URL that is not MQTT. */
  async start(): Promise<void> {
    const agent = await this.#boot();
    agent.start();
    this.#agent = agent;
  }

  /** Connects again with another credential; with another address, after a restart on that one's journal. */
  async use(credential: Credential): Promise<void> {
    const isOther = current(credential.address) !== current(this.#credential.address);
    if (!isOther) this.#agent?.use(credential);
    this.#credential = credential;
    if (isOther) await this.losePower();
  }

  /** Its credential is about to have another address: resolves when the journal says so. */
  move(address: string): Promise<void> {
    const moved = this.#restarted.then(() => this.#journal?.move(address));
    this.#restarted = moved.catch(() => undefined);
    return moved;
  }

  /**
   * Somebody closes the day at the terminal. Resolves when that is done, with what came of it; undefined while it is being
   * closed by an operation, or has not been started.
   */
  closeByHand(): Promise<EndOfDayResult | undefined> {
    const closed = this.#restarted.then(async () => {
      const journal = this.#journal;
      let day: ClosedDay | undefined;
      await journal?.write((log) => {
        if (log.closing) return undefined;
        day = this.#closeDay(journal.state);
        return { state: day.state };
      });
      return day?.result;
    });
    this.#closedByHand = closed;
    return closed;
  }

  /** Hands in what its server lacks of its log, as a device that was replaced. Rejects with `DeviceServerError`. */
  async handIn(by: ServerOptions): Promise<void> {
    if (this.#journal) await handIn(by, this.#journal);
  }

  /** What one of its parts tells has changed. */
  reportSoon(): void {
    this.#agent?.reportSoon();
  }

  /** Ends cleanly, a restart that is under way too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#restarted;
    await this.#agent?.stop();
    this.#payments.endAll();
    if (this.#options.downloads === undefined) await rm(this.#downloads, { recursive: true, force: true });
  }

  /**
   * The power is lost, perhaps already, and comes back when the second promise resolves: what is not in the journal is
   * forgotten. Resolves when the terminal runs again, or will not. Never rejects.
   */
  losePower(lost?: Promise<void>, back?: Promise<void>): Promise<void> {
    const { log = silentLogger } = this.#options;
    this.#restarted = this.#restarted
      .then(() => lost)
      .then(() => this.#loseAndRegainPower(back))
      .catch((cause: unknown) => {
        log.error({ terminal_id: this.#spec.terminalId, err: cause }, "a virtual terminal could not restart");
      });
    return this.#restarted;
  }

  async #loseAndRegainPower(back: Promise<void> | undefined): Promise<void> {
    if (this.#stopped) return;
    await this.#agent?.kill();
    this.#payments.endAll();
    this.#condition.mend();
    await back;
    if (!this.#stopped) await this.start();
  }

  async #boot(): Promise<Agent<TerminalState>> {
    const { open = openMqttConnection, log = silentLogger, repeat, parts = {} } = this.#options;
    // First: another credential may come meanwhile.
    const journal = await this.#openJournal(current(this.#credential.address));
    const caughtUp = afterClose(journal.state, this.#spec.lastClose);
    // The terminal has closed that batch, and no result in this journal says so.
    if (caughtUp) await journal.write(() => ({ state: caughtUp, batch: caughtUp.last_close.batch_id }));
    this.#journal = journal;
    const runningVersion = installedVersion(journal.state);
    const usual = this.#operations(runningVersion);
    const agent = new Agent<TerminalState>({
      credential: this.#credential,
      agentName: `${agentName}/${runningVersion}`,
      handlers: parts.operations?.(usual) ?? usual,
      receipted: () => {
        // Nobody would notice but whoever is served just now, and that is nobody.
        if (agent.idle && installedVersion(journal.state) !== runningVersion) void this.losePower(agent.kill());
      },
      journal,
      clock: this.#clock,
      open: this.#link.through(open),
      payments: parts.payments ? bothPayments(this.#payments, parts.payments) : this.#payments,
      log: this.#recent.through(log),
      telemetry: () => ({
        ...inventedTelemetry(
          this.#spec.serialNumber,
          this.#clock.now(),
          runningVersions(journal.state, runningVersion),
        ),
        ...parts.telemetry?.(),
      }),
      fault: () => this.#condition.fault ?? parts.fault?.(),
      ...(repeat && { repeat }),
    });
    return agent;
  }

  #operations(runningVersion: string): OperationHandlers<TerminalState> {
    const { serialNumber, releaseKeys, deviceModel } = this.#spec;
    const fault = this.#ownFault();
    const { namesBatches = fault !== "nameless", lacks = fault === "no_menu" ? ["open_menu"] : [] } = this.#options;
    const clock = this.#clock;
    const all = virtualOperations({
      serialNumber,
      clock,
      durationMs: this.#options.durationMs ?? defaultDurationMs,
      faultOf: (operation) => this.#faultOf(operation),
      nextLink: (signal) => this.#link.nextLink(signal),
      recentLog: () => this.#recent.text(),
      closeDay: (state) => this.#closeDay(state),
      lastBatch: namesBatches ? () => this.#lastBatch() : undefined,
      checkUpdate: virtualUpdates({ runningVersion, releaseKeys, deviceModel, folder: this.#downloads, clock }),
    });
    return Object.fromEntries(Object.entries(all).filter(([name]) => !lacks.some((one) => one === name)));
  }

  #closeDay(state: TerminalState): ClosedDay {
    const day = closeDay(this.#spec.serialNumber, state, this.#clock.now());
    return this.#options.parts?.closed?.(day) ?? day;
  }

  /** Not while somebody is about to close it. */
  async #lastBatch(): Promise<LastBatch | undefined> {
    await this.#closedByHand.catch(() => undefined);
    return this.#journal && lastBatch(this.#journal.state);
  }

  #faultOf(operation: Operation): Fault | "unknown" | undefined {
    return faultOfCommand(operation.parameters) ?? this.#ownFault() ?? this.#options.parts?.faultOf?.(operation);
  }

  /** Of all its operations. */
  #ownFault(): Fault | undefined {
    return this.#options.fault ?? faultOfSerial(this.#spec.serialNumber);
  }
}

export function credentialOf({
  mqttUrl: url,
  address,
  password,
  refused,
  memoryLost,
  whenOutdated,
  clientId,
  ca,
}: VirtualTerminalSpec): Credential {
  return {
    url,
    address,
    password,
    ...(refused && { refused }),
    ...(memoryLost && { memoryLost }),
    ...(whenOutdated && { whenOutdated }),
    ...(clientId !== undefined && { clientId }),
    ...(ca !== undefined && { ca }),
  };
}
