import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { Handling } from "../gateway/handling.ts";
import { createInbound } from "../gateway/inbound.ts";
import { Mailboxes } from "../gateway/long-poll/mailboxes.ts";
import { withLongPoll } from "../gateway/long-poll/with-long-poll.ts";
import { openTransport } from "../gateway/open-transport.ts";
import { createTransfers } from "../gateway/transfers.ts";
import type { DeviceTransport, Receive } from "../gateway/transport.ts";
import { virtualTerminals } from "../gateway/virtual-terminals.ts";
import { holdsLog } from "../logs/logs.ts";
import { createDurations } from "../operations/durations.ts";
import { createReports } from "../operations/reports.ts";
import { Closing } from "../platform/closing.ts";
import { serverId } from "../platform/server-id.ts";
import { createPresence } from "../presence/presence.ts";
import { createProbes } from "../presence/probes.ts";
import { listenOn } from "../presence/watch.ts";
import { liveKeys } from "../releases/keys.ts";
import { accountOfTerminalId } from "../terminals/credentials.ts";
import type { Core, ServerOptions } from "./core.ts";

/** The broker and what speaks through it. Messages may come in before the broker is known to have opened. */
export async function openDeviceSide(core: Core, { virtualTerminalHost: host }: ServerOptions, closing: Closing) {
  const { config, db, clock, log, folder, deviceTokens, findLiveCredential, transfers, addresses } = core;
  let opened: DeviceTransport | undefined;
  const durations = createDurations({ db, clock });
  const device = {
    db,
    clock,
    log,
    reports: createReports({ db, clock, durations }),
    transferOf: createTransfers(transfers, addresses.known),
    transport: () => {
      if (!opened) throw new Error("the broker is not open yet");
      return opened;
    },
  };
  const probes = createProbes({ db, clock, log, carrier: device.transport });
  const presence = createPresence({
    db,
    clock,
    log,
    probes,
    heartbeatSeconds: config.heartbeatSeconds ?? defaultHeartbeatSeconds,
    seesConnections: config.mqtt.outsideUrl === undefined,
  });
  // Before terminals are heard: what they did while no server listened is not held against them.
  await listenOn({ db, clock });
  const inbound = createInbound({
    ...device,
    presence,
    logs: { holds: (origin, operationId, result) => holdsLog(core, origin, operationId, result) },
  });
  const handling = new Handling(Number.POSITIVE_INFINITY);
  const receive: Receive = async (...from) => {
    const work = inbound(...from);
    void handling.add(work);
    await work;
  };
  closing.add(() =>
    device.reports.flush().catch((error: unknown) => log.warn({ err: error }, "phases were not noted")),
  );
  closing.add(() =>
    presence.flush().catch((error: unknown) => log.warn({ err: error }, "what was heard of terminals was not noted")),
  );
  // What is being handled when the broker closes still needs the database.
  closing.add(() => handling.done());
  const left = (terminalId: string) => {
    const accountId = accountOfTerminalId(terminalId);
    const noted = accountId && presence.left({ accountId, terminalId });
    if (noted) void handling.add(noted.catch(() => undefined));
  };
  const mailboxes = new Mailboxes();
  const broker = await openTransport({ config, db, log, receive, left, deviceTokens, findLiveCredential });
  const transport = withLongPoll(broker, mailboxes);
  opened = transport;
  closing.add(() => transport.close());
  closing.add(() =>
    presence.leave(originsOf(transport.listening() ?? [])).catch((error: unknown) => {
      log.warn({ err: error }, "the terminals of this server were not given time to come back");
    }),
  );
  const virtual =
    host &&
    virtualTerminals({
      db,
      clock,
      log,
      host,
      serverId: serverId(folder),
      mqttUrl: transport.url,
      releaseKeys: (accountId) => liveKeys(db, accountId),
      connectAt: transport.inside,
      admit: (admission) => transport.admit(admission),
    });
  return { device, durations, transport, virtual, presence, probes, mailboxes, receive };
}

function originsOf(terminalIds: string[]): { accountId: string; terminalId: string }[] {
  return terminalIds.flatMap((terminalId) => {
    const accountId = accountOfTerminalId(terminalId);
    return accountId === undefined ? [] : { accountId, terminalId };
  });
}

export type DeviceSide = Awaited<ReturnType<typeof openDeviceSide>>;
