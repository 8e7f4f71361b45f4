import { randomUUID } from "node:crypto";
import { type AbilityTable, abilityTable } from "@tillkeeper/contract/abilities";
import type { CommandMessage, ResultMessage } from "@tillkeeper/contract/mqtt";
import type { OperationName } from "@tillkeeper/contract/operations";
import type { Device } from "./device.ts";
import { BrokenLaw, type Law, Skipped } from "./laws.ts";
import type { Referee } from "./referee.ts";
import { describe, type Heard, type Said } from "./transcript.ts";

export interface TableDeps {
  referee: Referee;
  device: Device;
  /** Whether the device can get another address by itself. */
  pairs: boolean;
  /** Multiplies everything that is waited for. */
  factor: number;
  signal: AbortSignal;
}

/** How long something is awaited that should come at once: long enough for a slow device and a busy machine. */
const patienceMs = 20_000;
/** How long a device may take to start. */
const startMs = 180_000;
const windowMs = 120_000;
const dayMs = 86_400_000;
export const yearMs = 365 * dayMs;

/** What a case plays at: the server on one side, the device on the other, and what has been heard since the last move. */
export class Table {
  readonly referee: Referee;
  readonly device: Device;
  readonly pairs: boolean;
  readonly signal: AbortSignal;
  readonly #factor: number;
  #place = 0;

  constructor({ referee, device, pairs, factor, signal }: TableDeps) {
    this.referee = referee;
    this.device = device;
    this.pairs = pairs;
    this.signal = signal;
    this.#factor = factor;
  }

  get patienceMs(): number {
    return patienceMs * this.#factor;
  }

  get startMs(): number {
    return startMs * this.#factor;
  }

  /** What was heard since the last move. */
  get heard(): readonly Heard[] {
    return this.referee.transcript.since(this.#place);
  }

  /** A move: what is awaited from now on is what comes after it. */
  mark(): void {
    this.#place = this.referee.transcript.end;
  }

  /** Waits for something that a law demands. */
  async hears<T>(
    law: Law,
    expected: string,
    find: (heard: readonly Heard[]) => T | undefined,
    withinMs = this.patienceMs,
  ) {
    const found = await this.referee.transcript.until(() => find(this.heard), withinMs, this.signal);
    this.signal.throwIfAborted();
    if (found !== undefined) return found;
    throw new BrokenLaw(law, expected, `${describe(this.heard)}, in ${Math.round(withinMs / 1_000)} seconds`);
  }

  broken(law: Law, expected: string): never {
    throw new BrokenLaw(law, expected, describe(this.heard));
  }

  async pause(ms: number): Promise<void> {
    await this.referee.transcript.until(() => undefined, ms, this.signal);
    this.signal.throwIfAborted();
  }

  /** A command as a server makes it, not sent yet. */
  command(operation: OperationName, more: Partial<CommandMessage> = {}): CommandMessage {
    const now = this.referee.now().getTime();
    const at = (ms: number) => new Date(now + ms).toISOString();
    return {
      operation_id: randomUUID(),
      operation,
      parameters: {},
      created_at: at(0),
      expires_at: at(windowMs * this.#factor),
      sent_at: at(0),
      ...(operation === "end_of_day" && { previous_close: this.referee.log.lastClose }),
      origin: { request: randomUUID(), signed: randomUUID(), later_version: { kept: [1, "as it is"] } },
      ...more,
    } as CommandMessage;
  }

  /** Sends the command as a move. */
  ask(operation: OperationName, more: Partial<CommandMessage> = {}): CommandMessage {
    const command = this.command(operation, more);
    this.mark();
    this.referee.sendCommand(command);
    return command;
  }

  cancel({ operation_id, operation, created_at, expires_at, previous_close, origin }: CommandMessage): void {
    const optional = previous_close === undefined ? {} : { previous_close };
    this.referee.sendCancel({ operation_id, operation, created_at, expires_at, origin, ...optional });
  }

  /** The result of an operation since the last move. */
  result(law: Law, { operation_id: id, operation }: CommandMessage, expected = `the result of ${operation}`) {
    return this.hears(law, expected, resultOf(id));
  }

  /** The result, which has to be FAILED with this reason, of something that was never begun. */
  async failure(law: Law, command: CommandMessage, reason: ResultMessage["reason"]): Promise<ResultMessage> {
    const result = await this.result(law, command, `FAILED, ${reason}`);
    if (this.began(command)) this.broken(law, `FAILED, ${reason}, and no beginning`);
    if (result.status !== "FAILED" || result.reason !== reason) this.broken(law, `FAILED, ${reason}`);
    return result;
  }

  /** Whether it was begun since the last move. */
  began({ operation_id: id }: CommandMessage): boolean {
    return this.heard.some(
      (heard) =>
        (isSaid(heard, "started") && heard.message.operation_id === id) ||
        (isSaid(heard, "result") && heard.message.operation_id === id && heard.message.started_at !== undefined),
    );
  }

  /** Carries out one operation, to have an entry. */
  async perform(operation: OperationName, law: Law = 7): Promise<{ command: CommandMessage; result: ResultMessage }> {
    const command = this.ask(operation);
    const result = await this.result(law, command, `${operation} to come to its end`);
    this.#checkTime(result);
    await this.held();
    return { command, result };
  }

  /** What the device said last that it can do; null where it has not said. */
  get abilities(): AbilityTable {
    return abilityTable(this.referee.transcript.said("hello").at(-1)?.abilities);
  }

  #checkTime({ operation, started_at, finished_at }: ResultMessage): void {
    const seconds = this.abilities?.[operation];
    const tookMs = Date.parse(finished_at) - Date.parse(started_at ?? finished_at);
    if (typeof seconds === "number" && tookMs > seconds * 1_000)
      this.broken("Abilities", `${seconds} seconds for ${operation} at most, not ${tookMs} ms`);
  }

  /** Everything that the device has told is held by the server. */
  async held(): Promise<void> {
    const { referee } = this;
    await this.hears(9, "all of the log", () => referee.told.length <= referee.log.memory.number || undefined);
  }

  /** The device connects and says hello, after the last move. */
  async back(law: Law = 1, withinMs = this.patienceMs): Promise<Said<"hello">> {
    const connected = await this.hears(
      "Connecting",
      "another connection",
      (heard) => heard.find(({ kind }) => kind === "connected"),
      withinMs,
    );
    return this.hears(law, "a hello on the new connection", (heard) =>
      heard.find((one): one is Said<"hello"> => isSaid(one, "hello") && one.connection >= connected.connection),
    );
  }

  /** The link is cut, and the device comes back. */
  async reconnect(): Promise<Said<"hello">> {
    this.mark();
    this.referee.broker.cut();
    return this.back();
  }

  /** The power goes and comes back; in between, where the device can be left off, something else may be done. */
  async powerCut(between?: () => Promise<void>): Promise<Said<"hello">> {
    const { device } = this;
    if (device.cut && device.start) {
      await device.cut();
      this.#off();
      await between?.();
      await device.start();
    } else if (device.restart && !between) {
      this.#off();
      await device.restart();
    } else {
      throw new Skipped(between ? "needs --start" : "needs --start or --restart");
    }
    return this.back(1, this.startMs);
  }

  #off(): void {
    this.mark();
    this.referee.switchedOff();
  }
}

export function isSaid<C extends Said["channel"]>(heard: Heard, channel: C): heard is Said<C> {
  return heard.kind === "said" && heard.channel === channel;
}

/** Finds the result of an operation. */
export function resultOf(id: string): (heard: readonly Heard[]) => ResultMessage | undefined {
  return (heard) =>
    heard.find((one): one is Said<"result"> => isSaid(one, "result") && one.message.operation_id === id)?.message;
}
