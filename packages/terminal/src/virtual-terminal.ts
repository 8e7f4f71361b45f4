import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { Agent } from "./agent.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Credential, OpenConnection } from "./connection.ts";
import { type Fault, faultOfCommand, faultOfSerial } from "./faults.ts";
import { FaultyLink } from "./faulty-connection.ts";
import { InventedPayments, type PaymentLength } from "./invented-payments.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { openMqttConnection } from "./mqtt-connection.ts";
import type { Operation } from "./operation.ts";
import { RecentLines } from "./recent-lines.ts";
import type { OpenTerminalJournal, TerminalState } from "./terminal-state.ts";
import { virtualOperations } from "./virtual-operations.ts";
import { installedVersion, virtualUpdates } from "./virtual-updates.ts";

/** A terminal to play, with the credential that it connects with. */
export interface VirtualTerminalSpec {
  terminalId: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
  /** Asked at each check_update: the keys whose releases it installs. Without it, none. */
  releaseKeys?: () => readonly ReleasePublicKey[] | Promise<readonly ReleasePublicKey[]>;
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
  open?: OpenConnection;
  /** As in `AgentOptions`. */
  repeat?: { firstMs: number; longestMs: number };
  /** Where it keeps what it downloads, until that is installed; a temporary folder unless told otherwise. */
  downloads?: string;
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
  readonly #link: FaultyLink;
  readonly #recent: RecentLines;
  #credential: Credential;
  #agent: Agent<TerminalState> | undefined;
  #restarted: Promise<void> = Promise.resolve();
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
    this.#link = new FaultyLink({
      faultOf: (operation) => this.#faultOf(operation),
      payments: this.#payments,
      restart: () => this.#restart(),
    });
  }

  /** Resolves when it has its memory and begins to connect. Rejects for a damaged memory and a URL that is not MQTT. */
  async start(): Promise<void> {
    const agent = await this.#boot();
    agent.start();
    this.#agent = agent;
  }

  /** Connects again with another credential. */
  use(credential: Credential): void {
    this.#agent?.use(credential);
    this.#credential = credential;
  }

  /** Ends cleanly, a restart that is under way too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#restarted;
    await this.#agent?.stop();
    this.#payments.endAll();
    if (this.#options.downloads === undefined) await rm(this.#downloads, { recursive: true, force: true });
  }

  /** The power is lost, perhaps already, and comes back: what is not in the journal is forgotten. */
  #restart(lost?: Promise<void>): void {
    const { log = silentLogger } = this.#options;
    this.#restarted = this.#restarted
      .then(() => lost)
      .then(() => this.#loseAndRegainPower())
      .catch((cause: unknown) => {
        log.error({ terminal_id: this.#spec.terminalId, err: cause }, "a virtual terminal could not restart");
      });
  }

  async #loseAndRegainPower(): Promise<void> {
    if (this.#stopped) return;
    await this.#agent?.kill();
    this.#payments.endAll();
    if (!this.#stopped) await this.start();
  }

  async #boot(): Promise<Agent<TerminalState>> {
    const { durationMs = defaultDurationMs, open = openMqttConnection, log = silentLogger, repeat } = this.#options;
    // First: another credential may come meanwhile.
    const journal = await this.#openJournal();
    const runningVersion = installedVersion(journal.state);
    const agent = new Agent<TerminalState>({
      terminalId: this.#spec.terminalId,
      credential: this.#credential,
      agentName: `${agentName}/${runningVersion}`,
      handlers: virtualOperations({
        serialNumber: this.#spec.serialNumber,
        clock: this.#clock,
        durationMs,
        faultOf: (operation) => this.#faultOf(operation),
        nextLink: (signal) => this.#link.nextLink(signal),
        recentLog: () => this.#recent.text(),
        checkUpdate: virtualUpdates({
          runningVersion,
          releaseKeys: this.#spec.releaseKeys,
          folder: this.#downloads,
          clock: this.#clock,
        }),
      }),
      receipted: () => {
        // Nobody would notice but whoever is served just now, and that is nobody.
        if (agent.idle && installedVersion(journal.state) !== runningVersion) this.#restart(agent.kill());
      },
      journal,
      clock: this.#clock,
      open: this.#link.through(open),
      payments: this.#payments,
      log: this.#recent.through(log),
      ...(repeat && { repeat }),
    });
    return agent;
  }

  #faultOf({ parameters }: Operation): Fault | "unknown" | undefined {
    return faultOfCommand(parameters) ?? this.#options.fault ?? faultOfSerial(this.#spec.serialNumber);
  }
}

export function credentialOf({ mqttUrl: url, username, password }: VirtualTerminalSpec): Credential {
  return { url, username, password };
}
