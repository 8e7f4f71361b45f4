import { isLaterAddress } from "@tillkeeper/contract/addresses";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import { inTenant } from "../db/tenants/tenant.ts";
import { createTransport } from "../gateway/carriers/create.ts";
import { InHandLimit } from "../gateway/carriers/in-hand.ts";
import { Mailboxes } from "../gateway/carriers/long-poll/mailboxes.ts";
import { withLongPoll } from "../gateway/carriers/long-poll/with-long-poll.ts";
import type { DeviceTransport, Receive } from "../gateway/carriers/transport.ts";
import { createInbound } from "../gateway/inbound.ts";
import { memoryComparison } from "../gateway/memory-comparison.ts";
import { resultReader } from "../gateway/reading/result.ts";
import { createTransfers } from "../gateway/transfers.ts";
import { createDurations } from "../operations/durations.ts";
import { createOrigins } from "../operations/reports/origin.ts";
import { createReports, type Reports } from "../operations/reports/reports.ts";
import type { Closing } from "../platform/closing.ts";
import { serverId } from "../platform/folders/server-id.ts";
import { createPresence } from "../presence/hearing/hear.ts";
import { createProbes } from "../presence/probes/probes.ts";
import { noteListening } from "../presence/watch/watch.ts";
import { listLiveKeys } from "../rollout/releases/keys.ts";
import { accountOfTerminalId } from "../terminals/credentials/authenticate.ts";
import { addressOf } from "../terminals/credentials/replace-credential.ts";
import type { Device } from "../terminals/record/devices.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import { controlWorker } from "../virtual-terminals/control-worker.ts";
import { virtualTerminalWorker } from "../virtual-terminals/virtual-terminals.ts";
import type { Core, ServerOptions } from "./core.ts";
import type { OperationWakes } from "./operation-wakes.ts";

/** Requests that wait here for an operation hear of its result before other servers see its event. */
function wakingReports(reports: Reports, operationWakes: OperationWakes): Reports {
  return {
    ...reports,
    async finished(origin, message) {
      const receipt = await reports.finished(origin, message);
      operationWakes.wake(message.operation_id);
      return receipt;
    },
  };
}

/** What handles messages, made before the carriers listen. */
async function openMessages(core: Core, transport: DeviceTransport, mailboxes: Mailboxes, closing: Closing) {
  const { config, db, clock, presenceClock, log, transfers, addresses, watch, traces } = core;
  const durations = createDurations({ db, clock });
  const origins = createOrigins(core.rootKey.derive("operationOrigins"));
  const device = {
    db,
    clock,
    log,
    origins,
    mailboxes,
    reports: wakingReports(createReports({ db, clock, durations, origins, watch }), core.operationWakes),
    transferOf: createTransfers({ tokens: transfers, ownUrl: addresses.known }),
    transport,
    traces,
  };
  const probes = createProbes({ db, clock, log, carrier: transport, mailboxes });
  const presence = createPresence({
    db,
    clock,
    steady: presenceClock,
    log,
    probes,
    heartbeatSeconds: config.heartbeatSeconds ?? defaultHeartbeatSeconds,
  });
  // Before the first message: silence of terminals while no server listened does not count against them.
  await noteListening({ db, clock: presenceClock });
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
    compareMemory: memoryComparison(device),
    async notPresent(from) {
      const present = await inTenant(db, from.accountId, (tx) => addressOf(tx, from));
      if (present !== undefined && isLaterAddress(from.address, present)) await core.addressAhead(from);
      // The device is refused when it reconnects; then it asks for a token, and learns that its address is over.
      transport.disconnect(from.address);
    },
    readResult,
  });
  return { durations, device, probes, presence, presenceClock, readResult, inbound };
}

/** Opens the carriers of terminals' messages, and what uses them. */
export async function openDeviceSide(
  core: Core,
  { virtualTerminalHost: host, carrier = (own) => own }: ServerOptions,
  closing: Closing,
) {
  const { db, clock, log, folder } = core;
  const mailboxes = new Mailboxes();
  const transport = carrier(withLongPoll(createTransport(core), mailboxes));
  const { inbound, presence, ...messages } = await openMessages(core, transport, mailboxes, closing);
  const handling = new InHandLimit(Number.POSITIVE_INFINITY);
  const receive: Receive = async (...from) => {
    const work = inbound(...from);
    void handling.add(work);
    await work;
  };
  // Messages in hand when the broker closes still need the database.
  closing.add(() => handling.done());
  const heardPolling = (device: Device) => presence.heard({ ...device, polls: true });
  closing.add(() => transport.close());
  await transport.listen(receive);
  closing.add(() =>
    presence.leave(originsOf(transport.listening() ?? [])).catch((error: unknown) => {
      log.warn({ err: error }, "the terminals of this server were not given time to come back");
    }),
  );
  const playing = host && { db, clock, log, host, serverId: serverId(folder) };
  const controls = playing && controlWorker(playing);
  const virtual =
    playing &&
    virtualTerminalWorker({
      ...playing,
      releaseKeys: (accountId) => listLiveKeys(db, accountId),
      connectAt: transport.inside,
      admit: (admission) => transport.admit(admission),
    });
  return { ...messages, presence, transport, virtual, controls, mailboxes, receive, heardPolling };
}

function originsOf(terminalIds: string[]): TerminalKey[] {
  return terminalIds.flatMap((terminalId) => {
    const accountId = accountOfTerminalId(terminalId);
    return accountId === undefined ? [] : { accountId, terminalId };
  });
}

export type DeviceSide = Awaited<ReturnType<typeof openDeviceSide>>;
