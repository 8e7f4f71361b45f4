import { isDeepStrictEqual } from "node:util";
import { abilityTable } from "@tillkeeper/contract/abilities";
import { type HelloMessage } from "@tillkeeper/contract/mqtt/messages";
import { protocolVersion } from "@tillkeeper/contract/mqtt/topics";
import { changesState } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import { inTurn } from "../db/turns.ts";
import { cancelledAmong, claimAfterHello } from "../operations/commands.ts";
import type { Reports } from "../operations/reports/reports.ts";
import type { Presence, ReportingDevice } from "../presence/hearing/hear.ts";
import { noteAbilities } from "../terminals/record/abilities.ts";
import { type Device, deviceConnected } from "../terminals/record/devices.ts";
import { nextRepeatAt, type SendDeps, sendMessage } from "./send.ts";
import type { HelloOverview } from "./sql/hello-overview.ts";

export interface HelloDeps extends SendDeps {
  db: Db;
  reports: Reports;
  presence: Presence;
  overview: (origin: Device) => Promise<HelloOverview | undefined>;
  /** Called for a hello from an address that is not the terminal's present one. Disconnects the device. */
  notPresent: (device: Device) => Promise<void>;
}

/**
 * Compares the notes of server and agent after a connect: sends again what the terminal should be doing and does not
 * know.
 */
export async function handleHello(deps: HelloDeps, from: ReportingDevice, hello: HelloMessage): Promise<void> {
  const { db, clock, reports, transport, presence } = deps;
  const { polls: _, ...origin } = from;
  const now = clock.now();
  // Begun first, so that presence notes the messages in their order; awaited before the welcome.
  const noted = presence.hello(from, hello);
  // Prevents an unhandled rejection if a statement below throws first: `noted` is awaited further down.
  noted.catch(() => undefined);
  const terminal = await deps.overview(origin);
  if (!terminal) return deps.notPresent(origin);
  if (changesState("device_connected", terminal.state)) {
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
  const claim = { ...origin, now, nextDueAt: nextRepeatAt(now), named };
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
async function sendCancels(deps: HelloDeps, origin: Device, hello: HelloMessage) {
  const waiting = hello.operations.filter(({ phase }) => phase === "delivered").map((known) => known.operation_id);
  if (waiting.length === 0) return;
  const { db } = deps;
  const cancelled = () => cancelledAmong(db.sql, { ...origin, ids: waiting });
  for (const command of await inTurn(db, origin.accountId, cancelled)) {
    sendMessage(deps, { kind: "cancel", command });
  }
}
