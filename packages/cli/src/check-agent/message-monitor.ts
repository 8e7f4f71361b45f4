import { isDeepStrictEqual } from "node:util";
import type {
  CancelMessage,
  CommandMessage,
  HeartbeatMessage,
  HelloMessage,
  Memory,
  Messages,
  ResultMessage,
} from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { Will } from "@tillkeeper/server/gateway/carriers/embedded/mqtt/incoming";
import { sameButNumber, sameEntry } from "./device-message.ts";
import type { Entry } from "./held-log.ts";
import type { Law } from "./laws.ts";

/** The state of a connection. */
interface Connection {
  address: string;
  willSession: string | undefined;
  session: string | undefined;
  welcomed: boolean;
  lastHeartbeatAt: number | undefined;
}

interface MonitorDeps {
  /** The first command or cancel that was sent of an operation. */
  sentOf: (operationId: string) => CommandMessage | CancelMessage | undefined;
  broken: (law: Law, expected: string, seen: string) => void;
}

/** The least time between two heartbeats, by the device's own clock. */
const leastBetweenMs = 1_000;

/** Checks the laws that hold at any time, on every message of the device, in every case. */
export class MessageMonitor {
  readonly #deps: MonitorDeps;
  readonly #connections = new Map<number, Connection>();
  readonly #sessions = new Set<string>();
  /** The entries that the device has sent, by address, in the order of the addresses. */
  readonly #entriesByAddress = new Map<string, Entry[]>();
  readonly #started = new Map<string, string>();
  readonly #sentMemories = new Set<string>();
  /** Whether a welcome was sent since the device was switched on. */
  #welcomed = false;

  constructor(deps: MonitorDeps) {
    this.#deps = deps;
  }

  connected(number: number, address: string, will: Will | undefined): void {
    const willSession = will && sessionIn(will.payload);
    this.#connections.set(number, {
      address,
      willSession,
      session: undefined,
      welcomed: false,
      lastHeartbeatAt: undefined,
    });
  }

  /** Notes that the device begins a new run, of which it knows only its journal. */
  switchedOff(): void {
    this.#welcomed = false;
  }

  /** Notes that a welcome is sent to all connections. */
  welcomed(): void {
    this.#welcomed = true;
    for (const connection of this.#connections.values()) connection.welcomed = true;
  }

  /** Notes a `memory` that the test server sends. */
  memorySent(address: string, memory: Memory): void {
    this.#sentMemories.add(memoryKey(address, memory));
  }

  said(number: number, channel: UpChannel, message: Messages[UpChannel]): void {
    const connection = this.#connections.get(number);
    if (!connection) return;
    if (channel === "hello") this.#hello(connection, message as HelloMessage);
    if (channel === "heartbeat") this.#heartbeat(connection, message as HeartbeatMessage);
    if (channel === "started") this.#begins(connection, message as Messages["started"]);
    if (channel === "result") this.#result(connection, message as ResultMessage);
  }

  /** The entries that an address has sent, in order. */
  entriesSentBy(address: string): readonly Entry[] {
    return this.#entriesByAddress.get(address) ?? [];
  }

  #hello(connection: Connection, { session, operations }: HelloMessage): void {
    const { broken } = this.#deps;
    if (session !== undefined) {
      const isFirst = connection.session === undefined;
      if (isFirst && this.#sessions.has(session)) broken(37, "a new session for each connection", `${session} again`);
      if (!isFirst && connection.session !== session)
        broken(37, "one session for a connection", "another in its hello");
      if (connection.willSession !== session)
        broken(37, "a will on `gone` with the session of the hello", connection.willSession ?? "no such will");
      this.#sessions.add(session);
      connection.session = session;
    }
    const entries = this.entriesSentBy(connection.address);
    const answered = operations.find(({ operation_id: id }) => entries.some((entry) => entry.operation_id === id));
    if (answered) broken(2, "what waits and what is begun", `${answered.operation_id}, which is answered`);
  }

  #heartbeat(connection: Connection, { session, sent_at, memory }: HeartbeatMessage): void {
    const { broken } = this.#deps;
    if (!connection.welcomed) broken(38, "the first heartbeat after the welcome", "one before it");
    if (session !== connection.session) broken(37, "the session of the hello", "another in a heartbeat");
    const at = Date.parse(sent_at);
    const since = connection.lastHeartbeatAt === undefined ? undefined : at - connection.lastHeartbeatAt;
    connection.lastHeartbeatAt = at;
    if (since !== undefined && since >= 0 && since < leastBetweenMs)
      broken(39, "a second between two heartbeats", `${since} ms`);
    if (memory && !this.#sentMemories.has(memoryKey(connection.address, memory)))
      broken(10, "what the server has said", `that it holds ${memory.number} (${memory.id ?? "no id"})`);
  }

  #begins({ address }: Connection, { operation_id: id, started_at }: Messages["started"]): void {
    const { broken } = this.#deps;
    const before = this.#started.get(id);
    if (before !== undefined && before !== started_at)
      broken(17, "one beginning", `two, at ${before} and ${started_at}`);
    if (this.entriesSentBy(address).some((entry) => entry.operation_id === id))
      broken(17, "its entry again, for an operation that is answered", "started");
    this.#started.set(id, started_at);
  }

  #result(connection: Connection, result: ResultMessage): void {
    const { broken } = this.#deps;
    if (!this.#welcomed) broken(8, "no result before the first welcome of a run", "one");
    const { operation_id: id, origin, number } = result;
    const sent = this.#deps.sentOf(id);
    if (sent && !result.by_hand) {
      if (!isDeepStrictEqual(origin, sent.origin))
        broken(15, JSON.stringify(sent.origin), JSON.stringify(origin) ?? "none");
      if (result.operation !== sent.operation) broken("Messages", `a result of ${sent.operation}`, result.operation);
    }
    if (number !== undefined) return this.#entry(connection, { ...result, number });
    if (result.reason !== "storage_failed") broken(8, "a number", "a result without one");
  }

  #entry({ address }: Connection, entry: Entry): void {
    const { broken } = this.#deps;
    const entries = this.#entriesByAddress.get(address) ?? [];
    const same = entries.find(({ number }) => number === entry.number);
    if (same) {
      if (!sameEntry(same, entry)) broken(9, `number ${entry.number} as it was told before`, differenceOf(same, entry));
      return;
    }
    const next = (entries.at(-1)?.number ?? 0) + 1;
    if (entry.number !== next) broken(8, `number ${next} next`, `number ${entry.number}`);
    if (entry.after !== undefined && entry.after !== entry.number - 1)
      broken(11, "no `after`, since nothing was dropped", `after ${entry.after}`);
    if (entries.some(({ operation_id: id }) => id === entry.operation_id))
      broken(17, "one entry for an operation", `another under number ${entry.number}`);
    this.#checkBeginning(entry);
    this.#checkOverlap(entries, entry);
    this.#checkRenumbering(address, entries, entry);
    this.#entriesByAddress.set(address, [...entries, entry]);
  }

  #checkBeginning({ operation_id: id, started_at }: Entry): void {
    const said = this.#started.get(id);
    if (said !== undefined && started_at !== undefined && said !== started_at)
      this.#deps.broken(17, `begun at ${said}, as in \`started\``, `begun at ${started_at}, in the result`);
  }

  #checkOverlap(entries: readonly Entry[], entry: Entry): void {
    const last = entries.findLast(({ started_at }) => started_at !== undefined);
    if (!last || entry.started_at === undefined || last.operation_id === entry.repeats) return;
    const [ended, begun] = [Date.parse(last.finished_at), Date.parse(entry.started_at)];
    if (begun < ended && begun >= Date.parse(last.started_at as string) && !this.#isInterrupted(last))
      this.#deps.broken(19, "the end of one operation before the beginning of the next", `${ended - begun} ms of both`);
  }

  /** Whether a crash interrupted the operation. The end of such an entry is the time at which the device noticed the crash. */
  #isInterrupted({ status, reason }: Entry): boolean {
    return status === "FAILED" && reason === "device_error";
  }

  /** At a new address the device sends its known entries again, in their former order. */
  #checkRenumbering(address: string, entries: readonly Entry[], entry: Entry): void {
    const before = [...this.#entriesByAddress].findLast(([other]) => other !== address)?.[1] ?? [];
    const placeOf = (id: string) => before.findIndex(({ operation_id }) => operation_id === id);
    const place = placeOf(entry.operation_id);
    if (place === -1) return;
    if (entries.length > 0 && placeOf((entries.at(-1) as Entry).operation_id) !== place - 1)
      this.#deps.broken(13, "what it knows in the same order", `number ${entry.number} out of its order`);
    if (!sameButNumber(before[place] as Entry, entry))
      this.#deps.broken(13, "what it told before", differenceOf(before[place] as Entry, entry));
  }
}

function memoryKey(address: string, { number, id }: Memory): string {
  return `${address} ${number} ${id ?? ""}`;
}

function sessionIn(payload: Buffer): string | undefined {
  try {
    const { session } = JSON.parse(payload.toString("utf8"));
    return typeof session === "string" ? session : undefined;
  } catch {
    return undefined;
  }
}

/** The fields in which two results differ. */
function differenceOf(one: ResultMessage, other: ResultMessage): string {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof ResultMessage>;
  const different = [...names].filter((name) => name !== "after" && !isDeepStrictEqual(one[name], other[name]));
  const shown = different.map((name) => `${name} ${JSON.stringify(other[name])} for ${JSON.stringify(one[name])}`);
  return shown.join(", ").slice(0, 300);
}
