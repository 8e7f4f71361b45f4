import { randomUUID } from "node:crypto";
import { type AbilityTable, abilityTable } from "@tillkeeper/contract/abilities";
import type { CommandMessage, ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { OperationName } from "@tillkeeper/contract/operations";
import type { CheckServer } from "./check-server.ts";
import type { Device } from "./device.ts";
import { BrokenLaw, type Law, Skipped } from "./laws.ts";
import { type DeviceMessage, describe, type TranscriptEntry } from "./transcript.ts";

export interface CaseContextDeps {
  server: CheckServer;
  device: Device;
  /** Whether the device can get another address by itself. */
  pairs: boolean;
  /** Multiplies every wait for the device. */
  factor: number;
  signal: AbortSignal;
}

/** The wait for an event that should come at once: long enough for a slow device and a busy machine. */
const patienceMs = 20_000;
/** The wait for a device to start. */
const startMs = 180_000;
const windowMs = 120_000;
const dayMs = 86_400_000;
export const yearMs = 365 * dayMs;

/** What a case works with: the test server, the device, and the events since the last mark. */
export class CaseContext {
  readonly server: CheckServer;
  readonly device: Device;
  readonly pairs: boolean;
  readonly signal: AbortSignal;
  readonly #factor: number;
  #place = 0;

  constructor({ server, device, pairs, factor, signal }: CaseContextDeps) {
    this.server = server;
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

  /** The events since the last mark. */
  get heard(): readonly TranscriptEntry[] {
    return this.server.transcript.since(this.#place);
  }

  /** Sets the mark: later waits see only events after it. */
  mark(): void {
    this.#place = this.server.transcript.end;
  }

  /** Waits for an event that a law demands. Throws `BrokenLaw` when it does not come in time. */
  async waitFor<T>(
    law: Law,
    expected: string,
    find: (heard: readonly TranscriptEntry[]) => T | undefined,
    withinMs = this.patienceMs,
  ) {
    const found = await this.server.transcript.until(() => find(this.heard), withinMs, this.signal);
    this.signal.throwIfAborted();
    if (found !== undefined) return found;
    throw new BrokenLaw(law, expected, `${describe(this.heard)}, in ${Math.round(withinMs / 1_000)} seconds`);
  }

  /** Ends the case: the events since the last mark break the law. */
  broken(law: Law, expected: string): never {
    throw new BrokenLaw(law, expected, describe(this.heard));
  }

  async pause(ms: number): Promise<void> {
    await this.server.transcript.until(() => undefined, ms, this.signal);
    this.signal.throwIfAborted();
  }

  /** Makes a command as a server does, without sending it. */
  command(operation: OperationName, more: Partial<CommandMessage> = {}): CommandMessage {
    const now = this.server.now().getTime();
    const at = (ms: number) => new Date(now + ms).toISOString();
    return {
      operation_id: randomUUID(),
      operation,
      parameters: {},
      created_at: at(0),
      expires_at: at(windowMs * this.#factor),
      sent_at: at(0),
      ...(operation === "end_of_day" && { previous_close: this.server.log.lastClose }),
      origin: { request: randomUUID(), signed: randomUUID(), later_version: { kept: [1, "as it is"] } },
      ...more,
    } as CommandMessage;
  }

  /** Sets the mark, and sends a command. */
  send(operation: OperationName, more: Partial<CommandMessage> = {}): CommandMessage {
    const command = this.command(operation, more);
    this.mark();
    this.server.sendCommand(command);
    return command;
  }

  cancel({ operation_id, operation, created_at, expires_at, previous_close, origin }: CommandMessage): void {
    const optional = previous_close === undefined ? {} : { previous_close };
    this.server.sendCancel({ operation_id, operation, created_at, expires_at, origin, ...optional });
  }

  /** Waits for the result of an operation, since the last mark. */
  result(law: Law, { operation_id: id, operation }: CommandMessage, expected = `the result of ${operation}`) {
    return this.waitFor(law, expected, resultOf(id));
  }

  /** Waits for the result of an operation, which has to be FAILED with this reason, and never begun. */
  async failure(law: Law, command: CommandMessage, reason: ResultMessage["reason"]): Promise<ResultMessage> {
    const result = await this.result(law, command, `FAILED, ${reason}`);
    if (this.began(command)) this.broken(law, `FAILED, ${reason}, and no beginning`);
    if (result.status !== "FAILED" || result.reason !== reason) this.broken(law, `FAILED, ${reason}`);
    return result;
  }

  /** Whether the device has begun the operation since the last mark. */
  began({ operation_id: id }: CommandMessage): boolean {
    return this.heard.some(
      (heard) =>
        (isMessageOn(heard, "started") && heard.message.operation_id === id) ||
        (isMessageOn(heard, "result") && heard.message.operation_id === id && heard.message.started_at !== undefined),
    );
  }

  /** Has the device carry out one operation, so that its log gets an entry. */
  async perform(operation: OperationName, law: Law = 7): Promise<{ command: CommandMessage; result: ResultMessage }> {
    const command = this.send(operation);
    const result = await this.result(law, command, `${operation} to come to its end`);
    this.#checkTime(result);
    await this.waitUntilHeld();
    return { command, result };
  }

  /** The abilities in the device's last hello; null if it named none. */
  get abilities(): AbilityTable {
    return abilityTable(this.server.transcript.said("hello").at(-1)?.abilities);
  }

  #checkTime({ operation, started_at, finished_at }: ResultMessage): void {
    const seconds = this.abilities?.[operation];
    const tookMs = Date.parse(finished_at) - Date.parse(started_at ?? finished_at);
    if (typeof seconds === "number" && tookMs > seconds * 1_000)
      this.broken("Abilities", `${seconds} seconds for ${operation} at most, not ${tookMs} ms`);
  }

  /** Waits until the test server holds every entry that the device has sent. */
  async waitUntilHeld(): Promise<void> {
    const { server } = this;
    await this.waitFor(9, "all of the log", () => server.sentEntries.length <= server.log.memory.number || undefined);
  }

  /** Waits for a connection since the last mark, and for the hello on it. */
  async waitForHello(law: Law = 1, withinMs = this.patienceMs): Promise<DeviceMessage<"hello">> {
    const connected = await this.waitFor(
      "Connecting",
      "another connection",
      (heard) => heard.find(({ kind }) => kind === "connected"),
      withinMs,
    );
    return this.waitFor(law, "a hello on the new connection", (heard) =>
      heard.find(
        (one): one is DeviceMessage<"hello"> => isMessageOn(one, "hello") && one.connection >= connected.connection,
      ),
    );
  }

  /** Cuts the link, and waits for the device's next hello. */
  async reconnect(): Promise<DeviceMessage<"hello">> {
    this.mark();
    this.server.broker.cut();
    return this.waitForHello();
  }

  /** Cuts the power and switches it on again; `between` runs while the power is off. Throws `Skipped` if that is not possible. */
  async powerCut(between?: () => Promise<void>): Promise<DeviceMessage<"hello">> {
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
    return this.waitForHello(1, this.startMs);
  }

  #off(): void {
    this.mark();
    this.server.switchedOff();
  }
}

/** Whether an entry of the transcript is a message on this channel. */
export function isMessageOn<C extends DeviceMessage["channel"]>(
  heard: TranscriptEntry,
  channel: C,
): heard is DeviceMessage<C> {
  return heard.kind === "said" && heard.channel === channel;
}

/** Makes a search for the result of an operation among events. */
export function resultOf(id: string): (heard: readonly TranscriptEntry[]) => ResultMessage | undefined {
  return (heard) =>
    heard.find((one): one is DeviceMessage<"result"> => isMessageOn(one, "result") && one.message.operation_id === id)
      ?.message;
}
