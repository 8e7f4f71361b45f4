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
import type { Origins } from "../operations/origin.ts";
import type { Reports } from "../operations/reports.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import type { HeardFrom, Presence } from "../presence/presence.ts";
import { noteAbilities } from "../terminals/abilities.ts";
import { type Device, deviceConnected, isPresent } from "../terminals/devices.ts";
import { repeatAt, sendMessage } from "./dispatch.ts";
import { type Refused, readMessage } from "./read-message.ts";
import type { ReadResult } from "./read-result.ts";
import { type HelloOverview, helloOverviews } from "./sql/hello-overview.ts";
import type { TransferOf } from "./transfers.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface InboundOptions {
  db: Db;
  clock: Clock;
  log: Logger;
  reports: Reports;
  transport: () => DeviceTransport;
  presence: Presence;
  readResult: ReadResult;
  transferOf: TransferOf;
  origins: Origins;
  /** Told of an address that is not the terminal's present one, but says hello all the same. */
  notPresent: (device: Device) => Promise<void>;
  /** Tells a device how much of its log is here, where it believes otherwise. */
  compareMemory: (device: Device, believed: Memory) => void;
}

interface InboundDeps extends InboundOptions {
  overview: (origin: Device) => Promise<HelloOverview | undefined>;
}

/**
 * Takes what terminals say. A message that is not understood is answered with a `rejection` that names the places; a
 * fault on our side is logged, and the terminal repeats what has no receipt. Of a device that was replaced only what it says of
 * operations counts: what else it says is looked at together with the terminal's present address.
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
      if (ofOperations.has(channel)) deps.presence.heard(origin);
      await handlers[channel](deps, origin, message as never);
    } catch (error) {
      const level = error instanceof ApiError && error.status < 500 ? "debug" : "warn";
      deps.log[level]({ err: error, address, channel }, "a terminal's message could not be handled");
    }
  };
}

/** Messages of a terminal that goes, or has gone: they are no sign that it is there. */
const farewells: ReadonlySet<UpChannel> = new Set(["goodbye", "gone"]);

/** A message that is not understood was said all the same: its terminal is there. */
async function reject(
  { transport, presence, reports }: InboundDeps,
  origin: HeardFrom,
  channel: UpChannel,
  { places, operationId, unreadable }: Refused,
): Promise<void> {
  if (!farewells.has(channel)) presence.heard(origin);
  const errors = places;
  await transport().publish(origin.address, "rejection", {
    channel,
    ...(operationId !== undefined && { operation_id: operationId }),
    errors,
  });
  // To repeat it is useless, and what comes after it has to be told.
  const memory = unreadable && (await reports.unreadable(origin, unreadable));
  if (memory) await transport().publish(origin.address, "memory", { memory });
}

type From<C extends UpChannel> = (deps: InboundDeps, origin: HeardFrom, message: Messages[C]) => Promise<void>;

/** Messages that presence does not take itself. */
const ofOperations: ReadonlySet<UpChannel> = new Set(["delivered", "started", "result", "cancel_refused"]);

const handlers: { [C in UpChannel]: From<C> } = {
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

/** Server and agent compare notes: what the terminal should be doing and does not know is sent again. */
async function handleHello(deps: InboundDeps, from: HeardFrom, hello: HelloMessage): Promise<void> {
  const { db, clock, reports, transport, presence } = deps;
  const { polls: _, ...origin } = from;
  const now = clock.now();
  // First, so that it is noted in the order of what happened; waited for before the welcome.
  const noted = presence.hello(from, hello);
  // Whatever comes first: it is waited for below.
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
  // Its `delivered` or `started` may have got lost with the link. Of any other nothing is noted, however many are named.
  const running = hello.operations.find(({ operation_id: id }) => id.toLowerCase() === terminal.live);
  if (running) await reports[running.phase](origin, running);
  const claim = { ...origin, now, nextDueAt: repeatAt(now), named };
  const message = terminal.live ? await claimAfterHello(db, claim) : undefined;
  await noted;
  // Only now: without a welcome the terminal says hello again, and the notes are compared after all.
  await transport().publish(origin.address, "welcome", {
    protocol: protocolVersion,
    server_time: now.toISOString(),
    hello_sent_at: hello.sent_at,
    heartbeat_seconds: presence.heartbeatSeconds,
    memory: terminal.memory,
  });
  if (message) sendMessage(deps, message);
  await tellOfCancelled(deps, origin, hello);
}

/** What waits in the terminal and was cancelled meanwhile must not begin. */
async function tellOfCancelled(deps: InboundDeps, origin: Device, hello: HelloMessage) {
  const waiting = hello.operations.filter(({ phase }) => phase === "delivered").map((known) => known.operation_id);
  if (waiting.length === 0) return;
  const { db } = deps;
  const cancelled = () => cancelledAmong(db.sql, { ...origin, ids: waiting });
  for (const command of await inTurn(db, origin.accountId, cancelled)) {
    sendMessage(deps, { kind: "cancel", command });
  }
}

/** The receipt goes out only after the commit: it is what lets the terminal stop repeating. */
async function handleResult(deps: InboundDeps, origin: Device, message: ResultMessage): Promise<void> {
  const { reports } = deps;
  const { operation_id: operationId } = message;
  const receipt = await reports.finished(origin, message);
  if (receipt && "ofAnother" in receipt) {
    const places = [
      { path: "/operation", message: "is not the operation that the command with this operation_id was" },
    ];
    await reject(deps, origin, "result", { places, operationId });
    await deps.transport().publish(origin.address, "memory", { memory: receipt.memory });
  } else if (receipt) {
    await deps.transport().publish(origin.address, "receipt", receipt);
  }
}
