import { isDeepStrictEqual } from "node:util";
import { abilityTable } from "@tillkeeper/contract/abilities";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import {
  type HelloMessage,
  type Memory,
  type Messages,
  protocolVersion,
  type ResultMessage,
  type UpChannel,
} from "@tillkeeper/contract/mqtt";
import { isMoved } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import { inTurn } from "../db/turns.ts";
import { cancelledAmong, claimAfterHello } from "../operations/commands.ts";
import type { Origins } from "../operations/reports/origin.ts";
import type { Reports } from "../operations/reports/reports.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Logger } from "../platform/log/log.ts";
import type { HeardFrom, Presence } from "../presence/hearing/hear.ts";
import { noteAbilities } from "../terminals/record/abilities.ts";
import { type Device, deviceConnected, isPresent } from "../terminals/record/devices.ts";
import type { DeviceTransport, Receive } from "./carriers/transport.ts";
import { repeatAt, sendMessage } from "./outbox.ts";
import { type Refused, readMessage } from "./reading/message.ts";
import type { ReadResult } from "./reading/result.ts";
import { type HelloOverview, helloOverviews } from "./sql/hello-overview.ts";
import type { TransferOf } from "./transfers.ts";

interface InboundOptions {
  db: Db;
  clock: Clock;
  log: Logger;
  reports: Reports;
  transport: DeviceTransport;
  presence: Presence;
  readResult: ReadResult;
  transferOf: TransferOf;
  origins: Origins;
  /** Called for a hello from an address that is not the terminal's present one. Disconnects the device. */
  notPresent: (device: Device) => Promise<void>;
  /**
   * Sends the device the state of its log at the server, if it differs from what the device believes. Returns at once.
   */
  compareMemory: (device: Device, believed: Memory) => void;
}

interface InboundDeps extends InboundOptions {
  overview: (origin: Device) => Promise<HelloOverview | undefined>;
}

/**
 * Makes the function that handles all messages from terminals. A message that is not understood is answered with a
 * `rejection` that names the places. A failure of the server is logged, and the terminal repeats each message that has
 * no receipt. Of a replaced device, only messages about operations count: statements apply all others to the terminal's
 * present address only.
 */
export function createInbound(options: InboundOptions): Receive {
  const deps: InboundDeps = { ...options, overview: helloOverviews(options.db) };
  return async (address, channel, payload, { by } = {}) => {
    const device = readDeviceAddress(address);
    if (!device) return;
    const origin = { ...device, polls: by === "https" };
    try {
      const read = await (channel === "result" ? deps.readResult(origin, payload) : readMessage(channel, payload));
      if (read.places) return await reject(deps, origin, channel, read);
      const { message } = read;
      if (operationChannels.has(channel)) deps.presence.heard(origin);
      await handlers[channel](deps, origin, message as never);
    } catch (error) {
      const level = error instanceof ApiError && error.status < 500 ? "debug" : "warn";
      deps.log[level]({ err: error, address, channel }, "a terminal's message could not be handled");
    }
  };
}

/** Messages of a terminal that leaves, or has left: they do not show that it is there. */
const leavingChannels: ReadonlySet<UpChannel> = new Set(["goodbye", "gone"]);

/** Answers a message that is not understood. It still shows that its terminal is there. */
async function reject(
  { transport, presence, reports }: InboundDeps,
  origin: HeardFrom,
  channel: UpChannel,
  { places, operationId, unreadable }: Refused,
): Promise<void> {
  if (!leavingChannels.has(channel)) presence.heard(origin);
  const errors = places;
  await transport.publish(origin.address, "rejection", {
    channel,
    ...(operationId !== undefined && { operation_id: operationId }),
    errors,
  });
  // Repeating the result is useless, and the device must be told how much of its log the server has.
  const memory = unreadable && (await reports.unreadable(origin, unreadable));
  if (memory) await transport.publish(origin.address, "memory", { memory });
}

type Handler<C extends UpChannel> = (deps: InboundDeps, origin: HeardFrom, message: Messages[C]) => Promise<void>;

/** Messages about operations: presence has no handler of its own for them, so they count as `heard`. */
const operationChannels: ReadonlySet<UpChannel> = new Set(["delivered", "started", "result", "cancel_refused"]);

const handlers: { [C in UpChannel]: Handler<C> } = {
  hello: handleHello,
  delivered: ({ reports }, origin, message) => reports.delivered(origin, message),
  started: ({ reports }, origin, message) => reports.started(origin, message),
  result: handleResult,
  cancel_refused: ({ reports }, origin, message) => reports.cancelRefused(origin, message),
  async heartbeat({ presence, compareMemory }, origin, message) {
    if (message.memory) compareMemory(origin, message.memory);
    await presence.heartbeat(origin, message);
  },
  goodbye: ({ presence }, origin, message) => presence.goodbye(origin, message),
  gone: ({ presence }, origin, message) => presence.gone(origin, message),
  async probe_answer({ db, presence }, origin, message) {
    if (await inTurn(db, origin.accountId, () => isPresent(db.sql, origin)))
      await presence.probeAnswered(origin, message);
  },
};

/**
 * Compares the notes of server and agent after a connect: sends again what the terminal should be doing and does not
 * know.
 */
async function handleHello(deps: InboundDeps, from: HeardFrom, hello: HelloMessage): Promise<void> {
  const { db, clock, reports, transport, presence } = deps;
  const { polls: _, ...origin } = from;
  const now = clock.now();
  // Begun first, so that presence notes the messages in their order; awaited before the welcome.
  const noted = presence.hello(from, hello);
  // Prevents an unhandled rejection if a statement below throws first: `noted` is awaited further down.
  noted.catch(() => undefined);
  const terminal = await deps.overview(origin);
  if (!terminal) return deps.notPresent(origin);
  if (isMoved("device_connected", terminal.state)) {
    await deviceConnected(db, clock, origin);
  }
  const abilities = abilityTable(hello.abilities);
  if (!isDeepStrictEqual(abilities, terminal.abilities)) {
    await inTurn(db, origin.accountId, () => noteAbilities(db.sql, origin, abilities));
  }
  const named = hello.operations.map((known) => known.operation_id);
  // The terminal's `delivered` or `started` may have been lost with the link. Only the live operation is noted, however
  // many the hello names.
  const running = hello.operations.find(({ operation_id: id }) => id.toLowerCase() === terminal.live);
  if (running) await reports[running.phase](origin, running);
  const claim = { ...origin, now, nextDueAt: repeatAt(now), named };
  const message = terminal.live ? await claimAfterHello(db, claim) : undefined;
  await noted;
  // Sent last: without a welcome the terminal says hello again, and the comparison is repeated.
  await transport.publish(origin.address, "welcome", {
    protocol: protocolVersion,
    server_time: now.toISOString(),
    hello_sent_at: hello.sent_at,
    heartbeat_seconds: presence.heartbeatSeconds,
    memory: terminal.memory,
  });
  if (message) sendMessage(deps, message);
  await sendCancels(deps, origin, hello);
}

/** Cancels operations that wait in the terminal and were cancelled meanwhile: they must not begin. */
async function sendCancels(deps: InboundDeps, origin: Device, hello: HelloMessage) {
  const waiting = hello.operations.filter(({ phase }) => phase === "delivered").map((known) => known.operation_id);
  if (waiting.length === 0) return;
  const { db } = deps;
  const cancelled = () => cancelledAmong(db.sql, { ...origin, ids: waiting });
  for (const command of await inTurn(db, origin.accountId, cancelled)) {
    sendMessage(deps, { kind: "cancel", command });
  }
}

/** Stores a result. The receipt is sent only after the commit, because it lets the terminal stop repeating. */
async function handleResult(deps: InboundDeps, origin: Device, message: ResultMessage): Promise<void> {
  const { reports } = deps;
  const { operation_id: operationId } = message;
  const receipt = await reports.finished(origin, message);
  if (receipt && "ofAnother" in receipt) {
    const places = [
      { path: "/operation", message: "is not the operation that the command with this operation_id was" },
    ];
    await reject(deps, origin, "result", { places, operationId });
    await deps.transport.publish(origin.address, "memory", { memory: receipt.memory });
  } else if (receipt) {
    await deps.transport.publish(origin.address, "receipt", receipt);
  }
}
