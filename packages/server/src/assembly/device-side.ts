import { isLater } from "@tillkeeper/contract/addresses";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { inTenant } from "../db/tenant.ts";
import { Handling } from "../gateway/handling.ts";
import { createInbound } from "../gateway/inbound.ts";
import { Mailboxes } from "../gateway/long-poll/mailboxes.ts";
import { withLongPoll } from "../gateway/long-poll/with-long-poll.ts";
import { memoryWords } from "../gateway/memory-words.ts";
import { openTransport } from "../gateway/open-transport.ts";
import { resultReader } from "../gateway/read-result.ts";
import { createTransfers } from "../gateway/transfers.ts";
import type { DeviceTransport, Receive } from "../gateway/transport.ts";
import { virtualTerminalWorker } from "../gateway/virtual-terminals.ts";
import { createDurations } from "../operations/durations.ts";
import { createOrigins } from "../operations/origin.ts";
import { createReports } from "../operations/reports.ts";
import type { Closing } from "../platform/closing.ts";
import { serverId } from "../platform/server-id.ts";
import { createPresence } from "../presence/presence.ts";
import { createProbes } from "../presence/probes.ts";
import { SteadyClock } from "../presence/steady-clock.ts";
import { listenOn } from "../presence/watch.ts";
import { liveKeys } from "../releases/keys.ts";
import { accountOfTerminalId } from "../terminals/credentials.ts";
import type { Device } from "../terminals/devices.ts";
import { addressOf } from "../terminals/replace-credential.ts";
import type { Core, ServerOptions } from "./core.ts";

/** What speaks to terminals, before there is a broker. Messages may come in before it is known to have opened. */
async function openMessages(core: Core, closing: Closing) {
  const { config, db, clock, log, transfers, addresses } = core;
  const opened: { transport?: DeviceTransport } = {};
  const durations = createDurations({ db, clock });
  const origins = createOrigins(core.rootKey.derive("operationOrigins"));
  const mailboxes = new Mailboxes();
  const device = {
    db,
    clock,
    log,
    origins,
    mailboxes,
    reports: createReports({ db, clock, durations, origins }),
    transferOf: createTransfers({ tokens: transfers, ownUrl: addresses.known }),
    transport: () => {
      if (!opened.transport) throw new Error("the broker is not open yet");
      return opened.transport;
    },
  };
  const probes = createProbes({ db, clock, log, carrier: device.transport, mailboxes });
  const presenceClock = new SteadyClock(clock);
  const presence = createPresence({
    db,
    clock,
    steady: presenceClock,
    log,
    probes,
    heartbeatSeconds: config.heartbeatSeconds ?? defaultHeartbeatSeconds,
  });
  // Before terminals are heard: what they did while no server listened is not held against them.
  await listenOn({ db, clock: presenceClock });
  closing.add(() =>
    device.reports.flush().catch((error: unknown) => log.warn({ err: error }, "phases were not noted")),
  );
  closing.add(() =>
    presence.flush().catch((error: unknown) => log.warn({ err: error }, "what was heard of terminals was not noted")),
  );
  const readResult = resultReader({ db });
  const inbound = createInbound({
    ...device,
    presence,
    compareMemory: memoryWords(device),
    async notPresent(from) {
      const present = await inTenant(db, from.accountId, (tx) => addressOf(tx, from));
      if (present !== undefined && isLater(from.address, present)) await core.addressAhead(from);
      // Refused when it comes back, it asks for a token, and hears what has become of it.
      device.transport().disconnect(from.address);
    },
    readResult,
  });
  return { opened, durations, device, mailboxes, probes, presence, presenceClock, readResult, inbound };
}

/** The broker and what speaks through it. */
export async function openDeviceSide(core: Core, { virtualTerminalHost: host }: ServerOptions, closing: Closing) {
  const { db, clock, log, folder } = core;
  const { opened, inbound, presence, mailboxes, ...messages } = await openMessages(core, closing);
  const handling = new Handling(Number.POSITIVE_INFINITY);
  const receive: Receive = async (...from) => {
    const work = inbound(...from);
    void handling.add(work);
    await work;
  };
  // What is being handled when the broker closes still needs the database.
  closing.add(() => handling.done());
  const heardPolling = (device: Device) => presence.heard({ ...device, polls: true });
  const transport = withLongPoll(await openTransport({ ...core, receive }), mailboxes);
  opened.transport = transport;
  closing.add(() => transport.close());
  closing.add(() =>
    presence.leave(originsOf(transport.listening() ?? [])).catch((error: unknown) => {
      log.warn({ err: error }, "the terminals of this server were not given time to come back");
    }),
  );
  const virtual =
    host &&
    virtualTerminalWorker({
      db,
      clock,
      log,
      host,
      serverId: serverId(folder),
      releaseKeys: (accountId) => liveKeys(db, accountId),
      connectAt: transport.inside,
      admit: (admission) => transport.admit(admission),
    });
  return { ...messages, presence, transport, virtual, mailboxes, receive, heardPolling };
}

function originsOf(terminalIds: string[]): { accountId: string; terminalId: string }[] {
  return terminalIds.flatMap((terminalId) => {
    const accountId = accountOfTerminalId(terminalId);
    return accountId === undefined ? [] : { accountId, terminalId };
  });
}

export type DeviceSide = Awaited<ReturnType<typeof openDeviceSide>>;
