import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "@tillkeeper/agent/agent";
import type { Clock } from "@tillkeeper/agent/clock";
import type { ServerOptions } from "@tillkeeper/agent/credentials/pairing";
import { type Credential, current } from "@tillkeeper/agent/links/connection";
import { openMqttConnection } from "@tillkeeper/agent/links/mqtt-connection";
import { silentLogger } from "@tillkeeper/agent/logger";
import type { Journal } from "@tillkeeper/agent/memory/journal";
import type { LastBatch, Operation, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import { combinePayments } from "@tillkeeper/agent/operations/payments";
import { handInResults } from "@tillkeeper/agent/talk/hand-in-results";
import type { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { PutInTrade, TimedControls } from "@tillkeeper/contract/simulated-work";
import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { VirtualCondition } from "./condition.ts";
import { Controls } from "./controls.ts";
import { CuttableLink } from "./cuttable-link.ts";
import { dayTotals, sum, TradeCounter, type TradeSince } from "./day.ts";
import { deviceClock, workClock } from "./device-clock.ts";
import { FaultInjector } from "./fault-injector.ts";
import { type Fault, faultOfCommand, faultOfSerial } from "./faults.ts";
import { virtualOperations } from "./operations.ts";
import { VirtualPayments } from "./payments.ts";
import { PutInTrades } from "./put-in-trade.ts";
import { RecentLines } from "./recent-lines.ts";
import {
  type ClosedDay,
  closeDay,
  lastBatch,
  type OpenTerminalJournal,
  stateAfterClose,
  type TerminalState,
} from "./state.ts";
import { tradedBatch, virtualTelemetry } from "./telemetry.ts";
import { credentialOf, type VirtualTerminalOptions, type VirtualTerminalSpec } from "./terminal-options.ts";
import { installedVersion, runningVersions, virtualUpdates } from "./updates.ts";

const defaultDurationMs = { shortest: 150, longest: 600 };
const defaultPayment = { share: 0.3, longestMs: 5000 };
const agentName = "tillkeeper-virtual-terminal";

/** The id of the payment that the controls hold. */
const heldPayment = "controls";

/** The fault, if the terminal's hello tells it or its handlers are made by it: another one takes a restart. */
function saidInHello(fault: Fault | undefined): Fault | undefined {
  return fault === "nameless" || fault === "no_menu" ? fault : undefined;
}

/** A terminal without hardware: an agent with handlers that invent their results, and with power that can be cut. */
export class VirtualTerminal {
  readonly #spec: VirtualTerminalSpec;
  readonly #openJournal: OpenTerminalJournal;
  readonly #options: VirtualTerminalOptions;
  readonly #clock: Clock;
  readonly #payments: VirtualPayments;
  readonly #condition: VirtualCondition;
  readonly #link: FaultInjector;
  readonly #recent: RecentLines;
  readonly #trade: TradeCounter;
  readonly #putIn: PutInTrades;
  readonly #network = new CuttableLink();
  readonly #controls: Controls;
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
    this.#clock = options.clock ?? deviceClock(spec.time);
    this.#credential = credentialOf(spec);
    this.#recent = new RecentLines(this.#clock);
    this.#trade = new TradeCounter(spec.serialNumber);
    this.#downloads = options.downloads ?? join(tmpdir(), `tillkeeper-${randomUUID()}`);
    this.#putIn = new PutInTrades(spec.trade);
    const work = workClock(this.#clock, spec.time);
    this.#controls = new Controls(work, spec.controls ?? { controls: {} }, (now, before) => this.#obey(now, before));
    this.#payments = new VirtualPayments(work, options.payment ?? defaultPayment);
    this.#condition = new VirtualCondition(
      this.#clock,
      () => this.#ownFault() === "silent",
      () => this.#agent?.reportSoon(),
    );
    this.#link = new FaultInjector({
      condition: this.#condition,
      faultOf: (operation) => this.#faultOf(operation),
      payments: this.#payments,
      restart: () => void this.losePower(),
      closeByHand: () => void this.closeByHand(),
    });
  }

  /**
   * Resolves when its journal is open and it begins to connect. Rejects for a damaged journal and a URL that is not
   * MQTT.
   */
  async start(): Promise<void> {
    const agent = await this.#boot();
    const { link, payment } = this.#controls.now;
    this.#network.setUp(link !== "down");
    if (payment) this.#payments.hold(heldPayment);
    agent.start();
    this.#agent = agent;
  }

  /**
   * Connects again with another credential. A credential with another address restarts the terminal on that address's
   * journal.
   */
  async use(credential: Credential): Promise<void> {
    const isOther = current(credential.address) !== current(this.#credential.address);
    if (!isOther) this.#agent?.use(credential);
    this.#credential = credential;
    if (isOther) await this.losePower();
  }

  /** To be called before its credential has another address: resolves when the journal is moved to it. */
  move(address: string): Promise<void> {
    const moved = this.#restarted.then(() => this.#journal?.move(address));
    this.#restarted = moved.catch(() => undefined);
    return moved;
  }

  /**
   * Closes the day by hand at the terminal, and resolves with the result. Resolves with undefined while an operation
   * closes the day, and before the first start. With `once`, an instant, it closes only what was open then: after a close
   * since, it resolves with the result of that close.
   */
  closeByHand(once?: number): Promise<EndOfDayResult | undefined> {
    const closed = this.#restarted.then(() => this.#closeByHand(once));
    this.#closedByHand = closed;
    return closed;
  }

  /** Makes the terminal behave in another way. What it says in its hello changes by a restart. */
  control(timed: TimedControls): void {
    this.#controls.set(timed);
  }

  /** Takes over trade that was put into its batches before. */
  addTrade(trades: readonly PutInTrade[]): void {
    this.#putIn.add(trades);
  }

  /** Puts a purchase or refund into the open batch, see `PutInTrades.putIn`. Resolves when it is counted. */
  async putIn(trade: Omit<PutInTrade, "atMs">, store: (atMs: number) => Promise<boolean>): Promise<void> {
    await this.#restarted;
    const start = this.#journal?.state.start_of_day_at;
    const openSince = start === undefined ? Number.NEGATIVE_INFINITY : Date.parse(start);
    await this.#putIn.putIn(trade, Math.max(this.#clock.now(), openSince), store);
    this.#agent?.reportSoon();
  }

  /** Hands in the results that the server lacks, as a replaced device does. Rejects with `DeviceServerError`. */
  async handInResults(by: ServerOptions): Promise<void> {
    if (this.#journal) await handInResults(by, this.#journal);
  }

  /** To be called when telemetry or fault of one of its parts has changed. */
  reportSoon(): void {
    this.#agent?.reportSoon();
  }

  /** To be called after each payment of its parts. */
  openBatchChanged(): void {
    this.#agent?.openBatchChanged();
  }

  /** Ends cleanly, after a restart that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#controls.stop();
    this.#putIn.stop();
    await this.#restarted;
    await this.#agent?.stop();
    this.#payments.endAll();
    if (this.#options.downloads === undefined) await rm(this.#downloads, { recursive: true, force: true });
  }

  /**
   * Cuts the power and restarts the terminal: everything that is not in the journal is lost. It happens after `lost`
   * resolves, and the restart waits for `back`. Resolves when the terminal runs again, or could not start. Never
   * rejects.
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

  async #closeByHand(once: number | undefined): Promise<EndOfDayResult | undefined> {
    const journal = this.#journal;
    for (;;) {
      await this.#putIn.settled();
      let day: ClosedDay | undefined;
      let known: EndOfDayResult | undefined;
      let isPending = false;
      await journal?.write((log) => {
        if (log.closing) return undefined;
        const { start_of_day_at: openSince, last_close: last } = journal.state;
        if (once !== undefined && last && Date.parse(openSince) > once) {
          known = last;
          return undefined;
        }
        isPending = !this.#putIn.isSettled;
        if (isPending) return undefined;
        day = this.#closeDay(journal.state);
        return { state: day.state };
      });
      if (isPending) continue;
      if (day) this.#agent?.reportSoon();
      return day?.result ?? known;
    }
  }

  /** Applies changed controls. Controls that are read when they are needed, such as a fault, need nothing here. */
  #obey(now: TerminalControls, before: TerminalControls): void {
    if (this.#stopped) return;
    this.#network.setUp(now.link !== "down");
    if (now.payment) this.#payments.hold(heldPayment);
    else this.#payments.end(heldPayment);
    if (saidInHello(this.#faultBy(now)) !== saidInHello(this.#faultBy(before))) void this.losePower();
    else this.#agent?.reportSoon();
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
    // Read the address before waiting: another credential may come meanwhile.
    const journal = await this.#openJournal(current(this.#credential.address));
    const caughtUp = stateAfterClose(journal.state, this.#spec.lastClose);
    // The terminal has closed that batch, but this journal has no result of it.
    if (caughtUp) await journal.write(() => ({ state: caughtUp, batch: caughtUp.last_close.batch_id }));
    this.#journal = journal;
    const runningVersion = installedVersion(journal.state);
    const usual = this.#operations(runningVersion);
    const agent = new Agent<TerminalState>({
      credential: this.#credential,
      agentName: `${agentName}/${runningVersion}`,
      handlers: parts.operations?.(usual) ?? usual,
      receipted: () => {
        // Restart for the update at once: an idle terminal interrupts no operation.
        if (agent.idle && installedVersion(journal.state) !== runningVersion) void this.losePower(agent.kill());
      },
      journal,
      clock: this.#clock,
      open: this.#link.through(this.#network.through(open)),
      payments: parts.payments ? combinePayments(this.#payments, parts.payments) : this.#payments,
      log: this.#recent.through(log),
      telemetry: () => this.#telemetry(journal.state, runningVersion),
      fault: () => this.#condition.fault ?? parts.fault?.(),
      ...(repeat && { repeat }),
    });
    return agent;
  }

  #operations(runningVersion: string): OperationHandlers<TerminalState> {
    const { serialNumber, releaseKeys, deviceModel } = this.#spec;
    const fault = this.#ownFault();
    const { namesBatches = fault !== "nameless", lacks = fault === "no_menu" ? ["open_menu"] : [] } = this.#options;
    const clock = workClock(this.#clock, this.#spec.time);
    const all = virtualOperations({
      serialNumber,
      clock,
      durationMs: this.#options.durationMs ?? defaultDurationMs,
      faultOf: (operation) => this.#faultOf(operation),
      nextLink: (signal) => this.#link.nextLink(signal),
      recentLog: () => this.#recent.text(),
      closeDay: (state) => this.#closeDay(state),
      tradeSettled: () => this.#putIn.settled(),
      lastBatch: namesBatches ? () => this.#lastBatch() : undefined,
      checkUpdate: virtualUpdates({ runningVersion, releaseKeys, deviceModel, folder: this.#downloads, clock }),
    });
    return Object.fromEntries(Object.entries(all).filter(([name]) => !lacks.some((one) => one === name)));
  }

  #telemetry(state: TerminalState, runningVersion: string): Telemetry {
    const now = this.#clock.now();
    const { open_batch: openBatch = tradedBatch(this.#tradeSince(state.start_of_day_at, now)), ...ofParts } =
      this.#options.parts?.telemetry?.() ?? {};
    const { printer, battery } = this.#controls.now;
    return {
      ...virtualTelemetry(this.#spec.serialNumber, now, runningVersions(state, runningVersion)),
      ...ofParts,
      ...(printer !== undefined && { printer }),
      ...(battery !== undefined && { battery }),
      ...(this.#ownFault() !== "silent_batch" && { open_batch: openBatch }),
    };
  }

  #closeDay(state: TerminalState): ClosedDay {
    const { serialNumber } = this.#spec;
    const day = closeDay(serialNumber, state, this.#clock.now(), (from, until) => {
      const { oldestMs: _, ...putIn } = this.#putIn.between(from, until);
      this.#putIn.closed(until);
      return sum(dayTotals(serialNumber, from, until), putIn);
    });
    return this.#options.parts?.closed?.(day) ?? day;
  }

  #tradeSince(startOfDayAt: string, nowMs: number): TradeSince {
    const from = Date.parse(startOfDayAt);
    const until = Math.max(from, nowMs);
    const [traded, putIn] = [this.#trade.between(from, until), this.#putIn.between(from, until + 1)];
    const oldest = [traded.oldestMs, putIn.oldestMs].filter((at) => at !== undefined);
    return { ...sum(traded, putIn), oldestMs: oldest.length === 0 ? undefined : Math.min(...oldest) };
  }

  /** Waits for a close by hand that is under way. */
  async #lastBatch(): Promise<LastBatch | undefined> {
    await this.#closedByHand.catch(() => undefined);
    return this.#journal && lastBatch(this.#journal.state);
  }

  #faultOf(operation: Operation): Fault | "unknown" | undefined {
    return faultOfCommand(operation.parameters) ?? this.#ownFault() ?? this.#options.parts?.faultOf?.(operation);
  }

  /** The fault of all its operations. */
  #ownFault(): Fault | undefined {
    return this.#faultBy(this.#controls.now);
  }

  #faultBy({ fault }: TerminalControls): Fault | undefined {
    if (fault === "none") return undefined;
    return fault ?? this.#options.fault ?? faultOfSerial(this.#spec.serialNumber);
  }
}
