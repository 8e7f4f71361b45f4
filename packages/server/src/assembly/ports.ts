import type { OperationName } from "@tillkeeper/contract/operations";
import { forgetReported } from "../configurations/configurations.ts";
import type { Tx } from "../db/db.ts";
import { unavailable } from "../db/failures.ts";
import type { DeviceTransport } from "../gateway/transport.ts";
import type { createAccept } from "../operations/accept.ts";
import { cancelUndelivered } from "../operations/cancel.ts";
import { operationPending } from "../operations/pending.ts";
import { norwegianRegister } from "../organizations/norwegian-register.ts";
import { awaitOtherTelemetry, endFault } from "../presence/presence.ts";
import type { Admission, TakenCredential } from "../terminals/admission.ts";
import type { LiveClaim } from "../terminals/live-claim.ts";
import { resumeTerminalsOfStore, suspendTerminalsOfStore } from "../terminals/suspension.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";

/** What stores need of the features above them. */
export function storePorts({ db, clock, config }: Core) {
  return {
    db,
    clock,
    register: norwegianRegister({ url: config.organizations?.registerUrl }),
    suspendTerminals: suspendTerminalsOfStore,
    resumeTerminals: resumeTerminalsOfStore,
  };
}
export type StorePorts = ReturnType<typeof storePorts>;

/** What terminals stand on, and what they need of the features above them. */
export function terminalPorts({ transport, virtual, presence, durations }: DeviceSide, accept: Accept, core: Core) {
  const { db, clock, deviceTokens, findLiveCredential, addressAhead, addresses } = core;
  return {
    db,
    clock,
    operationPending: (live: LiveClaim) =>
      operationPending(durations, live, { path: "/path/terminal_id", now: clock.now() }),
    deviceTokens,
    findLiveCredential,
    addressAhead,
    ownUrl: addresses.url,
    isOwnAddress: addresses.isOwn,
    cancelUndelivered: (tx: Tx, operation: { accountId: string; id: string; by: string }) =>
      cancelUndelivered(tx, { ...operation, at: clock.now() }),
    forgetDevice: async (tx: Tx, terminal: { accountId: string; terminalId: string }) => {
      await forgetReported(tx, terminal.accountId, terminal.terminalId, clock.now());
      await endFault(tx, terminal, clock.realNow());
      await awaitOtherTelemetry(tx, terminal, clock.now());
    },
    mqttUrl: transport.url,
    virtualTerminalsChanged: () => virtual?.wake(),
    admit: (admission: Admission) => admitOrSay(transport, admission),
    withdraw: (credential: TakenCredential) => withdrawOrSay(transport, credential),
    credentialReplaced: (address: string) => transport.disconnect(address),
    // An outside broker does not say who is connected to it; the terminals' own words do.
    isConnected: async (tx: Tx, terminal: { accountId: string; terminalId: string }) =>
      transport.listening() ? transport.hears(terminal.terminalId) : presence.mayBeThere(tx, terminal),
    sendEndOfDay: async (caller: { accountId: string; clientId: string }, terminalId: string) => {
      const { operation } = await accept(operationRequest(caller, terminalId, "end_of_day"));
      return operation.id;
    },
  };
}

export type TerminalPorts = ReturnType<typeof terminalPorts>;

/** A broker that cannot be told is no fault of the request: it is to be sent again. */
async function admitOrSay(transport: DeviceTransport, admission: Admission) {
  try {
    return await transport.admit(admission);
  } catch (error) {
    throw unavailable(error);
  }
}

async function withdrawOrSay(transport: DeviceTransport, credential: TakenCredential) {
  try {
    await transport.withdraw(credential);
  } catch (error) {
    throw unavailable(error);
  }
}

export function operationRequest(
  by: { accountId: string; clientId: string },
  terminalId: string,
  operation: OperationName,
) {
  const { accountId, clientId } = by;
  return { accountId, clientId, idempotencyKey: null, body: { terminal_id: terminalId, operation } };
}

export type Accept = ReturnType<typeof createAccept>;
