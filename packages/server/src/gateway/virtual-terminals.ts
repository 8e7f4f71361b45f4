import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import { newSecret } from "../auth/secrets.ts";
import { findLastClose } from "../operations/commands.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { every, type Worker } from "../platform/worker.ts";
import type { Admission, Admitted } from "../terminals/admission.ts";
import { generationOf } from "../terminals/lapses.ts";
import { changePassword, replaceCredential } from "../terminals/replace-credential.ts";
import { endLeases, type LeaseDeps, type Leased, lease, noteAddress, takeOver } from "./virtual-leases.ts";

/** What a virtual terminal needs to connect like a real one. */
export interface VirtualTerminalSpec {
  terminalId: string;
  address: string;
  serialNumber: string;
  mqttUrl: string;
  username: string;
  password: string;
  /** Asked at each check_update: the release keys of the account that are live then. */
  releaseKeys?: () => Promise<ReleasePublicKey[]>;
  /** Its last close, which may have been made at another server. */
  lastClose?: EndOfDayResult | undefined;
  /** To be called when its journal turns out to be lost, or an old copy: it is started again with another address. */
  memoryLost?: () => void;
  clientId: string;
  /** PEM text of the certificates to trust, where those of the system are not meant. */
  ca?: string;
}

/** Runs virtual terminals; the program that starts the server brings it along, so that the server knows no agent. */
export interface VirtualTerminalHost {
  start(spec: VirtualTerminalSpec): void | Promise<void>;
  stop(terminalId: string): void | Promise<void>;
}

interface VirtualDeps extends LeaseDeps {
  clock: Clock;
  log: Logger;
  host: VirtualTerminalHost;
  releaseKeys: (accountId: string) => Promise<ReleasePublicKey[]>;
  connectAt: () => { url: string; ca?: string };
  /** Makes the broker take a credential. */
  admit: (admission: Admission) => Promise<Admitted>;
}

const lookEveryMs = 5_000;

/**
 * Keeps this server's virtual terminals running: leases the ones nobody else runs, gives each a fresh credential and
 * starts it; stops those that were deleted or taken over. It looks at once when it is woken.
 */
export function virtualTerminalWorker(deps: VirtualDeps): Worker {
  const running = new Set<string>();
  const memoriesLost = new Set<string>();

  async function look(): Promise<void> {
    // One that was away and is back between two looks has another credential.
    for (const terminalId of [...(await takeOver(deps)), ...memoriesLost]) running.delete(terminalId);
    const leased = await lease(deps);
    const wanted = new Set(leased.map((row) => row.terminal_id));
    for (const terminalId of running) if (!wanted.has(terminalId)) await stop(terminalId);
    for (const row of leased) if (!running.has(row.terminal_id)) await start(row);
  }

  /** One that cannot be started is tried again at the next look, and keeps none of the others from starting. */
  async function start(row: Leased): Promise<void> {
    const { terminal_id } = row;
    const memoryLost = () => {
      memoriesLost.add(terminal_id);
      worker.wake();
    };
    const address = memoriesLost.has(terminal_id) ? null : row.address;
    try {
      const spec = await specOf(deps, { ...row, address });
      memoriesLost.delete(terminal_id);
      await deps.host.start({ ...spec, memoryLost });
      running.add(terminal_id);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id }, "a virtual terminal could not be started, it is tried again");
    }
  }

  async function stop(terminalId: string): Promise<void> {
    try {
      await deps.host.stop(terminalId);
      running.delete(terminalId);
    } catch (error) {
      deps.log.warn({ err: error, terminal_id: terminalId }, "a virtual terminal could not be stopped");
    }
  }

  async function stopAll(): Promise<void> {
    for (const terminalId of running) await stop(terminalId);
    await endLeases(deps);
  }

  const worker = every("gateway.virtual_terminals", lookEveryMs, look, { end: stopAll });
  return worker;
}

/** With a fresh password, and another address unless this server has the journal of the one before. */
async function specOf(deps: VirtualDeps, row: Leased): Promise<VirtualTerminalSpec> {
  const { account_id: accountId, terminal_id: terminalId, device_serial_number: serialNumber } = row;
  const { address, password, former } = await credentialOf(deps, row);
  const admitted = await deps.admit({ address, password, former, generation: generationOf({ token_lapses: 0 }) });
  const { url: mqttUrl, ...trust } = deps.connectAt();
  const releaseKeys = () => deps.releaseKeys(accountId);
  const lastClose = await findLastClose(deps.db.sql, accountId, terminalId);
  return { terminalId, address, serialNumber, mqttUrl, ...trust, ...admitted, releaseKeys, lastClose };
}

async function credentialOf(deps: VirtualDeps, row: Leased) {
  const { db, clock } = deps;
  const { account_id: accountId, terminal_id: terminalId, address } = row;
  const password = newSecret();
  if (address !== null && (await changePassword(db.sql, { accountId, address }, password))) {
    return { address, password, former: undefined };
  }
  const replaced = await replaceCredential(db.sql, clock, { accountId, terminalId }, { password });
  await noteAddress(deps, row, replaced.address);
  return { ...replaced, password };
}
