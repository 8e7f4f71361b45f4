import { closeNew } from "../closings/asking/close-new.ts";
import { batchAdvances, batchNewClosings } from "../closings/asking/request-batches.ts";
import { createShowAutopilot } from "../closings/autopilot/shown.ts";
import { createAdvance } from "../closings/progress/advance.ts";
import type { OperationToCancel } from "../closings/progress/attempts.ts";
import type { Tx } from "../db/db.ts";
import { unavailable } from "../db/failures.ts";
import type { DeviceTransport } from "../gateway/carriers/transport.ts";
import { createAnnouncer } from "../gateway/send.ts";
import { createShowMail } from "../mail/lists.ts";
import { norwegianRegister } from "../merchants/organizations/norwegian-register.ts";
import type { Accept } from "../operations/accept.ts";
import { cancelOperation } from "../operations/cancel.ts";
import { ApiError } from "../platform/errors.ts";
import type { BrokerGrant, TakenCredential } from "../terminals/credentials/broker-grant.ts";
import { resumeTerminalsOfStore, suspendTerminalsOfStore } from "../terminals/record/suspension.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import type { Core } from "./core.ts";
import type { DeviceSide } from "./device-side.ts";

/** The functions of higher features that stores need. */
export function storePorts({ db, clock, config }: Core) {
  return {
    db,
    clock,
    register: norwegianRegister({ url: config.organizations?.registerUrl }),
    suspendTerminals: suspendTerminalsOfStore,
    resumeTerminals: resumeTerminalsOfStore,
    autopilot: createShowAutopilot({ clock }),
    mail: createShowMail(config.mail !== undefined),
  };
}
export type StorePorts = ReturnType<typeof storePorts>;

/** What enrolment stands on, and what it needs of the gateway above it. */
export function enrolmentPorts({ transport, virtual, presence, durations }: DeviceSide, accept: Accept, core: Core) {
  const { db, clock, watch, deviceTokens, findLiveCredential, addressAhead, addresses } = core;
  return {
    db,
    clock,
    accept,
    watch,
    durations,
    deviceTokens,
    findLiveCredential,
    addressAhead,
    ownUrl: addresses.url,
    isOwnAddress: addresses.isOwn,
    mqttUrl: transport.url,
    virtualTerminalsChanged: () => virtual?.wake(),
    admit: (admission: BrokerGrant) => admitOrSay(transport, admission),
    withdraw: (credential: TakenCredential) => withdrawOrSay(transport, credential),
    credentialReplaced: (address: string) => transport.disconnect(address),
    // An outside broker does not say which devices are connected to it; heartbeats do.
    isConnected: async (tx: Tx, terminal: TerminalKey) =>
      transport.listening() ? transport.hears(terminal.terminalId) : presence.mayBeThere(tx, terminal),
  };
}

export type EnrolmentPorts = ReturnType<typeof enrolmentPorts>;

/** What closings need of operations and presence. */
export function closingPorts({ device, presenceClock }: DeviceSide, accept: Accept, { db, clock, watch }: Core) {
  const announceCancel = createAnnouncer(device, "cancel");
  const deps = {
    db,
    clock,
    presenceClock,
    accept,
    cancel: async ({ accountId, operationId, by: clientId }: OperationToCancel) => {
      try {
        const request = { accountId, clientId, requestId: "", operationId, expects: undefined };
        await cancelOperation({ db, clock, watch, announceCancel }, request);
      } catch (error) {
        // It has ended meanwhile: its closing shows how.
        if (!(error instanceof ApiError)) throw error;
      }
    },
  };
  const advanceAll = createAdvance(deps);
  const makeNew = batchNewClosings((accountId, requests) => closeNew(deps, accountId, requests));
  return { ...deps, advanceAll, advance: batchAdvances(advanceAll), closeNew: makeNew };
}
export type ClosingPorts = ReturnType<typeof closingPorts>;

/** A broker that cannot be reached is no error of the request: 503 asks the caller to send it again. */
async function admitOrSay(transport: DeviceTransport, admission: BrokerGrant) {
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
